"""Ranks of scores within an image or a pool of any size, of which no more than a table is held.

Scores are counted by the first 18 of their 32 bits, which are sign, exponent and 9 bits of the
fraction, so that a rank is exact but for scores within 0.2 % of one another; among those it is
interpolated, and equal ones have equal ranks.
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from cbda.compiled import compiled

LOW_BITS = 14
NUM_LOW = 1 << LOW_BITS
NUM_BINS = 1 << (32 - LOW_BITS)
LARGEST = np.finfo(np.float32).max

Counts = NDArray[np.int64]  # (NUM_BINS,) scores by bin, the lowest first
Map = NDArray[Any]  # (H,W) float


def no_counts() -> Counts:
    """A table of nothing, which `add_counts` adds to."""
    return np.zeros(NUM_BINS, np.int64)


def count(score: Map, free: NDArray[np.bool_]) -> Counts:
    """Free pixels of an image by their score."""
    counts = no_counts()
    _count(_bits(score), free, counts)
    return counts


class Ranks:
    """The ranks, from 1 for the highest, that scores have among those that were counted."""

    def __init__(self, counts: Counts, counted: float = 1.0) -> None:
        """Of the counts of a pool, or of those of a part of it that was counted."""
        higher = np.cumsum(counts[::-1])[::-1] - counts
        self._table = np.stack([1 + higher / counted, np.maximum(counts / counted - 1, 0)], axis=1)
        self.num_ranked = counts.sum() / counted

    def of(self, score: Map) -> Map:
        """(H,W) of the scores' type, 1 or more."""
        ranks = np.empty_like(score)
        _rank(_bits(score), self._table, ranks)
        return ranks


def _bits(score: Map) -> NDArray[np.uint32]:
    """Bits of scores as float32; -0 is 0, and what is beyond float32 the last of them."""
    if score.dtype != np.float32:
        score = np.clip(score, -LARGEST, LARGEST).astype(np.float32)
    return np.add(score, np.float32(0)).view(np.uint32)


@compiled
def _ascending(bits: np.uint32) -> np.int64:
    """Bits of a float32 as a number that ascends with it."""
    number = np.int64(bits)
    return 0xFFFFFFFF - number if number >> 31 else number + 0x80000000


@compiled
def _count(bits: NDArray[np.uint32], free: NDArray[np.bool_], counts: Counts) -> None:
    for row in range(bits.shape[0]):
        for column in range(bits.shape[1]):
            if free[row, column]:
                counts[_ascending(bits[row, column]) >> LOW_BITS] += 1


@compiled
def _rank(bits: NDArray[np.uint32], table: NDArray[np.float64], ranks: Map) -> None:
    """1 + all that are higher, and those of the same bin that are taken to be."""
    for row in range(bits.shape[0]):
        for column in range(bits.shape[1]):
            number = _ascending(bits[row, column])
            place, low = number >> LOW_BITS, number & (NUM_LOW - 1)
            share = (NUM_LOW - 1 - low) * (1 / (NUM_LOW - 1))
            ranks[row, column] = table[place, 0] + table[place, 1] * share
