"""The global choice with class weights that change while it is made.

Every query spends its predicted class's share of the budget, so that the weight of the class
falls at once and not only in the next round. Exactly the sequential definition: the classes'
candidates are sorted by score, and in every step the best of the classes' best ones is taken.
Only candidates above a score per class are held; a class that runs out of them gets more.

A class whose share is used up comes after all others, in the order of its plain scores.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numba
import numpy as np
from numpy.typing import NDArray

from cbda.compute.parallel import ordered_map
from cbda.selection.allocation import Chosen
from cbda.selection.greedy import Picks
from cbda.selection.units import FloatArray, IntArray, Mask

CANDIDATES_PER_QUERY = 4  # of all classes together, in the first go; 25 bytes each, sorted
PROJECTED = 2.0  # times what a class would use if the round went on as it began
SAMPLE_PX = 1 << 14  # of every image, to estimate how many candidates lie above a score
DONE = -1


@dataclass(frozen=True)
class ClassPool:
    """Score maps to choose from, with predictions.

    Attributes:
        image_ids: in pool order.
        shape: H, W.
        num_classes: C.
        read: index to score (H,W) float32, prediction (H,W) uint8 and taken (H,W) bool, fresh
            ones; called from threads.
        num_threads: images that are worked on at a time; no result depends on it.
    """

    image_ids: Sequence[str]
    shape: tuple[int, int]
    num_classes: int
    read: Callable[[int], tuple[FloatArray, NDArray[np.uint8], Mask]]
    num_threads: int = 1

    def __len__(self) -> int:
        return len(self.image_ids)


class _Candidates(NamedTuple):
    """Free pixels by class, the best first: (M,) each; class c is from `starts[c]` on."""

    value: FloatArray
    image: NDArray[np.int32]
    place: NDArray[np.uint32]
    starts: IntArray


def choose_quota(
    pool: ClassPool,
    num_queries: int,
    reach: int,
    query_px: int,
    share_px: NDArray[np.float64],
    used_px: NDArray[np.float64],
) -> Chosen:
    """Choose queries over a whole pool while their classes' weights fall.

    In every step the free pixel with the highest A w[c], w_c = 1 - n_c / (q_c B), is taken, c its
    predicted class, and n_c grows by the pixels of a query. Ties go to the smallest image, then
    the smallest column, then the smallest row.

    Args:
        pool: what to choose from.
        num_queries: at most this many are chosen.
        reach: radius in px around a pick in which no other pick may follow.
        query_px: pixels that a query spends.
        share_px: (C,) q_c B, pixels that the whole run may acquire of each class.
        used_px: (C,) n_c, pixels of each class acquired in earlier rounds.

    Returns:
        The queries; fewer only if no free pixel is left.
    """
    samples = _sample(pool)
    num_wanted = np.full(pool.num_classes, CANDIDATES_PER_QUERY * num_queries / pool.num_classes)
    while True:
        lowest = np.array([_threshold(*s) for s in zip(samples, num_wanted, strict=True)])
        candidates = _gather(pool, lowest)
        taken = np.zeros(-(-len(pool) * pool.shape[0] * pool.shape[1] // 8), np.uint8)
        picked, lacking, num_passed = _simulate(
            *candidates, lowest, taken, pool.shape, reach, num_queries, query_px, share_px, used_px
        )
        if lacking == DONE:
            return _as_chosen(pool, candidates, picked)
        whole_round = num_passed * (PROJECTED * num_queries / max(len(picked), 1))
        num_wanted[lacking] *= 4
        num_wanted = np.maximum(num_wanted, whole_round)


class _Sample(NamedTuple):
    """Scores of some free pixels of one class, ascending, and how many pixels each stands for."""

    values: FloatArray
    num_px_each: int


def _sample(pool: ClassPool) -> list[_Sample]:
    step = max(int((pool.shape[0] * pool.shape[1] / SAMPLE_PX) ** 0.5), 1)

    def look(index: int) -> tuple[FloatArray, NDArray[np.uint8]]:
        score, prediction, taken = pool.read(index)
        free = ~taken[::step, ::step]
        return score[::step, ::step][free], prediction[::step, ::step][free]

    parts = list(ordered_map(look, range(len(pool)), pool.num_threads))
    value, label = (np.concatenate(column) for column in zip(*parts, strict=True))
    return [_Sample(np.sort(value[label == c]), step**2) for c in range(pool.num_classes)]


def _threshold(sample: _Sample, num_wanted: float) -> float:
    """A score above which about so many pixels of a class lie; -inf for all of them."""
    rank = int(num_wanted / sample.num_px_each) + 1
    return float(sample.values[-rank]) if rank < len(sample.values) else -np.inf


def _gather(pool: ClassPool, lowest: NDArray[np.float64]) -> _Candidates:
    """All free pixels that score at least their class's lowest, sorted."""

    def look(index: int) -> tuple[NDArray[np.uint8], FloatArray, NDArray[np.uint32]]:
        score, prediction, taken = pool.read(index)
        mask = (score >= lowest.astype(score.dtype)[prediction]) & ~taken
        place = np.flatnonzero(mask.T)  # column by column, the order of ties
        column, row = np.divmod(place, pool.shape[0])
        return prediction[row, column], score[row, column], place.astype(np.uint32)

    parts = list(ordered_map(look, range(len(pool)), pool.num_threads))
    image = np.repeat(np.arange(len(parts), dtype=np.int32), [len(part[0]) for part in parts])
    label, value, place = (np.concatenate(column) for column in zip(*parts, strict=True))
    del parts
    counts = np.bincount(label, minlength=pool.num_classes)
    starts = np.concatenate([[0], np.cumsum(counts)])
    ordered = np.empty_like(value), np.empty_like(image), np.empty_like(place)
    for number in range(pool.num_classes):  # one at a time, as an order takes 8 bytes a candidate
        index = np.flatnonzero(label == number)
        index = index[np.argsort(-value[index], kind="stable")]
        for target, source in zip(ordered, (value, image, place), strict=True):
            target[starts[number] : starts[number + 1]] = source[index]
    return _Candidates(*ordered, starts)


