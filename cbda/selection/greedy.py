"""The greedy choice in one image: highest free score first, each pick blocks its surroundings.

Exactly the sequential definition, in another order of work: what lies above a threshold is
gathered, sorted once, and swept; a candidate that an earlier pick has blocked is passed over.
The threshold comes from a sample of the scores, so that only as many candidates are sorted as
can matter. Should they not suffice, the next ones below follow.
"""

from dataclasses import dataclass

import numba
import numpy as np
from numpy.typing import NDArray

from cbda.selection.units import FloatArray, IntArray, Mask, block_radius

CANDIDATES_PER_QUERY = 6  # looked at in the first go; picks block one another
SAMPLE_PX = 1 << 16
WORD = np.dtype(np.uint64)


@dataclass(frozen=True)
class Picks:
    """Picks of one image, in pick order.

    Attributes:
        values: (M,) scores, descending.
        places: (M,) uint32, column * H + row, which is also the order of ties.
        complete_above: every pick with a score above this is there.
    """

    values: FloatArray
    places: NDArray[np.uint32]
    complete_above: float

    def __len__(self) -> int:
        return len(self.values)

    def centres(self, height: int, part: slice = slice(None)) -> IntArray:
        """Some of the picks, (M,2) int64 row and column, in an image of H rows."""
        column, row = np.divmod(self.places[part].astype(np.int64), height)
        return np.stack([row, column], axis=1)


def pick(
    score: FloatArray, taken: Mask, num_queries: int, reach: int, at_least: float = -np.inf
) -> Picks:
    """Pick until there are enough, or nothing free is left.

    Args:
        score: (H,W) float32 or float64, finite.
        taken: (H,W) bool, pixels that may not be picked; what the picks block is added.
        num_queries: pick at most this many.
        reach: radius in px around a pick in which no other pick may follow.
        at_least: leave out what scores less; of the type of the scores.
    """
    score, flat_taken = np.ascontiguousarray(score), taken.reshape(-1)
    values, places = [np.empty(0, score.dtype)], [np.empty(0, np.uint32)]
    num_picked, num_wanted, above = 0, 0, np.inf
    while num_picked < num_queries and above > at_least:
        missing = num_queries - num_picked
        num_wanted = max(CANDIDATES_PER_QUERY * missing, 2 * num_wanted)
        threshold = max(_estimate(score, taken, above, num_wanted), at_least)
        inside = score >= threshold
        if above < np.inf:
            inside &= score < above
        found = _best_first(*_gather(score.reshape(-1), flat_taken, inside, len(score)))
        chosen = _sweep(found[1], taken, missing, reach)
        values.append(found[0][chosen])
        places.append(found[1][chosen])
        num_picked += len(chosen)
        above = threshold
    stopped_early = num_picked == num_queries and num_picked > 0
    lowest = values[-1][-1] if stopped_early else neighbour(at_least, -np.inf, score.dtype)
    return Picks(np.concatenate(values), np.concatenate(places), float(lowest))


def neighbour(score: float, towards: float, dtype: np.dtype[np.floating]) -> float:
    """The next score of a type, up or down; the infinite one after the last."""
    with np.errstate(over="ignore"):
        return float(np.nextafter(dtype.type(score), dtype.type(towards)))


def _estimate(score: FloatArray, taken: Mask, above: float, num_wanted: int) -> float:
    """A score with roughly so many free ones from it up to `above`; -inf if there are not.

    Only speed depends on it.
    """
    step = max(int((score.size / SAMPLE_PX) ** 0.5), 1)
    sample = score[::step, ::step]
    sample = sample[~taken[::step, ::step] & (sample < above)]
    rank = num_wanted // step**2
    if rank >= len(sample):
        return -np.inf
    position = len(sample) - 1 - rank
    return float(np.partition(sample, position)[position])


def _gather(
    score: FloatArray, taken: Mask, inside: Mask, height: int
) -> tuple[FloatArray, NDArray[np.uint32]]:
    """Scores and places of the free pixels inside; all maps but `inside` are flat."""
    flat = inside.reshape(-1)
    num_whole = flat.size - flat.size % WORD.itemsize
    words = flat[:num_whole].view(WORD)
    num_inside = int(np.count_nonzero(flat))
    return _gather_words(score, taken, flat, words, height, num_inside)


