"""Gumbel numbers, one a pixel and round, the same whoever asks, for what part, in what order."""

import numpy as np
from numpy.typing import NDArray

from cbda.compiled import compiled
from cbda.compute.seeds import Stream, derive_seed

Noise = NDArray[np.float32]


class Gumbel:
    """Standard Gumbel numbers of an image of the pool, in a round of a run."""

    def __init__(self, seed: int, round_number: int, image: int) -> None:
        self._key = np.uint64(derive_seed(seed, Stream.SAMPLING, round_number, image))

    def rows(self, first: int, shape: tuple[int, int]) -> Noise:
        """Those of some rows from a first one on, (h,W) float32."""
        numbers = np.empty(shape, np.float32)
        _fill(self._key, np.uint64(first * shape[1]), numbers.reshape(-1))
        np.log1p(np.negative(numbers, out=numbers), out=numbers)  # minus an exponential number
        np.log(np.negative(numbers, out=numbers), out=numbers)
        return np.negative(numbers, out=numbers)


@compiled
def _fill(key: np.uint64, first_pixel: np.uint64, numbers: Noise) -> None:
    """Uniform numbers within (0, 1) by key and pixel: SplitMix64 (Steele et al., OOPSLA 2014).

    Its state is a counter, here of the pixels. Near 0, which makes the highest Gumbel numbers,
    they are 2^-32 apart, and near 1 as float32 are.
    """
    largest = np.float32(1 - 2.0**-24)
    for index in range(len(numbers)):
        pixel = first_pixel + np.uint64(index) + np.uint64(1)
        mixed = key + pixel * np.uint64(0x9E3779B97F4A7C15)
        mixed = (mixed ^ (mixed >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
        mixed = (mixed ^ (mixed >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
        high = (mixed ^ (mixed >> np.uint64(31))) >> np.uint64(32)
        uniform = (np.float32(high) + np.float32(0.5)) * np.float32(2.0**-32)
        numbers[index] = min(uniform, largest)
