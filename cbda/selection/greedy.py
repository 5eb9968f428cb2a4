"""Greedy non-maximum suppression in one image: the highest score is picked, its surroundings go.

Exactly the sequential definition, in another order of work: what lies above a threshold is
gathered, sorted once, and swept, passing over what an earlier pick has suppressed. A sample of the
scores gives the threshold, so that few are sorted; if they don't suffice, the next below follow.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from cbda.acquisition import arguments
from cbda.acquisition.methods import WINDOWS
from cbda.compiled import compiled
from cbda.errors import UserError
from cbda.selection.units import FloatArray, IntArray, Mask, as_queries, clipped, suppression_radius
from cbda.settings.section import MAX_RADIUS_PX

CANDIDATES_PER_QUERY = 6  # in the first go; picks suppress one another
SAMPLE_PX = 1 << 14


@dataclass(frozen=True)
class Picks:
    """Picks of one image, in pick order."""

    values: FloatArray  # (M,), descending
    places: NDArray[np.uint32]  # (M,) column * H + row, which is also the order of ties
    complete_above: float  # every pick with a score above this is there

    def __len__(self) -> int:
        return len(self.values)

    def num_from(self, score: float) -> int:
        """Picks with this or a higher score."""
        return len(self) - int(np.searchsorted(self.values[::-1], score, "left"))


def greedy_nms(
    score: FloatArray,
    excluded: Mask,
    num_queries: int,
    radius: int,
    score_floor: float = -np.inf,
    above_floor: bool = False,
) -> Picks:
    """Pick until there are enough, or nothing free is left of finite scores (H,W).

    What the picks suppress, `radius` px around them, is added to `excluded` (H,W) bool. What scores
    less than `score_floor`, a number of the scores' type, is left out; if `above_floor`, what
    scores just as much, too.
    """
    if above_floor:
        score_floor = _neighbour(score_floor, np.inf, score.dtype)
    score = np.ascontiguousarray(score)
    values, places = [np.empty(0, score.dtype)], [np.empty(0, np.uint32)]
    num_picked, num_wanted, below = 0, 0, np.inf
    while num_picked < num_queries and below > score_floor:
        missing = num_queries - num_picked
        num_wanted = max(CANDIDATES_PER_QUERY * missing, 2 * num_wanted)
        threshold = max(_estimate(score, excluded, below, num_wanted), score_floor)
        inside = score >= threshold
        if below < np.inf:
            inside &= score < below
        value, place = _best_first(score, inside > excluded)
        picked = _sweep(place, excluded, missing, radius)
        values.append(value[picked])
        places.append(place[picked])
        num_picked += len(picked)
        below = threshold
    # Of picks that score as much as the last one, there may be more: it stopped on the way.
    stopped_early = num_picked == num_queries and num_picked > 0
    lowest = values[-1][-1] if stopped_early else _neighbour(score_floor, -np.inf, score.dtype)
    return Picks(np.concatenate(values), np.concatenate(places), float(lowest))


def _neighbour(score: float, towards: float, dtype: np.dtype[np.floating]) -> float:
    """The next score of a type, up or down; the infinite one after the last."""
    with np.errstate(over="ignore"):
        return float(np.nextafter(dtype.type(score), dtype.type(towards)))


def _estimate(score: FloatArray, excluded: Mask, below: float, num_wanted: int) -> float:
    """A score with roughly so many free ones from it up to `below`, or -inf: for speed only."""
    step = max(int((score.size / SAMPLE_PX) ** 0.5), 1)
    sample = score[::step, ::step]
    sample = sample[~excluded[::step, ::step] & (sample < below)]
    rank = num_wanted // step**2
    if rank >= len(sample):
        return -np.inf
    position = len(sample) - 1 - rank
    return float(np.partition(sample, position)[position])


def _best_first(score: FloatArray, candidates: Mask) -> tuple[FloatArray, NDArray[np.uint32]]:
    """Scores and places of candidates in the order of picking: highest first, then by place."""
    pixel = np.flatnonzero(candidates)
    row, column = np.divmod(pixel.astype(np.uint32), np.uint32(score.shape[1]))
    values, places = score.reshape(-1)[pixel], column * np.uint32(len(score)) + row
    if values.dtype == np.float32:  # one sort of bits, with the place below them
        keys = _sorted_keys(_turned((values + np.float32(0)).view(np.uint32)), places)  # -0 is 0
        values = _turned((keys >> np.uint64(32)).astype(np.uint32)).view(np.float32)
        return values, keys.astype(np.uint32)
    order = np.argsort(-values)
    values = values[order]
    rank = np.cumsum(np.diff(values, prepend=values[:1]) != 0)
    return values, _sorted_keys(rank, places[order]).astype(np.uint32)


def _sorted_keys(high: NDArray[np.integer], places: NDArray[np.uint32]) -> NDArray[np.uint64]:
    """Numbers of 32 bits with places below them, ascending."""
    keys = high.astype(np.uint64) << np.uint64(32) | places
    keys.sort()
    return keys


def _turned(bits: NDArray[np.uint32]) -> NDArray[np.uint32]:
    """Bits of floats to bits that ascend as the floats descend, and back.

    Bits of negative floats ascend as they are, and with their sign they follow all others.
    """
    return np.where(bits >> 31 == 1, bits, ~bits & np.uint32(0x7FFFFFFF))


@compiled
def _sweep(places: NDArray[np.uint32], excluded: Mask, num_queries: int, radius: int) -> IntArray:
    """Indices of the candidates that are picked; what they suppress is added to `excluded`."""
    height, width = excluded.shape
    picked = np.empty(min(num_queries, len(places)), np.int64)
    num_picked = 0
    for index in range(len(places)):
        if num_picked == num_queries:
            break
        place = np.int64(places[index])  # signed: an unsigned row minus the radius may wrap around
        row, column = place % height, place // height
        if excluded[row, column]:
            continue
        picked[num_picked] = index
        num_picked += 1
        for i in clipped(row, radius, height):
            for j in clipped(column, radius, width):
                excluded[i, j] = True
    return picked[:num_picked]


def select(score: FloatArray, blocked: Mask, num_queries: int, radius: int, unit: str) -> IntArray:
    """Choose queries in one image, greedily, highest score first.

    Args:
        score: (H,W) float32 or float64, higher = acquire first.
        blocked: (H,W) bool, pixels that may not be a centre; left unchanged.
        num_queries: M; fewer are chosen, and nothing is said, if no free pixel is left.
        radius: k of the region, in px.
        unit: `region` or `pixel`.

    Returns:
        centres (M,2) int64, row and column, in pick order.

    Raises:
        UserError: shapes differ, a score is NaN or infinite, or of another type, part of an array
            is masked, an unknown unit, or a number that is none.
    """
    arguments.choice("unit", unit, WINDOWS)
    num_queries = arguments.whole("num_queries", num_queries)
    radius = arguments.whole("radius", radius, 0, MAX_RADIUS_PX)
    _require_maps(score, blocked)
    excluded = np.array(blocked, order="C")
    picks = greedy_nms(score, excluded, num_queries, suppression_radius(radius, unit))
    return as_queries(np.zeros(1, np.int64), picks.places, len(score))[:, 1:].astype(np.int64)


def _require_maps(score: FloatArray, blocked: Mask) -> None:
    """Raise a `UserError` unless these are what `select` takes."""
    for name, given in (("score", score), ("blocked", blocked)):
        if not isinstance(given, np.ndarray) or isinstance(given, np.ma.MaskedArray):
            kind = type(given).__name__
            raise UserError(f"{name}: {kind}; allowed is an array (H,W) of NumPy's, not masked")
    if blocked.dtype != np.bool_:
        raise UserError(f"blocked: {blocked.dtype}; allowed is bool, such as of blocked != 0")
    if score.ndim != 2 or score.shape != blocked.shape:
        raise UserError(f"score {score.shape} and blocked {blocked.shape} must be one (H,W)")
    if score.dtype not in (np.float32, np.float64):
        raise UserError(f"score is {score.dtype}, must be float32 or float64")
    num_bad = score.size - int(np.count_nonzero(np.isfinite(score)))
    if num_bad:
        raise UserError(f"{num_bad} scores are NaN or infinite, must be finite")
