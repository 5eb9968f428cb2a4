"""Acquisition scores: logits to score map, higher = acquire first.

Formulas: RIPU (Xie et al., CVPR 2022, arXiv 2111.12940), region impurity x prediction
uncertainty. Every score returns the prediction beside the score map, because both come from
the same logits. Works on whatever device holds the logits.
"""

import math
from collections.abc import Callable, Iterator
from functools import cache

import torch
from torch import Tensor
from torch.nn import functional

from cbda.acquisition.external import compute_external_score
from cbda.acquisition.methods import EPSILON, PURE_IMPURITY, SCORE_NAMES, UNITS, is_external
from cbda.errors import UserError, require_choice
from cbda.models.logits import most_probable, require_finite

OUTSIDE = 255  # prediction beyond the border; classes are at most 255, so 0..254
ENTROPY_BLOCK_PX = 1 << 13
LARGE_PX = 1 << 19  # from which a compiler, half a second to import, pays

Scored = tuple[Tensor, Tensor]


def ripu_region(logits: Tensor, radius: int) -> Scored:
    """Region score A = P * U as published: entropy of predictions x mean pixel entropy.

    Args:
        logits: (C,H,W) float.
        radius: k; the window around a pixel is (2k+1) x (2k+1), clipped at the border.

    Returns:
        score (H,W) float32 and prediction (H,W) uint8.
    """
    entropy, prediction = _entropy_and_prediction(logits)
    scale = math.log(logits.shape[0])
    uncertainty = _window_mean(entropy / scale, radius)
    impurity = _window_impurity(prediction, radius, EPSILON) / scale
    return impurity * uncertainty, prediction


def ripu_exact_region(logits: Tensor, radius: int) -> Scored:
    """Region score A = (P0 + delta) * U, with 0 log 0 = 0 in place of an epsilon.

    The published epsilon makes the score of a pure window slightly negative, lower the more
    uncertain it is; here pure windows follow the impure ones, the most uncertain first.

    Args:
        logits: (C,H,W) float.
        radius: window radius in px.

    Returns:
        score (H,W) float32, never negative, and prediction (H,W) uint8.
    """
    entropy, prediction = _entropy_and_prediction(logits)
    scale = math.log(logits.shape[0])
    uncertainty = _window_mean(entropy.clamp(min=0) / scale, radius)
    impurity = _window_impurity(prediction, radius, 0.0) / scale
    return (impurity + PURE_IMPURITY) * uncertainty, prediction


def ripu_pixel(logits: Tensor, radius: int) -> Scored:
    """Pixel score A = h * P', neither divided by log C, as published.

    Args:
        logits: (C,H,W) float.
        radius: window radius of the impurity, in px.

    Returns:
        score (H,W) float32 and prediction (H,W) uint8.
    """
    entropy, prediction = _entropy_and_prediction(logits)
    return entropy * _window_impurity(prediction, radius, EPSILON), prediction


def ripu_exact_pixel(logits: Tensor, radius: int) -> Scored:
    """Pixel score A = h * (P0' + delta), with 0 log 0 = 0; see `ripu_exact_region`."""
    entropy, prediction = _entropy_and_prediction(logits)
    impurity = _window_impurity(prediction, radius, 0.0)
    return entropy.clamp(min=0) * (impurity + PURE_IMPURITY), prediction


def entropy_pixel(logits: Tensor, radius: int) -> Scored:
    """Pixel entropy divided by log C; the radius is not used."""
    entropy, prediction = _entropy_and_prediction(logits)
    return entropy / math.log(logits.shape[0]), prediction


def entropy_region(logits: Tensor, radius: int) -> Scored:
    """Mean over the window of the pixel entropy divided by log C."""
    score, prediction = entropy_pixel(logits, radius)
    return _window_mean(score, radius), prediction


def margin_pixel(logits: Tensor, radius: int) -> Scored:
    """One minus the difference of the two highest probabilities; the radius is not used."""
    probability = torch.softmax(logits.float(), dim=0)
    best = probability.topk(2, dim=0).values  # (2, H, W)
    return 1 - (best[0] - best[1]), most_probable(probability)


def margin_region(logits: Tensor, radius: int) -> Scored:
    """Mean of `margin_pixel` over the window."""
    score, prediction = margin_pixel(logits, radius)
    return _window_mean(score, radius), prediction


def bvsb_pixel(logits: Tensor, radius: int) -> Scored:
    """Best versus second best: the second highest probability over the highest, within [0, 1].

    The score of Cai et al. (CVPR 2021), there over superpixels; the radius is not used.
    """
    best = logits.float().topk(2, dim=0).values  # (2, H, W)
    return torch.exp(best[1] - best[0]), most_probable(logits)


def bvsb_region(logits: Tensor, radius: int) -> Scored:
    """Mean of `bvsb_pixel` over the window."""
    score, prediction = bvsb_pixel(logits, radius)
    return _window_mean(score, radius), prediction


