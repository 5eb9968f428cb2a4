"""Gumbel numbers, one a pixel and round, the same whoever asks, for what part, in what order."""

from typing import cast

import numpy as np
from numpy.typing import NDArray

from cbda.compiled import compiled
from cbda.compute.seeds import Stream, derive_seed

Noise = NDArray[np.float32]


def gumbel_map(seed: int, round_number: int, image: int, shape: tuple[int, int]) -> Noise:
    """Standard Gumbel numbers (H,W) float32 of an image of the pool, in a round of a run."""
    numbers = np.empty(shape, np.float32)
    _fill(np.uint64(derive_seed(seed, Stream.SAMPLING, round_number, image)), numbers)
    np.log1p(np.negative(numbers, out=numbers), out=numbers)  # minus an exponential number
    np.log(np.negative(numbers, out=numbers), out=numbers)
    return cast(Noise, np.negative(numbers, out=numbers))


@compiled
def _fill(key: np.uint64, numbers: Noise) -> None:
    """Uniform numbers within (0, 1) by key and pixel: SplitMix64 (Steele et al., OOPSLA 2014).

    Its state is a counter, here of the pixels. Near 0, which makes the highest Gumbel numbers,
    they are 2^-32 apart, and near 1 as float32 are.
    """
    largest = np.float32(1 - 2.0**-24)
    width = np.uint64(numbers.shape[1])
    for row in range(numbers.shape[0]):
        for column in range(numbers.shape[1]):
            pixel = np.uint64(row) * width + np.uint64(column) + np.uint64(1)
            mixed = key + pixel * np.uint64(0x9E3779B97F4A7C15)
            mixed = (mixed ^ (mixed >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
            mixed = (mixed ^ (mixed >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
            high = (mixed ^ (mixed >> np.uint64(31))) >> np.uint64(32)
            uniform = (np.float32(high) + np.float32(0.5)) * np.float32(2.0**-32)
            numbers[row, column] = min(uniform, largest)
