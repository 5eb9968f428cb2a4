"""The pool as training sees it: target images with the labels acquired so far."""

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from cbda.datasets import Dataset
from cbda.errors import UserError
from cbda.files import VOID, AcquiredLabels


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


def require_same_pool(
    one: str | Path,
    ids: list[str] | tuple[str, ...],
    other: str | Path,
    other_ids: list[str] | tuple[str, ...],
) -> None:
    """Raise a `UserError` that names the first image in which two pools differ."""
    if list(ids) == list(other_ids):
        return
    if len(ids) != len(other_ids):
        raise UserError(f"{one} has {len(ids)} images, {other} has {len(other_ids)}")
    index = next(i for i, pair in enumerate(zip(ids, other_ids, strict=True)) if pair[0] != pair[1])
    raise UserError(
        f"{one} and {other} are of different pools: image {index} is {ids[index]!r} in one and"
        f" {other_ids[index]!r} in the other"
    )


def require_label_size(
    dataset: Dataset, index: int, found: tuple[int, ...], wanted: tuple[int, ...]
) -> None:
    """Raise a `UserError` if a label is not of the size of its score map."""
    if found != wanted:
        raise UserError(
            f"{dataset.root}: label of {dataset.image_ids[index]!r} is {found} px, the scores"
            f" are {wanted}"
        )


def require_uniform_size(dataset: Dataset) -> tuple[int, int]:
    """Height and width in px that all images of a pool share."""
    first = dataset.image_size(0)
    for index, image_id in enumerate(dataset.image_ids):
        if dataset.image_size(index) != first:
            raise UserError(
                f"{dataset.root}: image {image_id!r} is {dataset.image_size(index)} px (height,"
                f" width), the first one {first}; all images of a pool must share one size"
            )
    return first
