"""How the queries of a round are spread over the pool: per image, or wherever scores are best.

Images do not block one another, so the greedy choice over a pool is the merge of the greedy
choices of its images, and each image takes part with a prefix of its own picks. Only picks that
can still win are kept, and one image per thread is in memory. Of picks of one score those of the
first images win, so that later images need none of it once there are enough: where a class balance
gives half the pool a weight of 0, that is nearly all of them.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from cbda.acquisition.methods import ALLOCATIONS
from cbda.compute.parallel import ordered_map
from cbda.errors import UserError, require_choice
from cbda.selection.greedy import Picks, neighbour, pick, require_sound
from cbda.selection.units import FloatArray, IntArray, Mask, block_radius

FIRST_DEPTH = 1.5  # times its even share that an image is looked at before others are known
ROWS_PER_BLOCK = 1 << 18


@dataclass(frozen=True)
class Portion:
    """Queries of a round that are chosen in one go: of one image, or of the whole pool.

    Attributes:
        num: to be chosen.
        num_before: of the same round, chosen before.
        num_after: of the same round, to be chosen after.
    """

    num: int
    num_before: int = 0
    num_after: int = 0

    def require(self, where: str, num_found: int) -> None:
        """Raise a `UserError` that says how far the round got if too few were found."""
        if num_found < self.num:
            raise UserError(
                f"{where} is exhausted: {self.num_before + num_found} of"
                f" {self.num_before + self.num + self.num_after} queries of this round found a"
                " free place; lower the budget or the radius"
            )


@dataclass(frozen=True)
class Pool:
    """Score maps to choose from.

    Attributes:
        image_ids: in pool order.
        height: H.
        read: index to score (H,W) float and taken (H,W) bool, fresh ones; called from threads.
        num_threads: images that are worked on at a time; no result depends on it.
    """

    image_ids: Sequence[str]
    height: int
    read: Callable[[int], tuple[FloatArray, Mask]]
    num_threads: int = 1

    def __len__(self) -> int:
        return len(self.image_ids)

    def pick(
        self, image: int, num_queries: int, reach: int, limit: float = -np.inf, above: bool = False
    ) -> Picks:
        """Picks of one image from a score on, or above it; see `cbda.selection.greedy.pick`."""
        score, taken = self.read(image)
        require_sound(score, taken)
        at_least = neighbour(limit, np.inf, score.dtype) if above else limit
        return pick(score, taken, num_queries, reach, at_least)


@dataclass(frozen=True)
class Chosen:
    """The queries of a round.

    Attributes:
        picks: of each image, in pool order.
        num_chosen: (N,) int64; so many of the first picks of an image are chosen.
        height: H.
        merged: whether pick order is by score over the pool, not image by image.
    """

    picks: list[Picks]
    num_chosen: IntArray
    height: int
    merged: bool

    def __len__(self) -> int:
        return int(self.num_chosen.sum())

    def centres(self, image: int, first: int = 0, last: int | None = None) -> IntArray:
        """Queries of one image in pick order, (M,2) int64: row and column."""
        last = int(self.num_chosen[image]) if last is None else last
        return self.picks[image].centres(self.height, slice(first, last))

    def in_order(self, num_rows: int = ROWS_PER_BLOCK) -> Iterator[IntArray]:
        """All queries in pick order, in blocks (M,3) int64: image, row, column."""
        first = np.zeros_like(self.num_chosen)
        for last, by_score in self._borders(num_rows):
            parts = [
                (image, int(first[image]), int(last[image]))
                for image in np.flatnonzero(last > first).tolist()
            ]
            if by_score and parts:
                yield self._merge(parts)
            else:
                yield from (self._rows(*part) for part in parts)
            first = last

    def _borders(self, num_rows: int) -> Iterator[tuple[IntArray, bool]]:
        """Up to which pick of each image a block goes, and whether it must be sorted by score.

        Picks of one score, however many they are, go image by image.
        """
        if self.merged:
            ranked = np.sort(_values(self.picks, self.num_chosen))
            for value in np.unique(ranked[-num_rows::-num_rows])[::-1]:
                yield np.minimum(_num_above(self.picks, value), self.num_chosen), True
                yield np.minimum(_num_from(self.picks, value), self.num_chosen), False
        yield self.num_chosen, self.merged

    def _merge(self, parts: list[tuple[int, int, int]]) -> IntArray:
        """Rows by score; a stable sort keeps the order of images, and of picks within one."""
        rows = np.concatenate([self._rows(*part) for part in parts])
        value = np.concatenate([self.picks[i].values[first:last] for i, first, last in parts])
        return rows[np.argsort(-value, kind="stable")]

    def _rows(self, image: int, first: int, last: int) -> IntArray:
        return np.insert(self.centres(image, first, last), 0, image, axis=1)


def choose_queries(pool: Pool, portion: Portion, allocation: str, radius: int, unit: str) -> Chosen:
    """Choose the queries of one round, or of a part of it.

    Args:
        pool: what to choose from.
        portion: `per_image` takes it from every image, `dynamic` from the whole pool.
        allocation: `per_image` or `dynamic`.
        radius: k of the region, in px.
        unit: `region` or `pixel`.

    Raises:
        UserError: the pool is exhausted before so many queries are found.
        ValueError: a score is NaN or infinite.
    """
    require_choice("allocation", allocation, ALLOCATIONS)
    choose = _choose_dynamic if allocation == "dynamic" else _choose_per_image
    return choose(pool, portion, block_radius(radius, unit))


def _choose_per_image(pool: Pool, portion: Portion, reach: int) -> Chosen:
    picks = []
    results = ordered_map(
        lambda image: pool.pick(image, portion.num, reach), range(len(pool)), pool.num_threads
    )
    for image_id, found in zip(pool.image_ids, results, strict=True):
        portion.require(f"image {image_id!r}", len(found))
        picks.append(found)
    return Chosen(picks, np.full(len(pool), portion.num), pool.height, merged=False)


def _choose_dynamic(pool: Pool, portion: Portion, reach: int) -> Chosen:
    num_queries = portion.num
    picks = _look_at_all(pool, num_queries, reach)
    cut = _value_of_rank(picks, num_queries)
    while lacking := _incomplete(picks, cut, num_queries):
        _look_again(pool, picks, lacking, reach, cut, num_queries)
        cut = _value_of_rank(picks, num_queries)
    portion.require("the pool", sum(map(len, picks)))
    return Chosen(picks, _num_winning(picks, cut, num_queries), pool.height, merged=True)


def _look_at_all(pool: Pool, num_queries: int, reach: int) -> list[Picks]:
    """Picks of every image that look able to win, judged by the images before it."""
    even_share = num_queries / len(pool)
    first_depth = int(FIRST_DEPTH * even_share) + 1
    limit, num_known = -np.inf, 0

    def look(image: int) -> Picks:
        depth = first_depth if limit == -np.inf else num_queries
        return pool.pick(image, depth, reach, limit, above=num_known >= num_queries)

    picks: list[Picks] = []
    for found in ordered_map(look, range(len(pool)), pool.num_threads):
        picks.append(found)
        seen = len(picks)
        if seen & (seen - 1) == 0:  # powers of two: all judgements together cost as much as one
            limit = _value_of_rank(picks, max(int(even_share * (seen + seen**0.5)), 1))
            num_known = int(_num_from(picks, limit).sum())
        else:
            num_known += int(_num_from([found], limit)[0])
    return picks


def _incomplete(picks: list[Picks], cut: float, num_queries: int) -> list[int]:
    """Images of which a pick that might win was not looked at."""
    if cut == -np.inf:
        return [image for image, found in enumerate(picks) if found.complete_above > -np.inf]
    num_from = _num_from(picks, cut)
    ties_may_win = np.cumsum(num_from) - num_from < num_queries

    def is_incomplete(image: int) -> bool:
        found = picks[image]
        if len(found) == num_queries:
            return False
        return found.complete_above > cut or (found.complete_above == cut and ties_may_win[image])

    return [image for image in range(len(picks)) if is_incomplete(image)]


def _look_again(
    pool: Pool, picks: list[Picks], images: list[int], reach: int, cut: float, num_queries: int
) -> None:
    """Replace the picks of some images by all from the cut on, or twice as many if it is open."""
    num_from = _num_from(picks, cut)

    def look(image: int) -> Picks:
        if cut == -np.inf:
            return pool.pick(image, 2 * len(picks[image]) + 1, reach)
        enough_before = bool(num_from[:image].sum() >= num_queries)
        return pool.pick(image, num_queries, reach, cut, above=enough_before)

    for image, found in zip(images, ordered_map(look, images, pool.num_threads), strict=True):
        picks[image], num_from[image] = found, _num_from([found], cut)[0]


def _value_of_rank(picks: list[Picks], rank: int) -> float:
    """Score of the pick of that rank over all images, from 1; -inf if there are fewer.

    Of rank 0 it is inf: nothing is chosen.
    """
    if rank == 0:
        return np.inf
    values = _values(picks)
    if len(values) < rank:
        return -np.inf
    position = len(values) - rank
    values.partition(position)
    return float(values[position])


def _values(picks: list[Picks], num_picks: Sequence[int] | IntArray | None = None) -> FloatArray:
    """Scores of the first picks of all images, (M,)."""
    ends = [None] * len(picks) if num_picks is None else num_picks
    return np.concatenate([found.values[:end] for found, end in zip(picks, ends, strict=True)])


def _num_above(picks: list[Picks], value: float) -> IntArray:
    """Picks of each image with a higher score, (N,)."""
    return np.array([len(p) - np.searchsorted(p.values[::-1], value, "right") for p in picks])


def _num_from(picks: list[Picks], value: float) -> IntArray:
    """Picks of each image with this or a higher score, (N,)."""
    return np.array([len(p) - np.searchsorted(p.values[::-1], value, "left") for p in picks])


def _num_winning(picks: list[Picks], cut: float, num_queries: int) -> IntArray:
    """Picks of each image among the best; of those at the cut, the first images' win."""
    above, ties = _num_above(picks, cut), _num_from(picks, cut) - _num_above(picks, cut)
    ties_before = np.cumsum(ties) - ties
    winning: IntArray = above + np.clip(num_queries - above.sum() - ties_before, 0, ties)
    return winning
