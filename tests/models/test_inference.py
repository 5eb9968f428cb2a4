import json
import re
from types import SimpleNamespace

import numpy as np
import pytest
import torch
from torch import nn

from cbda.cli import main
from cbda.models.images import Resizing, resize_image, to_tensor
from cbda.models.inference import mean_of_views, predict_logits, seen_images
from cbda.models.logits import resize_logits
from tests.datasets.layouts import save

CPU = torch.device("cpu")
IMAGE = np.random.default_rng(0).integers(0, 256, (3, 4, 3), np.uint8)


class Weighted(nn.Module):
    """Gives the images as logits, times a weight per column."""

    def __init__(self, weights):
        super().__init__()
        self.register_buffer("weights", torch.as_tensor(weights))

    def forward(self, image):
        return image * self.weights


def predict_from_both_views(model, images, resizing, device):
    return mean_of_views(model, seen_images(images, resizing, mirrored=True), resizing, device)


def predict(model, function=predict_logits):
    (values,) = function(model, iter([IMAGE]), Resizing(IMAGE.shape[:2]), CPU)
    return values


def test_both_views_are_as_one_where_the_network_commutes_with_mirroring():
    weights = torch.tensor([1.0, 2.0, 2.0, 1.0])
    expected = (to_tensor(IMAGE) * weights).softmax(dim=0)
    torch.testing.assert_close(predict(Weighted(weights), predict_from_both_views), expected)


def test_both_views_are_averaged_as_probabilities():
    """The mirrored view sees the weights from the right."""
    weights = torch.tensor([1.0, 2.0, 3.0, 6.0])
    views = [(to_tensor(IMAGE) * part).softmax(dim=0) for part in (weights, weights.flip(0))]
    expected = (views[0] + views[1]) / 2
    torch.testing.assert_close(predict(Weighted(weights), predict_from_both_views), expected)


def enlarged(*sizes, through_input):
    """Logits of an image of the last size, which the network sees at the first, at half of it."""
    image = np.random.default_rng(0).integers(0, 256, (*sizes[-1], 3), np.uint8)
    resizing = Resizing(sizes[0], align_corners=True)
    (logits,) = predict_logits(nn.AvgPool2d(2), iter([image]), resizing, CPU, through_input)
    return logits, nn.AvgPool2d(2)(to_tensor(resize_image(image, sizes[0]))[None])


@pytest.mark.parametrize("through_input", [False, True])
def test_logits_to_be_scored_go_through_the_size_of_the_input(through_input):
    logits, seen = enlarged((8, 12), (11, 17), through_input=through_input)
    if through_input:
        seen = resize_logits(seen, (8, 12), align_corners=True)
    torch.testing.assert_close(logits, resize_logits(seen, (11, 17), align_corners=True)[0])


def test_images_are_resized_as_asked_for():
    seen: list[torch.Tensor] = []
    for interpolation in ("bilinear", "bicubic"):
        resizing = Resizing((2, 3), interpolation)
        seen += predict_logits(nn.Identity(), iter([IMAGE]), resizing, CPU)
    assert not torch.equal(*seen)


def test_batch_norm_is_evaluated_by_its_running_statistics():
    """Those of a new layer are a mean of 0 and a variance of 1."""
    model = nn.BatchNorm2d(3).train()
    torch.testing.assert_close(predict(model), to_tensor(IMAGE), rtol=1e-4, atol=1e-4)
    assert model.num_batches_tracked == 0


def test_logits_have_the_size_of_their_image():
    """The network sees every image at the size asked for."""
    seen = []
    model = nn.Identity()
    model.register_forward_hook(lambda module, args, logits: seen.append(logits.shape))
    images = [np.full((*size, 3), 255, np.uint8) for size in ((5, 7), (8, 3))]
    found = list(predict_logits(model, iter(images), Resizing((2, 6)), CPU))
    assert seen == [(1, 3, 2, 6)] * 2
    for logits, image in zip(found, images, strict=True):
        torch.testing.assert_close(logits, to_tensor(image))


@pytest.mark.parametrize(
    ("more", "confusion"),
    [([], [[2, 0, 1], [1, 1, 0], [1, 0, 1]]), (["--flip"], [[1, 1, 1], [0, 1, 1], [1, 0, 1]])],
)
def test_evaluate_counts_pixels_by_label_and_prediction(
    tmp_path, monkeypatch, capsys, more, confusion
):
    """The class is that of the colour; without the mirrored view it is 0 in the right column."""
    labels = {"a": [[0, 0], [1, 255]], "b": [[2, 2], [0, 1]]}
    colours = {"a": [[0, 1], [1, 2]], "b": [[2, 0], [2, 2]]}
    for name in labels:
        save(tmp_path / f"labels/{name}.png", np.array(labels[name], np.uint8))
        save(tmp_path / f"images/{name}.png", 255 * np.eye(3, dtype=np.uint8)[colours[name]])
    names = ["red", "green", "blue"]
    checkpoint = SimpleNamespace(classes=names, resizing=Resizing((2, 2)), encoding=None)
    model = Weighted([1.0, 0.0])
    monkeypatch.setattr("cbda.models.checkpoints.load_model", lambda *words: (checkpoint, model))
    out = tmp_path / "evaluation.json"
    words = ["--checkpoint", "m.pt", "--val-root", str(tmp_path), "--device", "cpu", *more]
    assert main(["evaluate", *words, "--out", str(out)]) == 0
    said = r"mIoU \d+\.\d% of 3 classes; worst: \w+ \d+\.\d%, "
    assert re.search(said, capsys.readouterr().out)
    evaluation = json.loads(out.read_text())
    assert evaluation["num_images"] == 2
    assert evaluation["confusion"] == confusion
