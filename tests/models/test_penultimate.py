import numpy as np
import pytest
import torch
from torch import nn

from cbda.errors import UserError
from cbda.models.penultimate import MAX_CELLS, Penultimate

CLASSES = 3


class Network(nn.Module):
    """Two classifiers of other maps, the last of which has the features."""

    def __init__(self, channels=2):
        super().__init__()
        self.late, self.early = nn.Conv2d(channels, CLASSES, 1), nn.Conv2d(1, CLASSES, 1)

    def forward(self, maps):
        self.early(maps[:, :1])
        return self.late(maps + 1)


def features_of(maps):
    network = Network(maps.shape[1])
    penultimate = Penultimate(network, CLASSES)
    with torch.inference_mode():
        network(maps)
    return penultimate.read()


def test_features_are_what_the_last_classifier_sees():
    maps = torch.randn(1, 2, 5, 6)
    found = features_of(maps)
    assert found.dtype == np.float16
    np.testing.assert_array_equal(found, (maps[0] + 1).half().numpy())


def test_features_are_means_of_an_even_grid_where_there_are_too_many():
    maps = torch.randn(1, 2, 256, 512)
    found = features_of(maps)
    assert found.shape == (2, 128, 256)
    assert found[0].size <= MAX_CELLS
    expected = (maps[0] + 1).view(2, 128, 2, 256, 2).mean(dim=(2, 4))
    np.testing.assert_allclose(found, expected, atol=1e-2)


def test_many_channels_are_projected_and_nearly_keep_their_distances():
    maps = torch.randn(1, 512, 4, 5)
    found = features_of(maps).reshape(64, 20).T.astype(np.float64)
    wanted = maps[0].reshape(512, 20).T.numpy()
    pairs = np.triu_indices(20, 1)
    lengths = [
        np.linalg.norm(points[pairs[0]] - points[pairs[1]], axis=1) for points in (found, wanted)
    ]
    np.testing.assert_allclose(lengths[0] / lengths[1], 1, atol=0.35)
    np.testing.assert_array_equal(features_of(maps), features_of(maps))


def test_network_without_a_classifier_is_refused():
    with pytest.raises(UserError, match=r"no convolution to its 3 classes"):
        Penultimate(nn.Linear(2, 3), 3)


def test_features_that_are_not_finite_are_refused():
    with pytest.raises(UserError, match=r"features are NaN, infinite or too large"):
        features_of(torch.full((1, 2, 2, 2), 1e5))
