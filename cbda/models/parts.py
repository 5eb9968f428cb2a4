"""Logits of images too large to hold theirs at once: a strip or a tile at a time."""

from collections.abc import Iterator
from itertools import product

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from cbda.models.images import Resizing
from cbda.models.inference import logits_of_views
from cbda.models.logits import resize_logits
from cbda.models.sight import Sight, as_image

Area = tuple[slice, slice]  # rows and columns
STRIP_PX = 1 << 22  # whose logits of 19 classes are 320 MB
MARGIN = 8  # a tile sees this part of its side, on each side, of what belongs to its neighbours


def predict_parts(
    model: nn.Module,
    image: NDArray[np.uint8],
    resizing: Resizing,
    device: torch.device,
    tile: tuple[int, int] | None = None,
    see: Sight | None = None,
) -> Iterator[tuple[Area, Tensor]]:
    """Areas of an image (H,W,3), which do not overlap, and their logits (C,rows,columns).

    The network sees the whole image as the resizing says, or one tile of a size (height, width) in
    px of the image after the other; a frozen network has a sight of its own.
    """
    see = see or as_image(resizing)
    for seen, kept in tiles(image.shape[:2], tile or image.shape[:2]):
        for first, strip in _predict_strips(model, image[seen], resizing, device, see):
            yield from _kept(strip, first, seen, kept)


def _predict_strips(
    model: nn.Module,
    image: NDArray[np.uint8],
    resizing: Resizing,
    device: torch.device,
    see: Sight,
) -> Iterator[tuple[int, Tensor]]:
    """First row and logits of the strips of an image: one, as in evaluation, if it is not large."""
    height, width, _ = image.shape
    if height * width <= STRIP_PX:
        views = iter([([see(image)], (height, width))])
        (logits,) = logits_of_views(model, views, resizing, device)
        yield 0, logits
    else:
        views = iter([([see(image)], resizing.image_size)])
        (logits,) = logits_of_views(model, views, resizing, device)
        yield from strips(logits[None], (height, width), resizing.align_corners)


def tiles(size: tuple[int, ...], tile: tuple[int, ...]) -> Iterator[tuple[Area, Area]]:
    """Tiles of an image of a size (height, width): what each sees, and what of it is kept.

    Each is as large as the image allows. What is kept covers the image once, and lies away
    from the sides of the tile, except at those of the image.
    """
    sides = (list(_spans(*lengths)) for lengths in zip(size, tile, strict=True))
    for (seen_rows, kept_rows), (seen_columns, kept_columns) in product(*sides):
        yield (seen_rows, seen_columns), (kept_rows, kept_columns)


def _spans(length: int, tile: int) -> Iterator[tuple[slice, slice]]:
    tile = min(tile, length)
    margin = tile // MARGIN
    step = max(tile - 2 * margin, 1)
    start = 0
    for first in range(0, max(length - 2 * margin, 1), step):
        seen = min(first, length - tile)
        end = length if seen + tile == length else seen + tile - margin
        yield slice(seen, seen + tile), slice(start, end)
        start = end
        if end == length:
            return


def strips(
    logits: Tensor, size: tuple[int, int], align_corners: bool, strip_px: int = STRIP_PX
) -> Iterator[tuple[int, Tensor]]:
    """First row and logits (C,rows,W) of strips, which together are logits at another size."""
    height, width = size
    num_rows = max(strip_px // width, 1)
    if num_rows >= height:
        yield 0, resize_logits(logits, size, align_corners)[0]
        return
    at = _places(height, logits.shape[-2], align_corners)
    above = at.floor().long()
    below = (above + 1).clamp(max=logits.shape[-2] - 1)
    share = (at - above).to(logits)[:, None]
    for first in range(0, height, num_rows):
        rows = slice(first, first + num_rows)
        lines = torch.lerp(logits[:, :, above[rows]], logits[:, :, below[rows]], share[rows])
        yield first, resize_logits(lines, (lines.shape[-2], width), align_corners)[0]


def _places(length: int, source_length: int, align_corners: bool) -> Tensor:
    """Where the pixels of a side lie in one of another length, as `resize_logits` has it."""
    if align_corners:
        return torch.linspace(0, source_length - 1, length)
    return ((torch.arange(length) + 0.5) * (source_length / length) - 0.5).clamp(min=0)


def _kept(strip: Tensor, first: int, seen: Area, kept: Area) -> Iterator[tuple[Area, Tensor]]:
    """What is kept of a strip of a tile."""
    top = seen[0].start + first
    rows = slice(max(top, kept[0].start), min(top + strip.shape[-2], kept[0].stop))
    if rows.start < rows.stop:
        own_rows = slice(rows.start - top, rows.stop - top)
        own_columns = slice(kept[1].start - seen[1].start, kept[1].stop - seen[1].start)
        yield (rows, kept[1]), strip[:, own_rows, own_columns]