@numba.njit(cache=True, nogil=True)
def _gather_words(
    score: FloatArray,
    taken: Mask,
    inside: Mask,
    words: NDArray[np.uint64],
    height: int,
    num_inside: int,
) -> tuple[FloatArray, NDArray[np.uint32]]:
    """Passes over eight pixels at a time where none is inside."""
    width = len(inside) // height
    values, places = np.empty(num_inside, score.dtype), np.empty(num_inside, np.uint32)
    num_found = 0
    for word in range(len(words) + 1):
        if word < len(words) and words[word] == 0:
            continue
        for pixel in range(8 * word, min(8 * word + 8, len(inside))):
            if inside[pixel] and not taken[pixel]:
                values[num_found] = score[pixel]
                places[num_found] = (pixel % width) * height + pixel // width
                num_found += 1
    return values[:num_found], places[:num_found]


def _best_first(
    values: FloatArray, places: NDArray[np.uint32]
) -> tuple[FloatArray, NDArray[np.uint32]]:
    """Candidates in the order of picking: highest score first, then smallest place."""
    if values.dtype == np.float32:
        return _sort_short(values, places)
    order = np.argsort(-values)
    values, places = values[order], places[order]
    _sort_ties(values, places)
    return values, places


def _sort_short(
    values: NDArray[np.float32], places: NDArray[np.uint32]
) -> tuple[FloatArray, NDArray[np.uint32]]:
    """One sort of 64-bit keys: the score's bits, made to ascend as scores descend, and the place.

    Bits of negative floats ascend as they are, and with their sign they follow all others.
    """
    bits = (values + np.float32(0)).view(np.uint32)  # + 0 turns -0 into 0
    ascending = np.where(bits >> 31 == 1, bits, ~bits & np.uint32(0x7FFFFFFF))
    keys = ascending.astype(np.uint64) << np.uint64(32) | places
    keys.sort()
    ascending = (keys >> np.uint64(32)).astype(np.uint32)
    bits = np.where(ascending >> 31 == 1, ascending, ~ascending & np.uint32(0x7FFFFFFF))
    return bits.view(np.float32), keys.astype(np.uint32)


@numba.njit(cache=True, nogil=True)
def _sort_ties(values: FloatArray, places: NDArray[np.uint32]) -> None:
    """Sort the places of equal scores, in place."""
    first = 0
    for last in range(1, len(values) + 1):
        if last == len(values) or values[last] != values[first]:
            if last - first > 1:
                places[first:last] = np.sort(places[first:last])
            first = last


@numba.njit(cache=True, nogil=True)
def _sweep(places: NDArray[np.uint32], taken: Mask, num_queries: int, reach: int) -> IntArray:
    """Indices of the candidates that are picked; what they block is added to `taken`."""
    height, width = taken.shape
    chosen = np.empty(min(num_queries, len(places)), np.int64)
    num_chosen = 0
    for index in range(len(places)):
        if num_chosen == num_queries:
            break
        row, column = places[index] % height, places[index] // height
        if taken[row, column]:
            continue
        chosen[num_chosen] = index
        num_chosen += 1
        for i in range(max(row - reach, 0), min(row + reach + 1, height)):
            for j in range(max(column - reach, 0), min(column + reach + 1, width)):
                taken[i, j] = True
    return chosen[:num_chosen]


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
    require_sound(score, blocked)
    taken = np.array(blocked, order="C")
    return pick(score, taken, num_queries, block_radius(radius, unit)).centres(len(score))


def require_sound(score: FloatArray, blocked: Mask) -> None:
    """Raise a `ValueError` unless the maps are of one shape (H,W) and all scores are finite."""
    if score.ndim != 2 or score.shape != blocked.shape:
        raise ValueError(f"score {score.shape} and blocked {blocked.shape} must be one (H,W)")
    if score.dtype not in (np.float32, np.float64):
        raise ValueError(f"score is {score.dtype}, must be float32 or float64")
    num_bad = score.size - int(np.count_nonzero(np.isfinite(score)))
    if num_bad:
        raise ValueError(f"{num_bad} scores are NaN or infinite")
