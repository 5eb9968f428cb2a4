import numpy as np
import pytest
import torch
from torch import nn

from cbda.models.images import Resizing, to_tensor
from cbda.models.inference import predict_logits
from cbda.models.logits import resize_logits
from cbda.models.parts import predict_parts, strips, tiles

CPU = torch.device("cpu")
RESIZINGS = pytest.mark.parametrize(
    "resizing", [Resizing((20, 20)), Resizing((20, 20), "bicubic", align_corners=True)]
)


class Coarse(nn.Module):
    """Gives every second pixel of an image as logits."""

    def forward(self, image):
        return image[:, :, ::2, ::2]


def assembled(parts, num_classes, size):
    """Logits of an image from its parts, none of which may overlap another."""
    logits = torch.full((num_classes, *size), torch.nan)
    for (rows, columns), part in parts:
        assert logits[:, rows, columns].isnan().all()
        logits[:, rows, columns] = part
    return logits


@pytest.mark.parametrize("size", [(7, 9), (30, 11), (64, 5), (3, 40)])
@pytest.mark.parametrize("strip_px", [1, 33, 200])
@pytest.mark.parametrize("aligned", [False, True])
def test_strips_are_the_logits_at_another_size(size, strip_px, aligned):
    logits = torch.rand(1, 3, 5, 6, generator=torch.Generator().manual_seed(0))
    found = [strip for _, strip in strips(logits, size, aligned, strip_px)]
    torch.testing.assert_close(torch.cat(found, dim=1), resize_logits(logits, size, aligned)[0])


@pytest.mark.parametrize("size", [(1, 1), (16, 24), (17, 50), (100, 31)])
@pytest.mark.parametrize("tile", [(1, 1), (8, 8), (16, 24), (200, 9)])
def test_tiles_cover_an_image_once_and_away_from_their_sides(size, tile):
    count = np.zeros(size, int)
    for seen, kept in tiles(size, tile):
        count[kept] += 1
        for inner, outer, length, side in zip(kept, seen, size, tile, strict=True):
            assert outer.stop - outer.start == min(side, length)
            margin = min(side, length) // 8
            assert inner.start == 0 or inner.start >= outer.start + margin
            assert inner.stop == length or inner.stop <= outer.stop - margin
    assert (count == 1).all()


@RESIZINGS
def test_whole_image_gets_the_logits_of_evaluation(resizing):
    image = np.random.default_rng(0).integers(0, 256, (40, 30, 3), np.uint8)
    (expected,) = predict_logits(Coarse(), iter([image]), resizing, CPU)
    found = assembled(predict_parts(Coarse(), image, resizing, CPU), 3, (40, 30))
    torch.testing.assert_close(found, expected)


@RESIZINGS
def test_large_image_is_predicted_strip_by_strip(resizing, monkeypatch):
    monkeypatch.setattr("cbda.models.parts.STRIP_PX", 100)
    image = np.random.default_rng(0).integers(0, 256, (40, 30, 3), np.uint8)
    (expected,) = predict_logits(nn.Identity(), iter([image]), resizing, CPU)
    found = assembled(predict_parts(nn.Identity(), image, resizing, CPU), 3, (40, 30))
    torch.testing.assert_close(found, expected)


def test_tiles_are_seen_at_the_size_of_the_network():
    """Tiles of that size are not resized: a network of single pixels gives the same as at once."""
    image = np.random.default_rng(0).integers(0, 256, (40, 30, 3), np.uint8)
    found = assembled(
        predict_parts(nn.Identity(), image, Resizing((16, 8)), CPU, (16, 8)), 3, (40, 30)
    )
    torch.testing.assert_close(found, to_tensor(image))
