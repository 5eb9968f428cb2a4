"""The pool as training sees it: target images with the labels acquired so far."""

import os
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from cbda.datasets.agreement import require_same_pool
from cbda.datasets.dataset import Dataset
from cbda.datasets.ids import VOID
from cbda.errors import UserError
from cbda.files.encoded_images import MadeOf, require_same_images
from cbda.files.labels import LabelFile


class Unlabelled:
    """A dataset whose labels are never read."""

    def __init__(self, dataset: Dataset) -> None:
        self.dataset = dataset

    def __len__(self) -> int:
        return len(self.dataset)

    def read_image(self, index: int) -> NDArray[np.uint8]:
        """Image (H,W,3) uint8."""
        return self.dataset.read_image(index)

    def read_label(self, index: int) -> NDArray[np.uint8]:
        """No label: (H,W) uint8, all 255."""
        return np.full(self.dataset.image_size(index), VOID, np.uint8)


class AcquiredPool(Unlabelled):
    """A dataset whose labels are those of a label file.

    The file is opened by the process that reads from it first, so that an instance can be
    handed to the workers of a loader.
    """

    def __init__(self, dataset: Dataset, labels_path: Path) -> None:
        """Raise a `UserError` if labels are of another pool, image size or number of classes."""
        super().__init__(dataset)
        self._path = labels_path
        self._labels: LabelFile | None = None
        self._owner = 0
        with LabelFile.open(labels_path) as labels:
            _require_matching(labels_path, labels, dataset)

    def read_label(self, index: int) -> NDArray[np.uint8]:
        """Acquired labels, (H,W) uint8, 255 = none."""
        if self._labels is None or self._owner != os.getpid():
            self._labels, self._owner = LabelFile.open(self._path), os.getpid()
        return self._labels.read_label(index)


def _require_matching(path: Path, labels: LabelFile, dataset: Dataset) -> None:
    root, num_classes = dataset.root, len(dataset.classes)
    require_same_pool(path, labels.image_ids, root, dataset.image_ids)
    require_same_images(MadeOf(path, labels.image_sha256), dataset.image_paths)
    if labels.num_classes != num_classes:
        raise UserError(f"{path} has {labels.num_classes} classes, {root} {num_classes}")
    found, wanted = labels.shape[1:], dataset.image_size(0)
    if found != wanted:
        raise UserError(f"{path} is of images of {found} px (height, width), {root} has {wanted}")
