"""Scores and the weights of their predicted classes to the numbers that pixels compete by.

A weight is there to hold a class back: it never raises a score, so that one below 0 stays as it is,
and a class of weight 0 comes after all others, in the order of its scores.
"""

import numpy as np
from numpy.typing import NDArray

from cbda.compiled import compiled

FloatArray = NDArray[np.float64]

NUM_MAGNITUDES = 1 << 31  # of float32, whose other bit is the sign
BELOW_FLOAT32 = 2.0**128  # the smallest power of two above every float32


@compiled
def weigh(
    score: NDArray[np.float32], prediction: NDArray[np.uint8], weights: FloatArray
) -> FloatArray:
    """Scores (H,W) held back by the weight of their predicted class, (C,) within [0, 1].

    (H,W) float64, in which no two scores of a class that differ become one.
    """
    weighted, bits = np.empty(score.shape, np.float64), score.view(np.int32)
    for row in range(score.shape[0]):
        for column in range(score.shape[1]):
            weight, value = weights[prediction[row, column]], np.float64(score[row, column])
            if weight == 0:
                weighted[row, column] = _last(np.int64(bits[row, column]))
            else:
                weighted[row, column] = weight * value if value > 0 else value
    return weighted


@compiled
def weigh_literally(
    score: NDArray[np.float32], prediction: NDArray[np.uint8], weights: FloatArray
) -> FloatArray:
    """Scores (H,W) times the weight of their predicted class, whatever their sign, float64."""
    weighted = np.empty(score.shape, np.float64)
    for row in range(score.shape[0]):
        for column in range(score.shape[1]):
            weighted[row, column] = score[row, column] * weights[prediction[row, column]]
    return weighted


@compiled
def _last(bits: int | np.integer) -> float:
    """A number below all of float32, in the order of the float32 of these bits.

    A difference to a large number would lose small scores; the bits of a float32 ascend with its
    magnitude, and as whole numbers they are exact.
    """
    rank = bits if bits >= 0 else -(bits & (NUM_MAGNITUDES - 1))  # 0 and -0 tie
    return (rank - NUM_MAGNITUDES) * BELOW_FLOAT32
