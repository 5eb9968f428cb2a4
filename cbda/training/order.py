"""Order of the training images: a function of the seed and the position alone."""

from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from cbda.datasets.agreement import require_same_pool
from cbda.datasets.dataset import Dataset
from cbda.errors import UserError
from cbda.files.json_files import load_statistics

SUB_EPOCH = 3000  # draws after which RIPU starts its count of classes anew


def shuffled_index(seed: int, stream: int, num_items: int, position: int) -> int:
    """Item at a position of an endless sequence of shuffled epochs."""
    epoch, offset = divmod(position, num_items)
    return int(_epoch_order(seed, stream, num_items, epoch)[offset])


@lru_cache(maxsize=4)
def _epoch_order(seed: int, stream: int, num_items: int, epoch: int) -> NDArray[np.int64]:
    return np.random.default_rng([seed, stream, epoch]).permutation(num_items)


@dataclass
class BalancedOrder:
    """Endless sequence in which images of rarely drawn classes are drawn more often.

    The sampling of RIPU's published code (arXiv 2111.12940): a class is drawn with a
    probability that falls with its share of what was drawn so far in the sub-epoch, then the
    next image, in shuffled order, of those that contain it. Here a sub-epoch depends on its
    number alone.
    """

    presence: NDArray[np.bool_]  # (N,C), whether image n contains class c
    seed: int
    stream: int
    _orders: dict[int, NDArray[np.int64]] = field(default_factory=dict, repr=False)

    def __post_init__(self) -> None:
        if not self.presence.any():
            raise UserError("class balanced sampling: no image contains any of the classes")

    def index(self, position: int) -> int:
        """Image at a position of the sequence."""
        number, offset = divmod(position, SUB_EPOCH)
        if number not in self._orders:
            self._orders = {number: self._draw(number)}
        return int(self._orders[number][offset])

    def _draw(self, number: int) -> NDArray[np.int64]:
        rng = np.random.default_rng([self.seed, self.stream, number])
        images = [rng.permutation(np.flatnonzero(column)) for column in self.presence.T]
        num_drawn = np.zeros(len(images), np.int64)
        counts = np.zeros(len(images), np.int64)
        available = np.asarray(self.presence.any(axis=0))
        order = np.empty(SUB_EPOCH, np.int64)
        for position, uniform in enumerate(rng.random(SUB_EPOCH)):
            chosen = _draw_class(_class_probability(counts, available), uniform)
            order[position] = images[chosen][num_drawn[chosen] % len(images[chosen])]
            num_drawn[chosen] += 1
            counts += self.presence[order[position]]
        return order


def _class_probability(
    counts: NDArray[np.int64], available: NDArray[np.bool_]
) -> NDArray[np.float64]:
    """1 / log(1.01 + share of the class), 0 for a class that no image contains, of sum 1."""
    share = counts / max(int(counts.sum()), 1)
    weight = available / np.log(1.01 + share)
    return np.asarray(weight / weight.sum())


def _draw_class(probability: NDArray[np.float64], uniform: float) -> int:
    """The class at a number uniform in [0, 1); never one of probability 0."""
    cumulated = np.cumsum(probability)
    return int(np.searchsorted(cumulated, uniform * cumulated[-1], side="right"))


def read_presence(path: Path | None, source: Dataset) -> NDArray[np.bool_] | None:
    """Which classes every source image contains, (N,C), if there is a file that says it."""
    if path is None:
        return None
    image_ids, classes, counts = load_statistics(path)
    require_same_pool(path, image_ids, source.root, source.image_ids)
    if classes != list(source.classes):
        raise UserError(f"{path}: is of other classes than this training")
    return counts > 0
