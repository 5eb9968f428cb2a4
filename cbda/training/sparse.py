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


def labelled_logits(
    logits: Tensor, label: Tensor, align_corners: bool = False
) -> tuple[Tensor, Tensor]:
    """Logits (P,C) at the labelled pixels of (B,H,W), and their classes (P,).

    Those of (B,C,h,w) are enlarged as `resize_logits` does, but at these pixels alone.
    """
    image, row, column = (label != VOID).nonzero(as_tuple=True)
    _, num_classes, height, width = logits.shape
    rows = _neighbours(row, height, label.shape[1], align_corners)
    columns = _neighbours(column, width, label.shape[2], align_corners)
    place = (image[:, None, None] * height + rows[0][:, :, None]) * width + columns[0][:, None]
    share = rows[1][:, :, None] * columns[1][:, None]
    pixels = logits.permute(0, 2, 3, 1).reshape(-1, num_classes)
    # Not by indexing, whose gradients depend on which thread comes first.
    found = functional.embedding_bag(
        place.flatten(1), pixels, mode="sum", per_sample_weights=share.flatten(1).to(pixels.dtype)
    )
    return found, label[image, row, column]


def _neighbours(
    place: Tensor, size: int, wanted: int, align_corners: bool
) -> tuple[Tensor, Tensor]:
    """Of pixels of an enlarged axis: the two that they lie between and their shares, (P,2) each."""
    place = place.double()
    if align_corners:
        position = place * ((size - 1) / max(wanted - 1, 1))
    else:
        position = ((place + 0.5) * (size / wanted) - 0.5).clamp(min=0)
    first = position.long()
    second = position - first
    places = torch.stack([first, (first + 1).clamp(max=size - 1)], dim=1)
    return places, torch.stack([1 - second, second], dim=1)


def sparse_cross_entropy(logits: Tensor, label: Tensor, align_corners: bool = False) -> Tensor:
    """Mean cross entropy over labelled pixels, 0 if there are none.

    Logits (B,C,h,w) float, labels (B,H,W) int64 with 255 for none.
    """
    rows, classes = labelled_logits(logits, label, align_corners)
    total = functional.cross_entropy(rows, classes, reduction="sum")
    return total / max(len(classes), 1)
