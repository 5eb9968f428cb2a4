"""The definitions executed word by word, as the published code executes them."""

import math

import torch
from torch import Tensor
from torch.nn import functional

EPSILON = 1e-6


def ripu_region(logits: Tensor, radius: int) -> tuple[Tensor, Tensor]:
    """RIPU's region score by grouped convolutions over one-hot predictions: (H,W) and (H,W)."""
    num_classes, side = len(logits), 2 * radius + 1
    scale = math.log(num_classes)
    probability = torch.softmax(logits, dim=0)
    entropy = -(probability * torch.log(probability + EPSILON)).sum(dim=0) / scale
    prediction = probability.argmax(dim=0)
    one_hot = functional.one_hot(prediction, num_classes).permute(2, 0, 1).float()[None]
    kernel = torch.ones(num_classes, 1, side, side)
    counts = functional.conv2d(one_hot, kernel, padding=radius, groups=num_classes)[0]
    size = counts.sum(dim=0)
    share = counts / size
    impurity = -(share * torch.log(share + EPSILON)).sum(dim=0) / scale
    total = functional.conv2d(entropy[None, None], kernel[:1], padding=radius)[0, 0]
    return impurity * total / size, prediction


def select(score: Tensor, num_queries: int, radius: int) -> Tensor:
    """The loop over queries, each a maximum over the whole score map: (M,2) row and column.

    As published: over the rows of every column, then over the columns, so that ties go to the
    smallest column, then the smallest row.
    """
    remaining, reach = score.clone(), 2 * radius
    centres = torch.empty((num_queries, 2), dtype=torch.int64)
    for index in range(num_queries):
        highest, rows = remaining.max(dim=0)
        column = int(highest.max(dim=0).indices)
        row = int(rows[column])
        centres[index] = torch.tensor([row, column])
        block = slice(max(row - reach, 0), row + reach + 1)
        remaining[block, max(column - reach, 0) : column + reach + 1] = -torch.inf
    return centres
