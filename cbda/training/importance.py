"""Weights of classes in the loss for what acquisition does to their shares.

Who asks for rare classes trains on another class prior than the pool's. Importance weights, the
shares of the pool over those of the labels, make the mean over labels one over the pool again.
"""

from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from cbda.errors import UserError
from cbda.files.labels import LabelFile

IntArray = NDArray[np.int64]


def importance_weights(
    acquired: IntArray, predicted: IntArray, power: float
) -> NDArray[np.float32]:
    """Weights (C,) float32 with a mean of 1 over the labels: (pool share / label share)^power.

    Args:
        acquired: (C,) labelled pixels; a class without any weighs 0.
        predicted: (C,) pixels of the pool by predicted class, which the labelled ones are added to,
            so that no class that was labelled weighs 0.
        power: 0 for equal weights, 1 for the pool's prior.
    """
    pool = (predicted + acquired) / (predicted + acquired).sum()
    labelled = acquired / max(acquired.sum(), 1)
    seen = labelled > 0
    weights = np.divide(pool, labelled, out=np.zeros_like(pool), where=seen) ** power * seen
    return np.asarray(weights / max((weights * labelled).sum(), 1e-12), np.float32)


def read_weights(labels_path: Path, power: float) -> Tensor:
    """The weights of a label file; a `UserError` unless it says what the pool is predicted as."""
    with LabelFile.open(labels_path) as labels:
        summary = labels.summary
    if summary.predicted_px is None:
        raise UserError(
            f"{labels_path}: does not say what the pool is predicted as: it was made from scores of"
            " an older version; score and acquire again, or set training.loss.importance to 0"
        )
    acquired = summary.class_counts.sum(axis=0)
    return torch.from_numpy(importance_weights(acquired, summary.predicted_px, power))
