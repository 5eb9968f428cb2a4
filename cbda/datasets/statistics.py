"""Class statistics of a dataset."""

import numpy as np
from numpy.typing import NDArray

from cbda.datasets.dataset import Dataset
from cbda.datasets.ids import VOID
from cbda.datasets.pictures import PixelArray


def label_counts(label: PixelArray, num_classes: int) -> NDArray[np.int64]:
    """(C + 1,) int64 pixels of each class in a label, void last."""
    counts = np.bincount(label.ravel(), minlength=VOID + 1)
    return np.append(counts[:num_classes], counts[VOID]).astype(np.int64)


def pair_counts(dataset: Dataset, index: int) -> NDArray[np.int64]:
    """(C + 1,) int64 pixels of each class in one label, void last."""
    return label_counts(dataset.read_label(index), len(dataset.classes))
