"""Losses of RIPU (arXiv 2111.12940): two cross entropies and two regularisers.

Logits are (B,C,H,W) float, labels (B,H,W) int64 with 255 for none.
"""

from collections.abc import Callable

import torch
from torch import Tensor
from torch.nn import functional

from cbda.datasets.ids import VOID

EPSILON = 1e-6


def cross_entropy(logits: Tensor, label: Tensor) -> Tensor:
    """Mean cross entropy over labelled pixels, 0 if there are none."""
    num_labelled = (label != VOID).sum().clamp(min=1)
    if logits.is_cuda:
        logits, label = as_rows(logits, label)
    total = functional.cross_entropy(logits, label, ignore_index=VOID, reduction="sum")
    return total / num_labelled


def as_rows(logits: Tensor, label: Tensor) -> tuple[Tensor, Tensor]:
    """Pixels as rows, (P,C) logits and (P,) labels: CUDA has a repeatable kernel only for these."""
    return logits.permute(0, 2, 3, 1).flatten(0, 2), label.flatten()


def local_consistency(logits: Tensor, label: Tensor) -> Tensor:
    """Mean L1 distance of probabilities to their 3x3 mean, on class boundaries of the source."""
    probability = torch.softmax(logits, dim=1)
    mean = _reduce_windows(probability, torch.add) / 9
    distance = (probability - mean).abs().sum(dim=1)
    boundary = class_boundary(label) & (label != VOID)
    return (distance * boundary).sum() / boundary.sum().clamp(min=1)


def class_boundary(label: Tensor) -> Tensor:
    """Pixels whose 3x3 neighbourhood holds more than one label, (B,H,W) bool."""
    maps = label[:, None].float()  # padding by replication knows no integers
    highest = _reduce_windows(maps, torch.maximum)
    lowest = _reduce_windows(maps, torch.minimum)
    return (highest != lowest)[:, 0]


def _reduce_windows(maps: Tensor, combine: Callable[[Tensor, Tensor], Tensor]) -> Tensor:
    """Combine every 3x3 window, replicated at the border; several times faster than pooling."""
    reduced = functional.pad(maps, (1, 1, 1, 1), mode="replicate")
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
