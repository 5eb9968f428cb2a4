"""Training batches whose order is a function of the seed and the iteration alone.

So a run that is cut into jobs, resumed, or loaded by several workers sees the same batches as
an uninterrupted one.
"""

import atexit
import multiprocessing
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any, NamedTuple, Protocol, TypeAlias

import numpy as np
import torch
from numpy.random import Generator
from numpy.typing import NDArray
from torch import Tensor
from torch.utils.data import DataLoader, Dataset, default_collate

from cbda.compute.parallel import available_threads
from cbda.compute.seeds import Stream
from cbda.errors import UserError
from cbda.models.images import Size, resize_image, to_tensor
from cbda.settings.training import TrainingSettings
from cbda.training.augmentation import REDUCTIONS, Augmentation, crop
from cbda.training.encoded import EncodedImages
from cbda.training.inputs import Inputs
from cbda.training.order import BalancedOrder, shuffled_index
from cbda.training.resume import ignore_termination


class LabelledImages(Protocol):
    """Images with labels, however they are stored."""

    def __len__(self) -> int: ...

    def read_image(self, index: int) -> NDArray[np.uint8]:
        """Image (H,W,3) uint8."""

    def read_label(self, index: int) -> NDArray[np.uint8]:
        """Label (H,W) uint8, 255 = none."""


Pictures: TypeAlias = LabelledImages | EncodedImages


class Batch(NamedTuple):
    """One iteration: images (B,3,h,w) float32, labels (B,H,W) uint8; target may be absent.

    In place of images there may be features of several scales.
    """

    source_image: Inputs
    source_label: Tensor
    target_image: Inputs | None = None
    target_label: Tensor | None = None


@dataclass(frozen=True)
class _Batches(Dataset[Batch]):
    """By iteration, as many source images as target images."""

    source: Pictures
    target: Pictures | None
    settings: TrainingSettings
    seed: int
    source_index: Callable[[int], int]  # of a position in the order of the source

    def __getitem__(self, iteration: int) -> Batch:
        pairs = [self._load_pair(iteration, slot) for slot in range(self.settings.batch_size)]
        return Batch(*(default_collate(list(column)) for column in zip(*pairs, strict=True)))

    def _load_pair(self, iteration: int, slot: int) -> tuple[Any, ...]:
        position = iteration * self.settings.batch_size + slot
        rng = np.random.default_rng([self.seed, Stream.AUGMENTATION, iteration, slot])
        index, size = self.source_index(position), self.settings.image_size
        height, width = self.settings.source_size or size
        # Every pixel of the source has a label, so that shrinking its labels loses nothing.
        source = self._load(self.source, index, rng, (height, width), "nearest")
        if self.target is None:
            return source
        index = shuffled_index(self.seed, Stream.TARGET_ORDER, len(self.target), position)
        return source + self._load(self.target, index, rng, size, self.settings.label_reduction)

    def _load(
        self,
        images: Pictures,
        index: int,
        rng: Generator,
        size: Size,
        reduction: str,
    ) -> tuple[Inputs, Tensor]:
        augmentation = Augmentation.draw(self.settings, rng)
        if isinstance(images, EncodedImages):
            features = images.read_features(index, augmentation.mirror)
            label = images.read_label(index)
            return features, _finish_label(label, size, reduction, augmentation)
        image, label = images.read_image(index), images.read_label(index)
        if self.settings.crop_size:
            (height, width), whole, at = self.settings.crop_size, size, rng.random(2)
            size = (height, width)
            image, label = (crop(pixels, size, whole, at) for pixels in (image, label))
        image = augmentation.apply_to_image(resize_image(image, size))
        return to_tensor(image), _finish_label(label, size, reduction, augmentation)


def _finish_label(
    label: NDArray[np.uint8], size: Size, reduction: str, augmentation: Augmentation
) -> Tensor:
    if reduction != "none":
        label = REDUCTIONS[reduction](label, size)
    return torch.from_numpy(augmentation.apply_to_label(label).copy())


def create_loader(
    source: Pictures,
    target: Pictures | None,
    settings: TrainingSettings,
    seed: int,
    start: int,
    stop: int,
    presence: NDArray[np.bool_] | None = None,
    pin_memory: bool = False,
) -> DataLoader[Batch]:
    """Batches of the iterations `start` to `stop` - 1.

    The target is the pool with the labels acquired so far (255 elsewhere), all of one size; None
    trains on the source alone. The presence (N,C) says which classes each source image contains;
    the sampling `class_balanced` alone needs it. A CUDA device reads from pinned memory fastest.
    """
    source_index: Callable[[int], int]
    source_index = partial(shuffled_index, seed, Stream.SOURCE_ORDER, len(source))
    if settings.source_sampling != "uniform":
        if presence is None:
            raise UserError("training.source_sampling class_balanced needs the source's statistics")
        source_index = BalancedOrder(presence, seed, Stream.SOURCE_ORDER).index
    num_workers = min(settings.num_workers, available_threads())
    if num_workers:
        atexit.register(_kill_workers)
    return DataLoader(
        _Batches(source, target, settings, seed, source_index),
        batch_size=None,
        sampler=range(start, stop),
        num_workers=num_workers,
        pin_memory=pin_memory,
        worker_init_fn=ignore_termination,
    )


def _kill_workers() -> None:
    """Where an error keeps a loader alive, its workers are ended by the end of the process.

    Multiprocessing ends them by SIGTERM, which they ignore, and then waits for them.
    """
    for process in multiprocessing.active_children():
        process.kill()
