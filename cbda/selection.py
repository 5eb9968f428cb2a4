"""Score map to queries: greedy choice of the highest score that is not blocked.

Exactly the sequential definition, in another order of work: candidates are sorted once, best
first, and swept; a candidate that an earlier pick has blocked is passed over. Only as many
candidates are sorted as can matter. Ties go to the smallest image index, then the smallest
column, then the smallest row.

Images do not block one another, so the greedy choice over a pool is the merge of the greedy
choices of its images, and the pool need never be in memory at once.
"""

import math
from collections.abc import Iterable
from dataclasses import dataclass

import numba
import numpy as np
from numpy.typing import NDArray

from cbda.errors import UserError
from cbda.methods import ALLOCATIONS, UNITS, require_choice

FloatArray = NDArray[np.floating]
IntArray = NDArray[np.int64]
Mask = NDArray[np.bool_]

CANDIDATES_PER_QUERY = 8  # looked at in the first go; picks block one another
NUM_BINS = 1 << 16


def block_radius(radius: int, unit: str) -> int:
    """Radius in px around a pick in which no other pick may follow.

    Regions of radius k block 2k, so that they never overlap; single pixels block k.
    """
    require_choice("unit", unit, UNITS)
    return 2 * radius if unit == "region" else radius


def label_radius(radius: int, unit: str) -> int:
    """Radius in px of what one query labels: k for a region, 0 for a pixel."""
    require_choice("unit", unit, UNITS)
    return radius if unit == "region" else 0


def select(score: FloatArray, blocked: Mask, num_queries: int, radius: int, unit: str) -> IntArray:
    """Choose queries in one image, greedily, highest score first.

    Args:
        score: (H,W) float32 or float64, higher = acquire first.
        blocked: (H,W) bool, pixels that may not be a centre; left unchanged.
        num_queries: at most this many are chosen.
        radius: k of the region, in px.
        unit: `region` or `pixel`.

    Returns:
        centres (M,2) int64, row and column, in pick order; M < num_queries only if no free
        pixel is left.

    Raises:
        ValueError: shapes differ, or a score is NaN or infinite.
    """
    centres, _ = _greedy(score, blocked, num_queries, block_radius(radius, unit), -np.inf)
    return centres


def select_dynamic(
    pool: Iterable[tuple[FloatArray, Mask]], num_queries: int, radius: int, unit: str
) -> IntArray:
    """Choose queries over a whole pool, greedily, highest score first.

    Equal to the sequential choice over the stacked score maps. One image is in memory at a
    time, beside the picks that can still win.

    Args:
        pool: (score, blocked) of each image in pool order, as for `select`.
        num_queries: at most this many are chosen in all.
        radius: k of the region, in px.
        unit: `region` or `pixel`.

    Returns:
        centres (M,3) int64: image, row, column, in pick order.
    """
    reach = block_radius(radius, unit)
    leaders = _Leaders(num_queries)
    for image, (score, blocked) in enumerate(pool):
        centres, values = _greedy(score, blocked, num_queries, reach, leaders.floor)
        leaders.add(image, centres, values)
    return leaders.ranked()


def choose_queries(
    pool: Iterable[tuple[FloatArray, Mask]],
    num_images: int,
    num_per_image: int,
    allocation: str,
    radius: int,
    unit: str,
) -> IntArray:
    """Choose the queries of one round.

    Args:
        pool: (score, blocked) of each image in pool order, as for `select`.
        num_images: N.
        num_per_image: n; `per_image` takes n from every image, `dynamic` N * n from the pool.
        allocation: `per_image` or `dynamic`.
        radius: k of the region, in px.
        unit: `region` or `pixel`.

    Returns:
        centres (M,3) int64: image, row, column, in pick order.

    Raises:
        UserError: the pool is exhausted before M queries are found.
    """
    require_choice("allocation", allocation, ALLOCATIONS)
    if allocation == "dynamic":
        chosen = select_dynamic(pool, num_images * num_per_image, radius, unit)
        _require_enough("the pool", len(chosen), num_images * num_per_image)
        return chosen
    parts = []
    for image, (score, blocked) in enumerate(pool):
        centres = select(score, blocked, num_per_image, radius, unit)
        _require_enough(f"image {image}", len(centres), num_per_image)
        parts.append(np.hstack([np.full((len(centres), 1), image, np.int64), centres]))
    return np.concatenate(parts)


