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

FIRST_BATCH = 4  # candidates sorted per query wanted, before more are fetched


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
    """Greedy picks with a score above `floor`: centres (M,2) and their scores (M,)."""
    _require_sound(score, blocked)
    # Column by column, so that a stable sort settles ties by column, then row.
    flat = np.ascontiguousarray(score.T).ravel()
    free = np.flatnonzero(~blocked.T.ravel() & (flat > floor))
    taken = blocked.copy()
    picks = np.empty(max(num_queries, 0), np.int64)
    num_picked, num_sorted = 0, 0
    while num_picked < num_queries and len(free):
        num_sorted = max(FIRST_BATCH * (num_queries - num_picked), 2 * num_sorted)
        best, free = _split_best(flat, free, num_sorted)
        num_picked = _sweep(best, taken, picks, num_picked, reach)
    picks = picks[:num_picked]
    columns, rows = np.divmod(picks, score.shape[0])
    return np.stack([rows, columns], axis=1), flat[picks]


def _require_sound(score: FloatArray, blocked: Mask) -> None:
    if score.ndim != 2 or score.shape != blocked.shape:
        raise ValueError(f"score {score.shape} and blocked {blocked.shape} must be one (H,W)")
    num_bad = score.size - int(np.count_nonzero(np.isfinite(score)))
    if num_bad:
        raise ValueError(f"{num_bad} scores are NaN or infinite")


def _split_best(flat: FloatArray, free: IntArray, num_wanted: int) -> tuple[IntArray, IntArray]:
    """The candidates that reach the `num_wanted`-th best score, sorted, and the others."""
    values = flat[free]
    if num_wanted < len(free):
        threshold = np.partition(values, len(free) - num_wanted)[len(free) - num_wanted]
        reached = values >= threshold
        free, rest, values = free[reached], free[~reached], values[reached]
    else:
        rest = free[:0]
    return free[np.argsort(-values, kind="stable")], rest


@numba.njit(cache=True, nogil=True)
def _sweep(order: IntArray, taken: Mask, picks: IntArray, num_picked: int, reach: int) -> int:
    """Pick from `order` (column * H + row) what is not taken, until `picks` is full."""
    height, width = taken.shape
    for position in order:
        if num_picked == len(picks):
            break
        column, row = position // height, position % height
        if taken[row, column]:
            continue
        picks[num_picked] = position
        num_picked += 1
        for i in range(max(row - reach, 0), min(row + reach + 1, height)):
            for j in range(max(column - reach, 0), min(column + reach + 1, width)):
                taken[i, j] = True
    return num_picked