SCORES: dict[tuple[str, str], Callable[[Tensor, int], Scored]] = {
    ("ripu", "region"): ripu_region,
    ("ripu", "pixel"): ripu_pixel,
    ("ripu_exact", "region"): ripu_exact_region,
    ("ripu_exact", "pixel"): ripu_exact_pixel,
    ("entropy", "region"): entropy_region,
    ("entropy", "pixel"): entropy_pixel,
    ("margin", "region"): margin_region,
    ("margin", "pixel"): margin_pixel,
    ("bvsb", "region"): bvsb_region,
    ("bvsb", "pixel"): bvsb_pixel,
}


def compute_score(
    name: str, unit: str, logits: Tensor, radius: int, generator: torch.Generator
) -> Scored:
    """Score one image by the named score.

    Args:
        name: one of `cbda.acquisition.methods.SCORE_NAMES`, or a function of the user's own, see
            `cbda.acquisition.external`.
        unit: `region` or `pixel`.
        logits: (C,H,W) float.
        radius: window radius in px.
        generator: a CPU generator; what `random` draws from.

    Returns:
        score (H,W) float32 and prediction (H,W) uint8, on the device of the logits.

    Raises:
        UserError: an unknown score or unit, or logits that are not finite or of a single class.
    """
    if not is_external(name):
        require_choice("score", name, SCORE_NAMES)
    require_choice("unit", unit, UNITS)
    if len(logits) < 2:
        raise UserError(
            "logits of one class: nothing is uncertain; allowed are two classes or more"
        )
    require_finite(logits)
    if is_external(name):
        prediction = most_probable(logits)  # first, as the function may overwrite its logits
        return compute_external_score(name, logits, radius), prediction
    if name == "random":
        score = torch.rand(logits.shape[1:], generator=generator).to(logits.device)
        return score, most_probable(logits)
    return SCORES[name, unit](logits, radius)


def _entropy_and_prediction(logits: Tensor) -> Scored:
    """Pixel entropy in nats, (H,W) float32, and argmax, (H,W) uint8."""
    entropy = torch.empty(logits.shape[1:], device=logits.device)
    prediction = torch.empty_like(entropy, dtype=torch.uint8)
    for rows in _row_blocks(logits, ENTROPY_BLOCK_PX):
        values = logits[:, rows].to(torch.float32, copy=True)  # (C, rows, W)
        probability = torch.softmax(values, dim=0)
        prediction[rows] = most_probable(values, scratch=values)
        information = torch.add(probability, EPSILON, out=values).log_()
        torch.sum(information.mul_(probability), dim=0, out=entropy[rows]).neg_()
    return entropy, prediction


def _row_blocks(maps: Tensor, block_px: int) -> Iterator[slice]:
    """Blocks of whole rows that stay in a CPU's cache; on another device all rows at once."""
    height, width = maps.shape[-2:]
    num_rows = max(block_px // width, 1) if maps.device.type == "cpu" else height
    for first in range(0, height, num_rows):
        yield slice(first, min(first + num_rows, height))


def _window_mean(values: Tensor, radius: int) -> Tensor:
    """Mean over the clipped window of a map (H,W) float32."""
    return _window_sum(values, radius) / _window_size(values, radius)


def _window_impurity(prediction: Tensor, radius: int, epsilon: float) -> Tensor:
    """Entropy in nats of the histogram of predictions over the clipped window, (H,W) float32.

    A count m of a window of n pixels can only take few values, so -m/n log(m/n + epsilon) is
    looked up, and no (C,H,W) one-hot tensor is made.
    """
    table = _entropy_table((2 * radius + 1) ** 2, epsilon)
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
    sums = torch.zeros(prediction.shape, device=prediction.device)
    present = torch.bincount(prediction.flatten()).nonzero()
    for label in present.flatten().tolist():
        count = _box_sum((padded == label).to(_count_dtype(radius)), radius)
        place = (row_of_table + count).flatten()
        sums += table.flatten().index_select(0, place).view(count.shape)
    return sums


def _count_dtype(radius: int) -> torch.dtype:
    """The narrowest type that holds the pixels of a window."""
    return torch.uint8 if (2 * radius + 1) ** 2 < 256 else torch.int32


@cache
def _entropy_table(max_size: int, epsilon: float) -> Tensor:
    """Row n, column m: the entropy term of m pixels out of n; (max_size+1, max_size+1) float32."""
    size = torch.arange(max_size + 1, dtype=torch.float64).clamp(min=1)[:, None]
    share = torch.arange(max_size + 1, dtype=torch.float64)[None, :] / size
    if epsilon:
        return (-share * torch.log(share + epsilon)).float()
    entropy: Tensor = torch.special.entr(share)
    return entropy.float()


def _window_sum(values: Tensor, radius: int) -> Tensor:
    """Sum over the clipped window of a map (H,W) float32."""
    return _box_sum(functional.pad(values, (radius,) * 4), radius)


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
    height, width = values.shape
    rows, columns = (_clipped_length(n, radius, values.device) for n in (height, width))
    return rows[:, None] * columns[None, :]


def _clipped_length(length: int, radius: int, device: torch.device) -> Tensor:
    position = torch.arange(length, device=device)
    last = (position + radius).clamp(max=length - 1)
    first = (position - radius).clamp(min=0)
    return (last - first + 1).float()
