"""The global choice with class weights that change while it is made.

Every query spends its predicted class's share of the budget, so that the weight of the class
falls at once and not only in the next round. Exactly the sequential definition: the classes'
candidates are sorted by score, and in every step the best of the classes' best ones is taken.
Only candidates above a score per class are held; a class that runs out of them gets more. One
whose share is used up comes after all others, in the order of its plain scores.
"""

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from cbda.compiled import compiled
from cbda.compute.parallel import ordered_map
from cbda.selection.units import FloatArray, IntArray, Mask, Queries, as_queries, clipped

CANDIDATES_PER_QUERY = 4  # of all classes together, in the first go; 25 bytes each, sorted
PROJECTED = 2.0  # times what a class would use if the round went on as it began
SAMPLE_PX = 1 << 14  # of every image, to estimate how many candidates are above a score
DONE = -1

Groups = NDArray[np.uint8] | NDArray[np.uint16]  # of pixels: their classes, or two for each class
ReadClasses = Callable[[int], tuple[FloatArray, Groups, Mask]]
# Free pixels by class, the best first: value, image and place (M,), and where each class starts.
Candidates = tuple[FloatArray, NDArray[np.int32], NDArray[np.uint32], IntArray]


def choose_quota(
    read: ReadClasses,
    shape: tuple[int, int, int],
    num_queries: int,
    radius: int,
    query_px: int,
    share_px: NDArray[np.float64],
    used_px: NDArray[np.float64],
    num_threads: int = 1,
    is_drawn: bool = False,
) -> Queries:
    """Choose queries over a whole pool while their classes' weights fall.

    In every step the free pixel with the highest A w[c], w_c = 1 - n_c / (q_c B), or A where A < 0,
    is taken, c its predicted class, and n_c grows by the pixels of a query. Ties go to the smallest
    image, then the smallest column, then the smallest row.

    `read`, called from threads, takes an image of the pool (N,H,W) to score (H,W) float32,
    prediction uint8 and excluded bool. A query spends `query_px`. Of each class (C,), `share_px` is
    q_c B, what the whole run may acquire, `used_px` n_c, what earlier rounds did. `radius` is that
    of suppression, in px. Fewer queries are chosen only if no free pixel is left.

    If `is_drawn`, `read` gives the numbers that pixels compete by in place of scores, to which a
    weight adds log w[c]; and C + c as the prediction of pixels that no weight holds back.
    """
    num_groups = len(share_px) * (2 if is_drawn else 1)
    samples, num_px_each = _sample(read, shape, num_groups, num_threads)
    num_wanted = np.full(num_groups, CANDIDATES_PER_QUERY * num_queries / num_groups)
    while True:
        # Scores above which there are about so many pixels of a class; -inf for all of them.
        ranks = (num_wanted / num_px_each).astype(np.int64) + 1
        found = zip(samples, ranks, strict=True)
        floors = np.array([v[-r] if r < len(v) else -np.inf for v, r in found], np.float64)
        candidates = _gather(read, shape, floors, num_threads)
        picked, lacking, num_passed = _simulate(
            *candidates, floors, shape, radius, num_queries, query_px, share_px, used_px, is_drawn
        )
        if lacking == DONE:
            _, image, place, _ = candidates
            return as_queries(image[picked], place[picked], shape[1])
        # All classes get what the whole round would pass at this pace, not only the one that
        # lacks some: else each would run out in its turn, and every time the pool is read again.
        whole_round = num_passed * (PROJECTED * num_queries / max(len(picked), 1))
        num_wanted[lacking] *= 4
        num_wanted = np.maximum(num_wanted, whole_round)


def _sample(
    read: ReadClasses, shape: tuple[int, int, int], num_groups: int, num_threads: int
) -> tuple[list[FloatArray], int]:
    """Scores of some free pixels of each group, ascending, and how many pixels each stands for."""
    step = max(int((shape[1] * shape[2] / SAMPLE_PX) ** 0.5), 1)

    def sample(image: int) -> tuple[FloatArray, Groups]:
        score, prediction, excluded = read(image)
        free = ~excluded[::step, ::step]
        return score[::step, ::step][free], prediction[::step, ::step][free]

    parts = ordered_map(sample, range(shape[0]), num_threads)
    value, label = (np.concatenate(column) for column in zip(*parts, strict=True))
    return [np.sort(value[label == c]) for c in range(num_groups)], step**2


