"""Scores of logits that are NumPy arrays, where torch need not be installed.

The formulas are those of the files in `cbda.acquisition.scores`, from which the results differ by
rounding; random numbers are NumPy's.
"""

import math
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from cbda.acquisition.methods import EPSILON, PURE_IMPURITY

Logits = NDArray[np.floating]  # (C,H,W)
Map = NDArray[np.float32]  # (H,W)
Prediction = NDArray[np.uint8]  # (H,W)
Scored = tuple[Map, Prediction]
Pixel = Callable[[Logits, int, np.random.Generator], Scored]

BLOCK_PX = 1 << 13  # of all classes, stays in a CPU's cache
MAX_TABLE_SIZE = 1 << 10  # of a window, in px, up to which terms are looked up
OUTSIDE = 255  # prediction beyond the border


def ripu_region(logits: Logits, radius: int, draws: np.random.Generator) -> Scored:
    """Impurity of the window x mean entropy in it, as published."""
    return _region(logits, radius, EPSILON, 0.0)


def ripu_pixel(logits: Logits, radius: int, draws: np.random.Generator) -> Scored:
    """Entropy of the pixel x impurity of the window, as published."""
    return _pixel(logits, radius, EPSILON, 0.0)


def ripu_exact_region(logits: Logits, radius: int, draws: np.random.Generator) -> Scored:
    """The same without an epsilon: pure windows follow the others."""
    return _region(logits, radius, 0.0, PURE_IMPURITY)


def ripu_exact_pixel(logits: Logits, radius: int, draws: np.random.Generator) -> Scored:
    """The same of pixels."""
    return _pixel(logits, radius, 0.0, PURE_IMPURITY)


def entropy(logits: Logits, radius: int, draws: np.random.Generator) -> Scored:
    """Entropy over log C."""
    values, prediction = entropy_and_prediction(logits)
    return values / np.float32(math.log(len(logits))), prediction


def margin(logits: Logits, radius: int, draws: np.random.Generator) -> Scored:
    """One minus the difference of the two highest probabilities."""
    score, prediction = _empty(logits)
    for rows, probability in _probabilities(logits):
        first, second = _two_highest(probability)
        score[rows], prediction[rows] = 1 - (first - second), probability.argmax(axis=0)
    return score, prediction


def bvsb(logits: Logits, radius: int, draws: np.random.Generator) -> Scored:
    """The second highest probability over the highest."""
    first, second = _two_highest(logits.astype(np.float32))
    return np.exp(second - first), logits.argmax(axis=0).astype(np.uint8)


def random(logits: Logits, radius: int, draws: np.random.Generator) -> Scored:
    """Uniform in [0, 1)."""
    return draws.random(logits.shape[1:], np.float32), logits.argmax(axis=0).astype(np.uint8)


def soft_entropy(logits: Logits, radius: int, draws: np.random.Generator) -> Scored:
    """Entropy over log C, and a class drawn for every pixel by its probabilities."""
    score, drawn = entropy(logits, radius, draws)
    number = draws.random(score.shape, np.float32)
    for rows, probability in _probabilities(logits):
        cumulated = probability.cumsum(axis=0)[:-1]
        drawn[rows] = (number[rows] >= cumulated).sum(axis=0)
    return score, drawn


def region_mean(pixel: Pixel) -> Pixel:
    """The score of a region that is the mean over its window of the score of its pixels."""

    def region(logits: Logits, radius: int, draws: np.random.Generator) -> Scored:
        score, prediction = pixel(logits, radius, draws)
        return window_mean(score, radius), prediction

    return region


# By score and unit, as the functions `region` and `pixel` of `cbda.acquisition.scores`.
SCORES: dict[str, dict[str, Pixel]] = {
    "ripu": {"region": ripu_region, "pixel": ripu_pixel},
    "ripu_exact": {"region": ripu_exact_region, "pixel": ripu_exact_pixel},
    "random": {"region": random, "pixel": random},
    **{
        function.__name__: {"region": region_mean(function), "pixel": function}
        for function in (entropy, margin, bvsb, soft_entropy)
    },
}


def entropy_and_prediction(logits: Logits) -> Scored:
    """Pixel entropy in nats, (H,W) float32, and argmax, the first one on a tie."""
    entropy, prediction = _empty(logits)
    for rows, probability in _probabilities(logits):
        prediction[rows] = logits[:, rows].argmax(axis=0)
        information = np.log(probability + np.float32(EPSILON))
        entropy[rows] = -(information * probability).sum(axis=0)
    return entropy, prediction


