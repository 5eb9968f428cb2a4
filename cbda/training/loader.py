"""Training batches whose order is a function of the seed and the iteration alone.

So a run that is cut into jobs, resumed, or loaded by several workers sees the same batches as
an uninterrupted one.
"""

import atexit
import multiprocessing
from dataclasses import dataclass
from functools import cache
from typing import NamedTuple, Protocol

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.utils.data import DataLoader, Dataset

from cbda.compute.parallel import available_threads
from cbda.compute.seeds import Stream
from cbda.errors import UserError
from cbda.models.images import resize_image, to_tensor
from cbda.settings.training import TrainingSettings
from cbda.training.augmentation import REDUCTIONS, Augmentation, crop
from cbda.training.order import BalancedOrder, shuffled_index
from cbda.training.resume import ignore_termination


class LabelledImages(Protocol):
    """Images with labels, however they are stored."""

    def __len__(self) -> int: ...

    def read_image(self, index: int) -> NDArray[np.uint8]:
        """Image (H,W,3) uint8."""
        ...

    def read_label(self, index: int) -> NDArray[np.uint8]:
        """Label (H,W) uint8, 255 = none."""
        ...


class Batch(NamedTuple):
    """One iteration: images (B,3,h,w) float32, labels (B,H,W) uint8; target may be absent."""

    source_image: Tensor
    source_label: Tensor
    target_image: Tensor | None = None
    target_label: Tensor | None = None


@dataclass(frozen=True)
class _Batches(Dataset[Batch]):
    """By iteration, as many source images as target images."""

    source: LabelledImages
    target: LabelledImages | None
    settings: TrainingSettings
    seed: int
    balanced: BalancedOrder | None

    def __getitem__(self, iteration: int) -> Batch:
        pairs = [self._load_pair(iteration, slot) for slot in range(self.settings.batch_size)]
        return Batch(*(torch.stack(column) for column in zip(*pairs, strict=True)))

    def _load_pair(self, iteration: int, slot: int) -> tuple[Tensor, ...]:
        position = iteration * self.settings.batch_size + slot
        rng = np.random.default_rng([self.seed, Stream.AUGMENTATION, iteration, slot])
        source = self._load_source(position, rng)
        if self.target is None:
            return source
        index = shuffled_index(self.seed, Stream.TARGET_ORDER, len(self.target), position)
        size, reduction = self.settings.image_size, self.settings.label_reduction
        return source + self._load(self.target, index, rng, size, reduction)

    def _load_source(self, position: int, rng: np.random.Generator) -> tuple[Tensor, Tensor]:
        """Every pixel of the source has a label, so that shrinking its labels loses nothing."""
        if self.balanced is None:
            index = shuffled_index(self.seed, Stream.SOURCE_ORDER, len(self.source), position)
        else:
            index = self.balanced.index(position)
        return self._load(self.source, index, rng, source_size(self.settings), "nearest")

    def _load(
        self,
        images: LabelledImages,
        index: int,
        rng: np.random.Generator,
        size: tuple[int, int],
        reduction: str,
    ) -> tuple[Tensor, Tensor]:
        augmentation = Augmentation.draw(self.settings, rng)
        image, label = images.read_image(index), images.read_label(index)
        if self.settings.crop_size:
            height, width = self.settings.crop_size
            at = rng.random(2)
            image, label = (crop(pixels, (height, width), size, at) for pixels in (image, label))
            size = (height, width)
        image = augmentation.apply_to_image(resize_image(image, size))
        if reduction != "none":
            label = REDUCTIONS[reduction](label, size)
        label = augmentation.apply_to_label(label)
        return to_tensor(image), torch.from_numpy(label.copy())


def source_size(settings: TrainingSettings) -> tuple[int, int]:
    """Height and width in px at which the network sees source images."""
    height, width = settings.source_size or settings.image_size
    return height, width


def create_loader(
    source: LabelledImages,
    target: LabelledImages | None,
    settings: TrainingSettings,
    seed: int,
    start: int,
    stop: int,
    presence: NDArray[np.bool_] | None = None,
    pin_memory: bool = False,
) -> DataLoader[Batch]:
    """Batches of the iterations `start` to `stop` - 1.

    Args:
        source: labelled source images.
        target: pool with the labels acquired so far (255 elsewhere), all of one size; None
            trains on the source alone.
        settings: sizes, batch size, augmentation, sampling and workers.
        seed: of the order and the augmentation.
        start: first iteration.
        stop: one past the last iteration.
        presence: (N,C) bool, which classes each source image contains; for the sampling
            `class_balanced` and only for it.
        pin_memory: put batches where a CUDA device reads them fastest.
    """
    balanced = _balanced_order(settings.source_sampling, presence, seed)
    num_workers = min(settings.num_workers, available_threads())
    if num_workers:
        _kill_workers_at_exit()
    return DataLoader(
        _Batches(source, target, settings, seed, balanced),
        batch_size=None,
        sampler=range(start, stop),
        num_workers=num_workers,
        pin_memory=pin_memory,
        worker_init_fn=ignore_termination,
    )


@cache
def _kill_workers_at_exit() -> None:
    """Where an error keeps a loader alive, its workers are ended by the end of the process.

    Multiprocessing ends them by SIGTERM, which they ignore, and then waits for them.
    """

    def kill() -> None:
        for process in multiprocessing.active_children():
            process.kill()

    atexit.register(kill)


def _balanced_order(
    sampling: str, presence: NDArray[np.bool_] | None, seed: int
) -> BalancedOrder | None:
    if sampling == "uniform":
        return None
    if presence is None:
        raise UserError("training.source_sampling class_balanced needs the source's statistics")
    return BalancedOrder(presence, seed, Stream.SOURCE_ORDER)
