"""Segmentation metrics: counts in int64 first, divisions at the end."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from cbda.datasets.ids import VOID

Counts = NDArray[np.int64]


def confusion_matrix(
    label: NDArray[np.uint8], prediction: NDArray[np.uint8], num_classes: int
) -> Counts:
    """Pixels by true class (row) and predicted class (column), void left out; (C,C) int64.

    Args:
        label: any shape, uint8, 255 = void.
        prediction: the same shape, uint8; else, or with a class out of range, a ValueError.
        num_classes: C.
    """
    if label.shape != prediction.shape:
        raise ValueError(f"label {label.shape} and prediction {prediction.shape} differ in shape")
    counted = label != VOID
    true, predicted = label[counted].astype(np.int64), prediction[counted].astype(np.int64)
    highest = max(true.max(initial=0), predicted.max(initial=0))
    if highest >= num_classes:
        raise ValueError(f"class {highest} is not one of the {num_classes} classes")
    flat = np.bincount(true * num_classes + predicted, minlength=num_classes**2)
    return flat.reshape(num_classes, num_classes).astype(np.int64)


def class_iou(confusion: Counts) -> NDArray[np.float64]:
    """IoU of every class of a (C,C) confusion, (C,) float64 in [0, 1]; NaN without a true pixel."""
    hits, true = np.diag(confusion), confusion.sum(axis=1)
    union = confusion.sum(axis=0) + true - hits
    iou = np.full(len(hits), np.nan)
    np.divide(hits, union, out=iou, where=true > 0)
    return iou


def mean_iou(iou: NDArray[np.float64]) -> float:
    """Mean over the classes present; NaN if there are none."""
    present = iou[~np.isnan(iou)]
    return float(present.mean()) if len(present) else float("nan")


def summarise(confusion: Counts, classes: list[str], subset: Sequence[str] = ()) -> dict[str, Any]:
    """What an evaluation reports: counts, IoU by class, their mean, and the worst class.

    Args:
        confusion: (C,C) int64 with at least one pixel. The IoU of a class without any is None.
        classes: names of the C classes.
        subset: classes over which a second mean is taken; the confusion with the others counts.
    """
    iou = class_iou(confusion)
    worst = int(np.nanargmin(iou))  # the first one on a tie
    of_subset = mean_iou(iou[[classes.index(name) for name in subset]])
    mean_of_subset = None if np.isnan(of_subset) else of_subset
    return {
        "classes": list(classes),
        "confusion": confusion.tolist(),
        "class_iou": [None if np.isnan(value) else float(value) for value in iou],
        "mIoU": mean_iou(iou),
        "worst_class": classes[worst],
        "worst_class_iou": float(iou[worst]),
        **({"subset": list(subset), "mIoU_subset": mean_of_subset} if subset else {}),
    }


def normalised_entropy(counts: Counts) -> float:
    """Entropy of (C,) pixels by class over log C: 1 is balanced, 0 one class, NaN no pixel."""
    if not counts.any():
        return float("nan")
    share = counts[counts > 0] / counts.sum()
    return float(-(share * np.log(share)).sum() / np.log(len(counts)))