@numba.njit(cache=True, nogil=True)
def _simulate(
    value: FloatArray,
    image: NDArray[np.int32],
    place: NDArray[np.uint32],
    starts: IntArray,
    lowest: NDArray[np.float64],
    taken: NDArray[np.uint8],
    shape: tuple[int, int],
    reach: int,
    num_queries: int,
    query_px: int,
    share_px: NDArray[np.float64],
    used_px: NDArray[np.float64],
) -> tuple[IntArray, int, IntArray]:
    """Candidates picked, in order; the class that has too few, or DONE; those passed, by class.

    `taken` holds a bit a pixel of the pool.
    """
    height, width = shape
    used, heads = used_px.copy(), starts[:-1].copy()
    picked = np.empty(num_queries, np.int64)
    for step in range(num_queries):
        best, best_class, best_rank, best_worth = DONE, DONE, 0, 0.0
        for label in range(len(heads)):
            head, end = heads[label], starts[label + 1]
            while head < end and _is_taken(taken, image[head], place[head], shape):
                head += 1
            heads[label] = head
            if head == end and lowest[label] == -np.inf:
                continue
            rank = 1 if used[label] < share_px[label] else 0
            weight = 1 - used[label] / share_px[label] if rank else 1.0
            worth = weight * (value[head] if head < end else lowest[label])
            is_best = best_class == DONE or (rank, worth) > (best_rank, best_worth)
            if not is_best and (rank, worth) == (best_rank, best_worth):
                # One that was not gathered might be as good, so it decides before any that was.
                is_best = head == end or (
                    best != DONE and (image[head], place[head]) < (image[best], place[best])
                )
            if is_best:
                best, best_class = (head if head < end else DONE), label
                best_rank, best_worth = rank, worth
        if best == DONE:
            return picked[:step], best_class, heads - starts[:-1]
        picked[step] = best
        used[best_class] += query_px
        row, column = place[best] % height, place[best] // height
        for i in range(max(row - reach, 0), min(row + reach + 1, height)):
            for j in range(max(column - reach, 0), min(column + reach + 1, width)):
                pixel = (np.int64(image[best]) * height + i) * width + j
                taken[pixel >> 3] |= np.uint8(1 << (pixel & 7))
    return picked, DONE, heads - starts[:-1]


@numba.njit(cache=True, nogil=True)
def _is_taken(taken: NDArray[np.uint8], image: int, place: int, shape: tuple[int, int]) -> bool:
    height, width = shape
    pixel = (np.int64(image) * height + place % height) * width + place // height
    return bool(taken[pixel >> 3] >> (pixel & 7) & 1)


def _as_chosen(pool: ClassPool, candidates: _Candidates, picked: IntArray) -> Chosen:
    """The picks by image; their values say no more than in which order they were picked."""
    image, place = candidates.image[picked], candidates.place[picked]
    order = np.argsort(image, kind="stable")
    borders = np.searchsorted(image[order], np.arange(len(pool) + 1))
    picks = [
        Picks(-part.astype(np.float64), place[part], -np.inf)
        for part in np.split(order, borders[1:-1])
    ]
    return Chosen(picks, np.diff(borders), pool.shape[0], merged=True)
