"""Histograms of predictions in sliding windows, compiled for the CPU."""

import numpy as np
from numpy.typing import NDArray

from cbda.compiled import compiled


@compiled
def sum_over_classes(
    prediction: NDArray[np.uint8], num_classes: int, radius: int, table: NDArray[np.float32]
) -> NDArray[np.float32]:
    """Sum over the classes, in order, of a function of their count in the clipped window.

    The window slides along the rows, so that a pixel costs its new and its old column and, where
    they differ, the classes. Of `table`, row n, column m is the term of m pixels of a class out of
    n in the window; predictions are (H,W) uint8 below `num_classes`, sums (H,W) float32.
    """
    height, width = prediction.shape
    sums = np.empty((height, width), np.float32)
    for row in range(height):
        first, last = max(row - radius, 0), min(row + radius + 1, height)
        counts, size, total = np.zeros(num_classes, np.int64), 0, np.float32(0)
        for column in range(-radius, width):
            new, old = column + radius, column - radius - 1
            is_inside = new < width and old >= 0
            if is_inside and _is_same(prediction, first, last, new, old):
                sums[row, column] = total
                continue
            if new < width:
                size += last - first
                for i in range(first, last):
                    counts[prediction[i, new]] += 1
            if old >= 0:
                size -= last - first
                for i in range(first, last):
                    counts[prediction[i, old]] -= 1
            if column >= 0:
                total = np.float32(0)
                for label in range(num_classes):
                    total += table[size, counts[label]]
                sums[row, column] = total
    return sums


@compiled
def _is_same(prediction: NDArray[np.uint8], first: int, last: int, new: int, old: int) -> bool:
    """Whether two columns of a window hold the same, so that its histogram does not change."""
    for row in range(first, last):  # noqa: SIM110  numba compiles no generator expressions
        if prediction[row, new] != prediction[row, old]:
            return False
    return True