def _gather(
    read: ReadClasses, shape: tuple[int, int, int], floors: NDArray[np.float64], num_threads: int
) -> Candidates:
    """All free pixels that score at least the floor of their class, sorted."""

    def gather(image: int) -> tuple[Groups, FloatArray, NDArray[np.uint32]]:
        score, prediction, excluded = read(image)
        mask = (score >= floors.astype(score.dtype)[prediction]) & ~excluded
        place = np.flatnonzero(mask.T)  # column by column, the order of ties
        column, row = np.divmod(place, shape[1])
        return prediction[row, column], score[row, column], place.astype(np.uint32)

    parts = list(ordered_map(gather, range(shape[0]), num_threads))
    image = np.repeat(np.arange(len(parts), dtype=np.int32), [len(part[0]) for part in parts])
    label, value, place = (np.concatenate(column) for column in zip(*parts, strict=True))
    del parts
    starts = np.append(0, np.cumsum(np.bincount(label, minlength=len(floors))))
    ordered = np.empty_like(value), np.empty_like(image), np.empty_like(place)
    for number in range(len(floors)):  # one at a time, as an order takes 8 bytes a candidate
        index = np.flatnonzero(label == number)
        index = index[np.argsort(-value[index], kind="stable")]
        for target, source in zip(ordered, (value, image, place), strict=True):
            target[starts[number] : starts[number + 1]] = source[index]
    return *ordered, starts


@compiled
def _simulate(
    value: FloatArray,
    image: NDArray[np.int32],
    place: NDArray[np.uint32],
    starts: IntArray,
    score_floors: NDArray[np.float64],
    shape: tuple[int, int, int],
    radius: int,
    num_queries: int,
    query_px: int,
    share_px: NDArray[np.float64],
    used_px: NDArray[np.float64],
    is_drawn: bool,
) -> tuple[IntArray, int, IntArray]:
    """Candidates picked, in order; the group that has too few, or DONE; those passed, by group."""
    num_images, height, width = shape
    excluded = np.zeros((num_images * height * width + 7) // 8, np.uint8)  # a bit a pixel
    used, next_candidate = used_px.copy(), starts[:-1].copy()
    num_classes = len(used)
    picked = np.empty(num_queries, np.int64)
    for step in range(num_queries):
        best, best_group, best_rank, best_score = DONE, DONE, 0, 0.0
        for group in range(len(next_candidate)):
            label = group % num_classes
            head, end = next_candidate[group], starts[group + 1]
            while head < end and _is_excluded(excluded, image[head], place[head], shape):
                head += 1
            next_candidate[group] = head
            if head == end and score_floors[group] == -np.inf:
                continue
            # A class that has its share comes after all that have not, by its plain score.
            rank = 1 if used[label] < share_px[label] else 0
            # Of a class that has run out, the next one not gathered scores the floor at most.
            weighted_score = np.float64(value[head]) if head < end else score_floors[group]
            if rank and is_drawn and group == label:
                weighted_score += np.log(1 - used[label] / share_px[label])
            elif rank and not is_drawn and weighted_score > 0:  # a weight raises no score
                weighted_score *= 1 - used[label] / share_px[label]
            is_best = best_group == DONE or (rank, weighted_score) > (best_rank, best_score)
            if not is_best and (rank, weighted_score) == (best_rank, best_score):
                # One that was not gathered might be as good, so it decides before any that was.
                is_best = head == end or (
                    best != DONE and (image[head], place[head]) < (image[best], place[best])
                )
            if is_best:
                best, best_group = (head if head < end else DONE), group
                best_rank, best_score = rank, weighted_score
        if best == DONE:
            return picked[:step], best_group, next_candidate - starts[:-1]
        picked[step] = best
        used[best_group % num_classes] += query_px
        row, column = np.int64(place[best]) % height, np.int64(place[best]) // height
        for i in clipped(row, radius, height):
            for j in clipped(column, radius, width):
                pixel = (np.int64(image[best]) * height + i) * width + j
                excluded[pixel >> 3] |= np.uint8(1 << (pixel & 7))
    return picked, DONE, next_candidate - starts[:-1]


@compiled
def _is_excluded(
    excluded: NDArray[np.uint8], image: int, place: int, shape: tuple[int, int, int]
) -> bool:
    _, height, width = shape
    pixel = (np.int64(image) * height + place % height) * width + place // height
    return bool(excluded[pixel >> 3] >> (pixel & 7) & 1)
