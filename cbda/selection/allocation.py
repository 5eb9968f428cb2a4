"""How the queries of a round are spread over the pool: per image, or wherever scores are best.

Images do not suppress one another, so the greedy choice over a pool is the merge of the greedy
choices of its images, and each image takes part with a prefix of its own picks. Only picks that
can still win are kept, and one image per thread is in memory. Of picks of one score those of the
first images win, so that later images need none of it once there are enough: where a class balance
gives half the pool a weight of 0, that is nearly all of them.

`read`, called from threads, takes the index of an image to score (H,W) float and excluded (H,W)
bool, fresh ones. `radius` is that of suppression, in px. Fewer queries than asked for are chosen
only if no free pixel is left.
"""

from collections.abc import Callable
from typing import Any

import numpy as np

from cbda.compute.parallel import ordered_map
from cbda.selection.greedy import Picks, greedy_nms
from cbda.selection.units import FloatArray, IntArray, Mask, Queries, as_queries

FIRST_DEPTH = 1.5  # times its even share that is picked in an image before others are known

Read = Callable[[int], tuple[FloatArray, Mask]]
Pick = Callable[..., Picks]  # image, num_queries, score_floor and above_floor of `greedy_nms`


def choose_per_image(
    read: Read, shape: tuple[int, int, int], num_queries: int, radius: int, num_threads: int = 1
) -> Queries:
    """Choose as many queries in every image of a pool (N,H,W), image by image."""

    def pick(image: int) -> Picks:
        return greedy_nms(*read(image), num_queries, radius)

    picks = list(ordered_map(pick, range(shape[0]), num_threads))
    return _joined(picks, np.array([len(found) for found in picks]), shape[1], by_score=False)


def choose_dynamic(
    read: Read, shape: tuple[int, int, int], num_queries: int, radius: int, num_threads: int = 1
) -> Queries:
    """Choose the best queries of a whole pool (N,H,W), by score."""

    def pick(image: int, at_most: int, *floor: Any) -> Picks:
        return greedy_nms(*read(image), at_most, radius, *floor)

    def pick_again(image: int) -> Picks:  # all from the cut on, or twice as many if it is open
        if cut == -np.inf:
            return pick(image, 2 * len(picks[image]) + 1)
        return pick(image, num_queries, cut, bool(num_from[:image].sum() >= num_queries))

    picks = _first_pass(pick, shape[0], num_queries, num_threads)
    cut = _value_of_rank(picks, num_queries)
    while lacking := _incomplete(picks, cut, num_queries):
        num_from = _num_from(picks, cut)
        refilled = ordered_map(pick_again, lacking, num_threads)
        for image, found in zip(lacking, refilled, strict=True):
            picks[image], num_from[image] = found, found.num_from(cut)
        cut = _value_of_rank(picks, num_queries)
    ties = np.array([np.count_nonzero(found.values == cut) for found in picks])
    above, ties_before = _num_from(picks, cut) - ties, np.cumsum(ties) - ties
    num_winning = above + np.clip(num_queries - above.sum() - ties_before, 0, ties)
    return _joined(picks, num_winning, shape[1], by_score=True)


def _first_pass(pick: Pick, num_images: int, num_queries: int, num_threads: int) -> list[Picks]:
    """Picks of every image that look able to win, judged by the images before it."""
    even_share = num_queries / num_images
    score_floor, num_known = -np.inf, 0

    def pick_some(image: int) -> Picks:
        depth = int(FIRST_DEPTH * even_share) + 1 if score_floor == -np.inf else num_queries
        return pick(image, depth, score_floor, num_known >= num_queries)

    picks: list[Picks] = []
    for found in ordered_map(pick_some, range(num_images), num_threads):
        picks.append(found)
        seen = len(picks)
        if seen & (seen - 1) == 0:  # powers of two: all judgements together cost as much as one
            # The share of the images seen, and some more, as later ones may turn out to be worse.
            score_floor = _value_of_rank(picks, max(int(even_share * (seen + seen**0.5)), 1))
            num_known = int(_num_from(picks, score_floor).sum())
        else:
            num_known += found.num_from(score_floor)
    return picks


def _incomplete(picks: list[Picks], cut: float, num_queries: int) -> list[int]:
    """Images with a pick that might win and is not known, given the score of the last winner."""
    num_from = _num_from(picks, cut)
    # Ties of images after the last winner can't win; and a cut of -inf is no score to tie with.
    ties_may_win = (np.cumsum(num_from) - num_from < num_queries) & (cut > -np.inf)
    known_above = np.array([found.complete_above for found in picks])
    is_short = np.array([len(found) < num_queries for found in picks])
    may_win = (known_above > cut) | ((known_above == cut) & ties_may_win)
    return list(map(int, np.flatnonzero(is_short & may_win)))


def _value_of_rank(picks: list[Picks], rank: int) -> float:
    """Score of the pick of that rank, from 1, over all images; -inf if there are fewer."""
    if rank == 0:
        return np.inf  # nothing is chosen
    values = np.concatenate([found.values for found in picks])
    if len(values) < rank:
        return -np.inf
    position = len(values) - rank
    values.partition(position)
    return float(values[position])


def _num_from(picks: list[Picks], score: float) -> IntArray:
    """Picks of each image with this or a higher score, (N,)."""
    return np.array([found.num_from(score) for found in picks])


def _joined(picks: list[Picks], num_picks: IntArray, height: int, by_score: bool) -> Queries:
    """The first picks of every image, by score or image by image; `picks` is emptied."""
    places = np.concatenate([p.places[:n] for p, n in zip(picks, num_picks, strict=True)])
    values = np.concatenate([p.values[:n] for p, n in zip(picks, num_picks, strict=True)])
    image = np.repeat(np.arange(len(picks), dtype=np.int32), num_picks)
    picks.clear()  # of a large pool they are half a gigabyte
    if by_score:
        # A stable order leaves equal scores image by image, and in an image as they were picked.
        order = np.argsort(np.negative(values, out=values), kind="stable")
        places, image = places[order], image[order]
        del values, order
    return as_queries(image, places, height)
