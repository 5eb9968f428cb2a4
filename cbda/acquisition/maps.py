"""Maps that scores are made of: entropies, and means and impurities over a window.

They work on whatever device holds the logits. The prediction comes beside the entropy, because
both come from the same logits.
"""

import math
from collections.abc import Callable
from functools import cache
from typing import TypeVar

import torch
from torch import Tensor
from torch.nn import functional

from cbda.acquisition.methods import EPSILON
from cbda.models.logits import most_probable

OUTSIDE = 255  # prediction beyond the border; classes are at most 255, so 0..254
ENTROPY_BLOCK_PX = 1 << 13
MAX_TABLE_SIZE = 1 << 13  # of a window, in px
LARGE_PX = 1 << 19  # from which a compiler, half a second to import, pays

Logits = TypeVar("Logits")  # of an image, or of several views of it
Scored = tuple[Tensor, Tensor]  # score (H,W) float32 and prediction (H,W) uint8


def entropy_and_prediction(logits: Tensor) -> Scored:
    """Pixel entropy in nats, (H,W) float32 (float64 of such logits), and argmax, (H,W) uint8."""
    dtype = torch.promote_types(logits.dtype, torch.float32)
    entropy = torch.empty(logits.shape[1:], device=logits.device, dtype=dtype)
    prediction = torch.empty_like(entropy, dtype=torch.uint8)
    height, width = entropy.shape
    # Blocks of rows that stay in a CPU's cache; on another device all rows at once.
    num_rows = max(ENTROPY_BLOCK_PX // width, 1) if logits.device.type == "cpu" else height
    for first in range(0, height, num_rows):
        rows = slice(first, first + num_rows)
        values = logits[:, rows].to(dtype, copy=True)  # (C, rows, W)
        probability = torch.softmax(values, dim=0)
        prediction[rows] = most_probable(values, scratch=values)
        information = torch.add(probability, EPSILON, out=values).log_()
        torch.sum(information.mul_(probability), dim=0, out=entropy[rows]).neg_()
    return entropy, prediction


def window_mean(values: Tensor, radius: int) -> Tensor:
    """Mean over the clipped window of a map (H,W) float32."""
    radius = _clamped(radius, values)
    total = _box_sum(functional.pad(values, (radius,) * 4), radius)
    return total / _window_size(values, radius)


def region_mean(pixel: Callable[[Logits, int], Scored]) -> Callable[[Logits, int], Scored]:
    """The score of a region that is the mean over its window of the score of its pixels."""

    def region(logits: Logits, radius: int) -> Scored:
        score, prediction = pixel(logits, radius)
        return window_mean(score, radius), prediction

    return region


def window_impurity(prediction: Tensor, radius: int, epsilon: float) -> Tensor:
    """Entropy in nats of the histogram of predictions over the clipped window, (H,W) float32.

    A count m of a window of n pixels can only take few values, so -m/n log(m/n + epsilon) is
    looked up, and no (C,H,W) one-hot tensor is made. A window beyond the image is one of all of it.
    """
    radius = _clamped(radius, prediction)
    max_size = math.prod(min(2 * radius + 1, side) for side in prediction.shape)
    if max_size > MAX_TABLE_SIZE:
        return _sum_in_wide_windows(prediction, radius, epsilon)
    table = _entropy_table(max_size, epsilon, torch.get_default_dtype())
    if prediction.device.type == "cpu" and prediction.numel() >= LARGE_PX:
        from cbda.acquisition.windows import sum_over_classes

        num_classes = int(prediction.max()) + 1
        sums = sum_over_classes(prediction.numpy(), num_classes, radius, table.numpy())
        return torch.from_numpy(sums)
    return _sum_over_classes(prediction, radius, table.to(prediction.device))


def _sum_over_classes(prediction: Tensor, radius: int, table: Tensor) -> Tensor:
    """What `cbda.acquisition.windows` computes, on any device and without its compiler."""
    row_of_table = _window_size(prediction, radius).int() * len(table)  # (H, W)
    padded = functional.pad(prediction, (radius,) * 4, value=OUTSIDE)
    narrowest = torch.uint8 if (2 * radius + 1) ** 2 < 256 else torch.int32  # that holds a count
    sums = torch.zeros(prediction.shape, device=prediction.device)
    present = torch.bincount(prediction.flatten()).nonzero()
    for label in present.flatten().tolist():
        count = _box_sum((padded == label).to(narrowest), radius)
        place = (row_of_table + count).flatten()
        sums += table.flatten().index_select(0, place).view(count.shape)
    return sums


def _sum_in_wide_windows(prediction: Tensor, radius: int, epsilon: float) -> Tensor:
    """The same where a table of all counts would fill the memory."""
    size, padded = (
        _window_size(prediction, radius),
        functional.pad(prediction, (radius,) * 4, value=OUTSIDE),
    )
    sums = torch.zeros(prediction.shape, device=prediction.device)
    for label in torch.bincount(prediction.flatten()).nonzero().flatten().tolist():
        count = _box_sum((padded == label).int(), radius)
        sums += _entropy_term(count.double() / size, epsilon).to(sums.dtype)
    return sums


@cache
def _entropy_table(max_size: int, epsilon: float, dtype: torch.dtype = torch.float32) -> Tensor:
    """Row n, column m: the entropy term of m pixels out of n; (max_size+1, max_size+1)."""
    size = torch.arange(max_size + 1, dtype=torch.float64).clamp(min=1)[:, None]
    share = torch.arange(max_size + 1, dtype=torch.float64)[None, :] / size
    return _entropy_term(share, epsilon).to(dtype)


def _entropy_term(share: Tensor, epsilon: float) -> Tensor:
    """What a class of a share adds to the entropy in nats, float64."""
    return -share * torch.log(share + epsilon) if epsilon else torch.special.entr(share)


def _clamped(radius: int, values: Tensor) -> int:
    """The smallest radius whose windows are those of a radius in a map (H,W)."""
    return min(radius, max(values.shape) - 1)


def _box_sum(padded: Tensor, radius: int) -> Tensor:
    """Sums of windows that lie inside a map, (H,W) of (H+2k,W+2k), one axis after the other."""
    for axis in (0, 1):
        length = padded.shape[axis] - 2 * radius
        total = padded.narrow(axis, 0, length).clone()
        for offset in range(1, 2 * radius + 1):
            total += padded.narrow(axis, offset, length)
        padded = total
    return padded


def _window_size(values: Tensor, radius: int) -> Tensor:
    """Number of pixels in the clipped window, (H,W) float32."""
    lengths = []
    for size in values.shape:
        position = torch.arange(size, device=values.device)
        last = (position + radius).clamp(max=size - 1)
        lengths.append((last - (position - radius).clamp(min=0) + 1).float())
    return lengths[0][:, None] * lengths[1]