def queries_per_image(
    height: int, width: int, budget: float, rounds: int, radius: int, unit: str
) -> int:
    """Queries of one round: n = ceil(H W (b/R) / area); the area of a pixel is 1."""
    area_px = (2 * label_radius(radius, unit) + 1) ** 2
    return math.ceil(height * width * (budget / rounds) / area_px)


def _require_enough(where: str, num_found: int, num_wanted: int) -> None:
    if num_found < num_wanted:
        raise UserError(
            f"{where} is exhausted: {num_found} of {num_wanted} queries of this round found a free"
            " place; lower the budget or the radius"
        )


def paint(mask: Mask, centres: IntArray, radius: int) -> None:
    """Set the clipped window of `radius` px around every centre (row, column), in place."""
    _paint(mask, centres, radius)


@numba.njit(cache=True, nogil=True)
def _paint(mask: Mask, centres: IntArray, radius: int) -> None:
    height, width = mask.shape
    for row, column in centres:
        for i in range(max(row - radius, 0), min(row + radius + 1, height)):
            for j in range(max(column - radius, 0), min(column + radius + 1, width)):
                mask[i, j] = True


@dataclass
class _Leaders:
    """The best picks of the images seen so far, at most a few times as many as wanted."""

    num_queries: int
    floor: float = -np.inf  # a later image needs a higher score than this to win

    def __post_init__(self) -> None:
        self._centres: list[IntArray] = [np.empty((0, 3), np.int64)]
        self._values: list[FloatArray] = [np.empty(0)]
        self._num_held = 0

    def add(self, image: int, centres: IntArray, values: FloatArray) -> None:
        index = np.full((len(centres), 1), image, np.int64)
        self._centres.append(np.hstack([index, centres]))
        self._values.append(values.astype(np.float64))
        self._num_held += len(centres)
        if self._num_held >= 2 * self.num_queries:
            self._prune()

    def ranked(self) -> IntArray:
        self._prune()
        return self._centres[0]

    def _prune(self) -> None:
        """Keep the winners. A stable sort keeps image order, and pick order within an image."""
        centres, values = np.concatenate(self._centres), np.concatenate(self._values)
        order = np.argsort(-values, kind="stable")[: self.num_queries]
        self._centres, self._values = [centres[order]], [values[order]]
        self._num_held = len(order)
        if self._num_held == self.num_queries and self.num_queries:
            self.floor = float(values[order[-1]])


def _greedy(
    score: FloatArray, blocked: Mask, num_queries: int, reach: int, floor: float
) -> tuple[IntArray, FloatArray]:
    """Greedy picks with a score above `floor`: centres (M,2) and their scores (M,).

    A histogram of the leading bits of the scores tells how far down the free candidates must be
    looked at. Should they not suffice, since picks block one another, the next ones follow.
    """
    _require_sound(score, blocked)
    taken = blocked.copy()
    lowest, scale = _bin_scale(score)
    centres = np.empty((max(num_queries, 0), 2), np.int64)
    num_picked, num_wanted, upper = 0, 0, NUM_BINS
    while num_picked < len(centres) and upper > 0:
        num_wanted = max(CANDIDATES_PER_QUERY * (len(centres) - num_picked), 2 * num_wanted)
        counts = _count_by_bin(score, taken, floor, lowest, scale, upper)
        lower = _lowest_bin(counts, num_wanted)
        num_candidates = int(counts[lower:].sum())
        values, places = _gather(score, taken, floor, lowest, scale, lower, upper, num_candidates)
        num_picked = _sweep(places[_best_first(values, places)], taken, centres, num_picked, reach)
        upper = lower
    centres = centres[:num_picked]
    return centres, score[centres[:, 0], centres[:, 1]]


