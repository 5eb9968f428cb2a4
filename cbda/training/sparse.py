"""Cross entropy where few pixels have a label: the rest of the map is never looked at."""

import torch
from torch import Tensor
from torch.nn import functional

from cbda.datasets.ids import VOID

# Where more pixels have a label, or the map is smaller, all of it is looked at in the same time.
MOST_LABELLED = 0.1
FEWEST_PX = 1 << 16


def is_sparse(label: Tensor) -> bool:
    """Whether so few pixels of (B,H,W) have a label that looking at them alone is faster."""
    if label.numel() < FEWEST_PX:
        return False
    return int((label != VOID).sum()) < MOST_LABELLED * label.numel()


def labelled_logits(logits: Tensor, label: Tensor) -> tuple[Tensor, Tensor]:
    """Logits (P,C) at the labelled pixels of (B,H,W), and their classes (P,).

    Those of (B,C,h,w) are enlarged as `resize_logits` does, but at these pixels alone.
    """
    image, *places = (label != VOID).nonzero(as_tuple=True)
    classes = label[image, places[0], places[1]]
    pixels = logits.permute(0, 2, 3, 1)
    if pixels.shape[1:3] == label.shape[1:]:
        return pixels[image, places[0], places[1]], classes
    (top, bottom, down), (left, right, across) = (
        _neighbours(place.to(logits.dtype), size, wanted)
        for place, size, wanted in zip(places, pixels.shape[1:3], label.shape[1:], strict=True)
    )
    above = torch.lerp(pixels[image, top, left], pixels[image, top, right], across)
    below = torch.lerp(pixels[image, bottom, left], pixels[image, bottom, right], across)
    return torch.lerp(above, below, down), classes


def _neighbours(place: Tensor, size: int, wanted: int) -> tuple[Tensor, Tensor, Tensor]:
    """Of pixels of an enlarged axis: the two they lie between, and how near the second, (P,1)."""
    position = ((place + 0.5) * (size / wanted) - 0.5).clamp(min=0)
    first = position.long()
    return first, (first + 1).clamp(max=size - 1), (position - first)[:, None]


def sparse_cross_entropy(logits: Tensor, label: Tensor) -> Tensor:
    """Mean cross entropy over labelled pixels, 0 if there are none.

    Logits (B,C,h,w) float, labels (B,H,W) int64 with 255 for none.
    """
    rows, classes = labelled_logits(logits, label)
    total = functional.cross_entropy(rows, classes, reduction="sum")
    return total / max(len(classes), 1)
