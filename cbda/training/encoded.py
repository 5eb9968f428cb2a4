"""Labelled images as a frozen encoder sees them."""

import os
from collections.abc import Collection, Mapping
from pathlib import Path
from typing import Protocol, TypeVar

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from cbda.errors import UserError
from cbda.files.features import FeatureFile
from cbda.settings.training import TrainingSettings, require_no_change


class Labels(Protocol):
    """Labels of images."""

    def __len__(self) -> int: ...

    def read_label(self, index: int) -> NDArray[np.uint8]:
        """Label (H,W) uint8, 255 = none."""


L = TypeVar("L", bound="Labels | None")


class EncodedImages:
    """Features in place of images, with the labels of a data set or of a pool.

    The file is opened by the process that reads from it first, so that an instance can be handed to
    the workers of a loader.
    """

    def __init__(self, labels: Labels, path: Path) -> None:
        self._labels, self._path = labels, path
        self._features: FeatureFile | None = None
        self._owner = 0

    def __len__(self) -> int:
        return len(self._labels)

    def read_features(self, index: int, mirrored: bool) -> list[Tensor]:
        """Features of an image, or of the mirrored one: (C,h,w) of each scale."""
        if self._features is None or self._owner != os.getpid():
            self._features, self._owner = FeatureFile.open(self._path), os.getpid()
        return [torch.from_numpy(maps) for maps in self._features.read(index, mirrored)]

    def read_label(self, index: int) -> NDArray[np.uint8]:
        """Label (H,W) uint8, 255 = none."""
        return self._labels.read_label(index)


def encoded(images: L, features: FeatureFile | None) -> L | EncodedImages:
    """Images, or features in their place if there are any."""
    return images if images is None or features is None else EncodedImages(images, features.path)


def require_trainable(
    features: Mapping[str, FeatureFile], names: Collection[str], settings: TrainingSettings
) -> None:
    """Raise a `UserError` unless there are features of all sets, of one encoding, as trained on."""
    missing = [name for name in names if name not in features]
    if missing:
        raise UserError(f"--{missing[0]}-features: missing, while the other set has features")
    wanted = {"source": settings.source_size or settings.image_size, "target": settings.image_size}
    first = next(iter(features.values()))
    for name, file in features.items():
        if file.encoding != first.encoding:
            raise UserError(f"{file.path} and {first.path} are of two encodings")
        if file.image_size != tuple(wanted[name]):
            size = f"{file.image_size} px (height, width)"
            raise UserError(f"{file.path}: of images of {size}, training is of {wanted[name]}")
        if file.encoding.interpolation != settings.interpolation:
            made = f"{file.encoding.interpolation}, training.interpolation {settings.interpolation}"
            raise UserError(f"{file.path}: of images resized by {made}")
        if settings.horizontal_flip and not file.has_mirrored:
            raise UserError(f"{file.path}: has no mirrored images; encode them, or train without")
    require_no_change(settings)
