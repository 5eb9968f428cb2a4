"""A share of a round's queries that explores: at random among what the best have left free.

Weights multiply a score by the weight of the predicted class, and so lift nothing for a class that
the model never predicts. Random queries find it as often as it is there.
"""

import math
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from cbda.compute.seeds import Stream
from cbda.selection.allocation import Chosen, Portion
from cbda.selection.units import IntArray


def split_round(num_queries: int, explore: float) -> tuple[Portion, Portion]:
    """The best queries of a round and the exploring ones, m = floor(explore n + 1/2)."""
    num_exploring = math.floor(explore * num_queries + 0.5)
    num_best = num_queries - num_exploring
    return Portion(num_best, 0, num_exploring), Portion(num_exploring, num_best, 0)


def random_map(
    seed: int, round_number: int, image: int, shape: tuple[int, int]
) -> NDArray[np.float64]:
    """Uniform numbers in [0, 1), (H,W) float64, the same whoever asks and in whatever order."""
    return np.random.default_rng([seed, Stream.EXPLORING, round_number, image]).random(shape)


@dataclass(frozen=True)
class Explored:
    """The queries of a round of which some explore; used as `cbda.selection.allocation.Chosen` is.

    Attributes:
        best: queries by score.
        exploring: those at random, which come after all others.
    """

    best: Chosen
    exploring: Chosen

    def __len__(self) -> int:
        return len(self.best) + len(self.exploring)

    def centres(self, image: int) -> IntArray:
        """Queries of one image in pick order, (M,2) int64: row and column."""
        return np.concatenate([self.best.centres(image), self.exploring.centres(image)])

    def in_order(self) -> Iterator[IntArray]:
        """All queries in pick order, in blocks (M,3) int64: image, row, column."""
        yield from self.best.in_order()
        yield from self.exploring.in_order()