def _require_sound(score: FloatArray, blocked: Mask) -> None:
    if score.ndim != 2 or score.shape != blocked.shape:
        raise ValueError(f"score {score.shape} and blocked {blocked.shape} must be one (H,W)")
    if score.dtype not in (np.float32, np.float64):
        raise ValueError(f"score is {score.dtype}, must be float32 or float64")
    num_bad = score.size - int(np.count_nonzero(np.isfinite(score)))
    if num_bad:
        raise ValueError(f"{num_bad} scores are NaN or infinite")


def _bin_scale(score: FloatArray) -> tuple[float, float]:
    """Lowest score and bins per unit of score; 0 if the scores can't be told apart by bins."""
    lowest, highest = float(score.min(initial=0)), float(score.max(initial=0))
    extent = highest - lowest
    scale = (NUM_BINS - 1) / extent if extent > 0 else 0.0
    return lowest, scale if np.isfinite(scale) else 0.0


def _lowest_bin(counts: IntArray, num_wanted: int) -> int:
    """Highest bin at or above which there are `num_wanted` candidates; 0 if there is none."""
    from_top = np.cumsum(counts[::-1])
    return max(NUM_BINS - 1 - int(np.searchsorted(from_top, num_wanted)), 0)


def _best_first(values: FloatArray, places: IntArray) -> IntArray:
    """Order of candidates: highest score first, then smallest place (column * H + row)."""
    if values.dtype == np.float64:
        return np.lexsort((places, -values))
    # One sort of 64-bit keys: the score's bits, made to ascend as scores descend, above the place.
    bits = (values + np.float32(0)).view(np.uint32)  # + 0 turns -0 into 0
    negative = bits >> 31 == 1
    ascending = np.where(negative, bits, ~bits & np.uint32(0x7FFFFFFF)).astype(np.uint64)
    keys = ascending << np.uint64(32) | places.astype(np.uint64)
    return np.argsort(keys)


@numba.njit(cache=True, nogil=True)
def _bin(value: float, lowest: float, scale: float) -> int:
    """Bin of a score; never falls as the score rises, so a bin's border is a threshold."""
    return int((value - lowest) * scale) if scale > 0 else 0


@numba.njit(cache=True, nogil=True)
def _count_by_bin(
    score: FloatArray, taken: Mask, floor: float, lowest: float, scale: float, upper: int
) -> IntArray:
    """Free scores above the floor in each bin below `upper`, (NUM_BINS,)."""
    counts = np.zeros(NUM_BINS, np.int64)
    for row in range(score.shape[0]):
        for column in range(score.shape[1]):
            value = score[row, column]
            if value > floor and not taken[row, column]:
                position = _bin(value, lowest, scale)
                if position < upper:
                    counts[position] += 1
    return counts


@numba.njit(cache=True, nogil=True)
def _gather(
    score: FloatArray,
    taken: Mask,
    floor: float,
    lowest: float,
    scale: float,
    lower: int,
    upper: int,
    num_candidates: int,
) -> tuple[FloatArray, IntArray]:
    """Free scores above the floor in the bins from `lower` to `upper`, and their places."""
    values = np.empty(num_candidates, score.dtype)
    places = np.empty(num_candidates, np.int64)
    num_found = 0
    for row in range(score.shape[0]):
        for column in range(score.shape[1]):
            value = score[row, column]
            if value > floor and not taken[row, column]:
                position = _bin(value, lowest, scale)
                if lower <= position < upper:
                    values[num_found] = value
                    places[num_found] = column * score.shape[0] + row
                    num_found += 1
    return values, places


@numba.njit(cache=True, nogil=True)
def _sweep(places: IntArray, taken: Mask, centres: IntArray, num_picked: int, reach: int) -> int:
    """Pick in the order of `places` what is not taken, until `centres` is full."""
    height, width = taken.shape
    for place in places:
        if num_picked == len(centres):
            break
        row, column = place % height, place // height
        if taken[row, column]:
            continue
        centres[num_picked, 0], centres[num_picked, 1] = row, column
        num_picked += 1
        for i in range(max(row - reach, 0), min(row + reach + 1, height)):
            for j in range(max(column - reach, 0), min(column + reach + 1, width)):
                taken[i, j] = True
    return num_picked
