"""The pool as training sees it: target images with the labels acquired so far."""

import os
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from cbda.errors import UserError
from cbda.files.hdf5 import named_errors

if TYPE_CHECKING:
    import h5py

from cbda.datasets.agreement import require_same_pool
from cbda.datasets.dataset import Dataset
from cbda.datasets.ids import VOID
from cbda.files.labels import open_labels
from cbda.files.scores import read_image_ids


class AcquiredLabels:
    """Random access to the label maps of a label file, in any process.

    The file is opened by the process that reads from it first, so that an instance can be
    handed to the workers of a loader.
    """

    def __init__(self, path: Path) -> None:
        with open_labels(path) as file:
            self.image_ids = read_image_ids(file)
            self.num_classes = file.attrs["class_counts"].shape[1]
            self.size: tuple[int, int] = file["label"].shape[1:]
        self.path = path
        self._file: h5py.File | None = None
        self._owner = 0

    def read_label(self, index: int) -> NDArray[np.uint8]:
        """Labels acquired in one image, (H,W) uint8, 255 = none."""
        import h5py

        with named_errors(self.path):
            if self._file is None or self._owner != os.getpid():
                self._file, self._owner = h5py.File(self.path, "r"), os.getpid()
            label: NDArray[np.uint8] = self._file["label"][index]
        if ((label >= self.num_classes) & (label != VOID)).any():
            raise UserError(
                f"{self.path}: image {self.image_ids[index]!r} has labels beyond the"
                f" {self.num_classes} classes"
            )
        return label


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


class AcquiredPool:
    """A dataset whose labels are those of a label file."""

    def __init__(self, dataset: Dataset, labels_path: Path) -> None:
        """Open it.

        Raises:
            UserError: the label file is of another pool, size of images or number of classes.
        """
        self.dataset = dataset
        self.labels = AcquiredLabels(labels_path)
        require_same_pool(str(labels_path), self.labels.image_ids, dataset.root, dataset.image_ids)
        if self.labels.num_classes != len(dataset.classes):
            raise UserError(
                f"{labels_path} has {self.labels.num_classes} classes, {dataset.root}"
                f" {len(dataset.classes)}"
            )
        if self.labels.size != dataset.image_size(0):
            raise UserError(
                f"{labels_path} is of images of {self.labels.size} px (height, width),"
                f" {dataset.root} has {dataset.image_size(0)}"
            )

    def __len__(self) -> int:
        return len(self.dataset)

    def read_image(self, index: int) -> NDArray[np.uint8]:
        """Image (H,W,3) uint8."""
        return self.dataset.read_image(index)

    def read_label(self, index: int) -> NDArray[np.uint8]:
        """Acquired labels, (H,W) uint8, 255 = none."""
        return self.labels.read_label(index)