def window_mean(values: Map, radius: int) -> Map:
    """Mean over the clipped window of a map."""
    radius = _clamped(radius, values)
    return np.asarray(_box_sum(values, radius) / _window_size(values, radius))


def window_impurity(prediction: Prediction, radius: int, epsilon: float) -> Map:
    """Entropy in nats of the histogram of predictions over the clipped window."""
    radius = _clamped(radius, prediction)
    num_classes = int(prediction.max()) + 1
    max_size = math.prod(min(2 * radius + 1, side) for side in prediction.shape)
    if max_size <= MAX_TABLE_SIZE:
        from cbda.acquisition.windows import sum_over_classes

        numbers = np.arange(max_size + 1, dtype=np.float64)
        table = _term(numbers[None, :] / numbers.clip(min=1)[:, None], epsilon)
        return sum_over_classes(prediction, num_classes, radius, table.astype(np.float32))
    sums, size = np.zeros(prediction.shape, np.float32), _window_size(prediction, radius)
    for label in range(num_classes):
        count = _box_sum((prediction == label).astype(np.int64), radius)
        sums += _term(count / size.astype(np.float64), epsilon).astype(np.float32)
    return sums


def _region(logits: Logits, radius: int, epsilon: float, least: float) -> Scored:
    values, prediction = entropy_and_prediction(logits)
    scale = np.float32(math.log(len(logits)))
    uncertainty = window_mean(_bounded(values, epsilon) / scale, radius)
    impurity = window_impurity(prediction, radius, epsilon) / scale
    return (impurity + np.float32(least)) * uncertainty, prediction


def _pixel(logits: Logits, radius: int, epsilon: float, least: float) -> Scored:
    values, prediction = entropy_and_prediction(logits)
    impurity = window_impurity(prediction, radius, epsilon)
    return _bounded(values, epsilon) * (impurity + np.float32(least)), prediction


def _bounded(entropy: Map, epsilon: float) -> Map:
    """The epsilon of the entropy makes certain pixels slightly negative, which the exact aren't."""
    return entropy if epsilon else entropy.clip(min=0)


def _empty(logits: Logits) -> Scored:
    return np.empty(logits.shape[1:], np.float32), np.empty(logits.shape[1:], np.uint8)


def _probabilities(logits: Logits) -> Iterator[tuple[slice, NDArray[np.float32]]]:
    """Softmax of a block of rows after another, (C,rows,W)."""
    num_rows = max(BLOCK_PX // logits.shape[2], 1)
    for first in range(0, logits.shape[1], num_rows):
        rows = slice(first, first + num_rows)
        values = logits[:, rows].astype(np.float32)
        values -= values.max(axis=0)
        np.exp(values, out=values)
        values /= values.sum(axis=0)
        yield rows, values


def _two_highest(values: NDArray[np.float32]) -> tuple[Map, Map]:
    highest = np.partition(values, (-2, -1), axis=0)
    return highest[-1], highest[-2]


def _term(share: NDArray[np.float64], epsilon: float) -> NDArray[np.float64]:
    """What a class of a share adds to the entropy in nats; with 0 log 0 = 0."""
    logarithm = np.log(np.where(share + epsilon > 0, share + epsilon, 1.0))
    return np.asarray(-share * logarithm)


def _clamped(radius: int, values: NDArray[Any]) -> int:
    """The smallest radius whose windows are those of a radius in a map."""
    return min(radius, int(max(values.shape)) - 1)


def _box_sum(values: NDArray[Any], radius: int) -> NDArray[Any]:
    """Sums over the clipped window, one axis after the other."""
    padded = np.pad(values, radius)
    for axis in (0, 1):
        windows = np.lib.stride_tricks.sliding_window_view(padded, 2 * radius + 1, axis=axis)
        padded = windows.sum(axis=-1, dtype=values.dtype)
    return padded


def _window_size(values: NDArray[Any], radius: int) -> Map:
    """Number of pixels in the clipped window."""
    rows, columns = (
        np.minimum(place + radius, side - 1) - np.maximum(place - radius, 0) + 1
        for side in values.shape
        for place in (np.arange(side),)
    )
    return np.outer(rows, columns).astype(np.float32)
