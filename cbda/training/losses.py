"""Losses of RIPU (arXiv 2111.12940): two cross entropies and two regularisers.

Logits are (B,C,H,W) float, labels (B,H,W) int64 with 255 for none.
"""

from collections.abc import Callable

import torch
from torch import Tensor
from torch.nn import functional

from cbda.datasets.ids import VOID

EPSILON = 1e-6


def cross_entropy(logits: Tensor, label: Tensor, class_weights: Tensor | None = None) -> Tensor:
    """Mean cross entropy over labelled pixels, by weights of their classes (C,) if given.

    0 if there are none.
    """
    if class_weights is None:
        weight_sum = (label != VOID).sum().clamp(min=1)
    else:
        num_others = VOID + 1 - len(class_weights)
        weight_sum = functional.pad(class_weights, (0, num_others))[label].sum().clamp(min=EPSILON)
    if logits.is_cuda:
        logits, label = as_rows(logits, label)
    total = functional.cross_entropy(
        logits, label, class_weights, ignore_index=VOID, reduction="sum"
    )
    return total / weight_sum


def as_rows(logits: Tensor, label: Tensor) -> tuple[Tensor, Tensor]:
    """Pixels as rows, (P,C) logits and (P,) labels: CUDA has a repeatable kernel only for these."""
    return logits.permute(0, 2, 3, 1).flatten(0, 2), label.flatten()


def local_consistency(logits: Tensor, label: Tensor, kind: str = "neighbourhood") -> Tensor:
    """Mean of `distance_to_mean` on class boundaries of the source, found as in `BOUNDARIES`."""
    boundary = BOUNDARIES[kind](label) & (label != VOID)
    return (distance_to_mean(logits) * boundary).sum() / boundary.sum().clamp(min=1)


def distance_to_mean(logits: Tensor) -> Tensor:
    """L1 distance of probabilities to their mean over 3x3 pixels, (B,H,W)."""
    probability = torch.softmax(logits, dim=1)
    mean = _reduce_windows(probability, torch.add) / 9
    return (probability - mean).abs().sum(dim=1)


def class_boundary(label: Tensor) -> Tensor:
    """Pixels whose 3x3 neighbourhood holds more than one label, (B,H,W) bool."""
    maps = label[:, None].float()  # padding by replication knows no integers
    highest = _reduce_windows(maps, torch.maximum)
    lowest = _reduce_windows(maps, torch.minimum)
    return (highest != lowest)[:, 0]


def laplacian_boundary(label: Tensor) -> Tensor:
    """Pixels whose label isn't the mean of its 3x3 neighbourhood, zeros outside, (B,H,W) bool.

    What RIPU's published code takes for boundaries: differences may cancel out, and the border of
    the image counts unless its class is 0.
    """
    maps = label[:, None].float()
    return (9 * maps != _reduce_windows(maps, torch.add, "constant"))[:, 0]


BOUNDARIES = {"neighbourhood": class_boundary, "laplacian": laplacian_boundary}


def _reduce_windows(
    maps: Tensor, combine: Callable[[Tensor, Tensor], Tensor], border: str = "replicate"
) -> Tensor:
    """Combine every 3x3 window, by default replicated at the border; far faster than pooling."""
    reduced = functional.pad(maps, (1, 1, 1, 1), mode=border)
    for axis in (2, 3):
        length = maps.shape[axis]
        first, second, third = (reduced.narrow(axis, start, length) for start in range(3))
        reduced = combine(combine(first, second), third)
    return reduced


def negative_learning(logits: Tensor, threshold: float) -> Tensor:
    """Mean of -log(1 - p) over all classes of the target of a probability p below a threshold."""
    probability = torch.softmax(logits, dim=1)
    improbable = (probability < threshold).detach()
    penalty = -torch.log(1 - probability + EPSILON) * improbable
    return penalty.sum() / improbable.sum().clamp(min=1)
