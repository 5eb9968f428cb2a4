import numpy as np
import pytest
import torch
from torch import nn

from cbda.errors import UserError
from cbda.models.images import Resizing
from cbda.models.inference import predict_logits, seen_images
from cbda.models.small import SmallNet
from cbda.models.views import Look, predict_looks

SIZE = (32, 48)
CPU = torch.device("cpu")
RESIZING = Resizing(SIZE)


class PerPixel(nn.Module):
    """Logits that are the colour of a pixel, some of which are dropped."""

    def __init__(self, dropout=0.0):
        super().__init__()
        self.encoder = nn.Identity()
        self.dropout = nn.Dropout2d(dropout)

    def forward(self, image):
        return self.dropout(self.encoder(image))


def images(num=2):
    rng = np.random.default_rng(0)
    return [rng.integers(0, 256, (*SIZE, 3)).astype(np.uint8) for _ in range(num)]


def look(model, kind, seed=0, num_views=4, round_number=1):
    seen, resizing = seen_images(iter(images()), RESIZING), RESIZING
    views = predict_looks(model, seen, resizing, CPU, Look(kind, num_views, seed, round_number))
    return [list(of_image) for of_image in views]


def test_shifted_views_of_a_network_of_single_pixels_are_its_prediction():
    """Whatever is shifted and mirrored is brought back to its place."""
    plain = list(predict_logits(PerPixel(), iter(images()), RESIZING, CPU))
    for expected, views in zip(plain, look(PerPixel(), "shifted"), strict=True):
        assert len(views) == 4
        for view in views:
            torch.testing.assert_close(view, expected)


def test_shifted_views_of_a_network_differ():
    torch.manual_seed(0)
    views = look(SmallNet(3), "shifted")[0]
    assert all(view.shape == (3, *SIZE) for view in views)
    assert not any(torch.equal(views[0], view) for view in views[1:])


@pytest.mark.parametrize("kind", ["dropout", "shifted"])
def test_views_go_by_seed_round_and_image(kind):
    torch.manual_seed(0)
    model = nn.Sequential(PerPixel(0.5), SmallNet(3))
    model.encoder = nn.Identity()
    one = look(model, kind)
    assert all(torch.equal(a, b) for a, b in zip(one[1], look(model, kind)[1], strict=True))
    for other in (look(model, kind, seed=1), look(model, kind, round_number=2)):
        assert not torch.equal(one[0][0], other[0][0])


def test_dropout_is_at_work_and_batch_norm_is_not_trained():
    model = PerPixel(0.5)
    model.norm = nn.BatchNorm2d(3)
    views = look(model, "dropout", num_views=8)[0]
    assert len({tuple(view.flatten(1).abs().sum(dim=1).gt(0).tolist()) for view in views}) > 1
    assert not model.norm.training


@pytest.mark.parametrize("model", [SmallNet(3), PerPixel(0.0)])
def test_network_without_dropout_is_refused(model):
    with pytest.raises(UserError, match="the network has no dropout; allowed: scores of shifted"):
        look(model, "dropout")


def test_features_are_not_shifted():
    features = iter([([[torch.zeros(1, 3, 4, 5)]], SIZE)])
    (views,) = predict_looks(PerPixel(), features, RESIZING, CPU, Look("shifted", 2, 0, 1))
    with pytest.raises(UserError, match="can't be shifted; allowed: scores of dropout"):
        next(views)
