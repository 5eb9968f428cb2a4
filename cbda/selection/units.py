"""What one query labels and excludes: a window around a pixel, or a part of an image."""

import math

import numpy as np
from numpy.typing import NDArray

from cbda.acquisition.methods import WINDOWS
from cbda.acquisition.parts import find_unit
from cbda.compiled import compiled

FloatArray = NDArray[np.floating]
IntArray = NDArray[np.int64]
Mask = NDArray[np.bool_]
Queries = NDArray[np.int32]  # (M,3) image, row, column, in pick order


def suppression_radius(radius: int, unit: str) -> int:
    """Radius in px of what a pick suppresses: 2k for regions, k for pixels, 0 for parts."""
    module = find_unit(unit)
    return int(module.suppression_radius(radius)) if hasattr(module, "suppression_radius") else 0


def label_radius(radius: int, unit: str) -> int:
    """Radius in px of the window that one query labels: k for a region, 0 for a pixel."""
    return int(find_unit(unit).label_radius(radius))


def query_px(radius: int, unit: str, size: tuple[int, int]) -> int:
    """Pixels that one query labels in an image (height, width), away from its border."""
    return int(find_unit(unit).query_px(radius, size))


def queries_per_image(
    height: int, width: int, budget: float, rounds: int, radius: int, unit: str
) -> int:
    """Queries of one round: n = ceil(H W (b/R) / area); the area of a pixel is 1."""
    area_px = query_px(radius, unit, (height, width))
    return math.ceil(height * width * (budget / rounds) / area_px)


def queries_in_round(
    shape: tuple[int, int, int], budget: float, rounds: int, radius: int, unit: str, allocation: str
) -> int:
    """Queries of one round, of every image or of a pool (N,H,W); parts are rounded up once."""
    per_image = queries_per_image(*shape[1:], budget, rounds, radius, unit)
    if allocation == "per_image":
        return per_image
    if unit in WINDOWS:
        return shape[0] * per_image
    return math.ceil(math.prod(shape) * (budget / rounds) / query_px(radius, unit, shape[1:]))


def as_queries(image: NDArray[np.integer], place: NDArray[np.uint32], height: int) -> Queries:
    """Queries from images and places (column * H + row), (M,) each."""
    queries = np.empty((len(place), 3), np.int32)
    queries[:, 0] = image
    queries[:, 2], queries[:, 1] = np.divmod(place, np.uint32(height))
    return queries


def centres_by_image(queries: Queries, num_images: int) -> list[NDArray[np.int32]]:
    """Centres of every image in pick order, (m,2) each: row and column."""
    image = queries[:, 0].astype(np.min_scalar_type(num_images))  # short ones are sorted by radix
    order = np.argsort(image, kind="stable")
    borders = np.cumsum(np.bincount(queries[:, 0], minlength=num_images))
    return np.split(queries[order, 1:], borders[:-1])


def widen(mask: Mask, radius: int) -> Mask:
    """Pixels with a set one within `radius` px, rows and columns alike: (H,W) bool, a new map.

    Turns what was acquired, windows of radius k or pixels, into what its centres exclude.
    """
    if not mask.any():
        return mask.copy()
    for axis in (0, 1):
        wider = mask.copy()
        for offset in range(1, min(radius, mask.shape[axis] - 1) + 1):
            ahead, behind = [slice(None)] * 2, [slice(None)] * 2
            ahead[axis], behind[axis] = slice(offset, None), slice(None, -offset)
            wider[tuple(ahead)] |= mask[tuple(behind)]
            wider[tuple(behind)] |= mask[tuple(ahead)]
        mask = wider
    return mask


@compiled
def clipped(centre: int | np.integer, radius: int, size: int) -> range:
    """Rows or columns within `radius` px of a centre, inside an image of that size."""
    return range(max(centre - radius, 0), min(centre + radius + 1, size))


@compiled
def paint(mask: Mask, centres: NDArray[np.integer], radius: int) -> None:
    """Set the clipped window of `radius` px around every centre (row, column), in place."""
    height, width = mask.shape
    for row, column in centres:
        for i in clipped(row, radius, height):
            for j in clipped(column, radius, width):
                mask[i, j] = True
