"""Training batches whose order is a function of the seed and the iteration alone.

So a run that is cut into jobs, resumed, or loaded by several workers sees the same batches as
an uninterrupted one.
"""

import atexit
import multiprocessing
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from typing import NamedTuple, Protocol, TypeVar

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.utils.data import DataLoader, Dataset, Sampler

from cbda.compute.parallel import available_threads
from cbda.compute.seeds import Stream
from cbda.errors import UserError, require_choice
from cbda.models.images import resize_image, to_tensor
from cbda.settings.training import LABEL_REDUCTIONS, SAMPLINGS, TrainingSettings
from cbda.training.augmentation import REDUCTIONS, Augmentation, crop
from cbda.training.order import BalancedOrder, shuffled_index
from cbda.training.resume import ignore_termination

Number = TypeVar("Number", int, float)


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


class _Key(NamedTuple):
    iteration: int
    slot: int


@dataclass(frozen=True)
class _Pairs(Dataset[Batch]):
    """One source and one target image per key."""

    source: LabelledImages
    target: LabelledImages | None
    settings: TrainingSettings
    seed: int
    balanced: BalancedOrder | None

    def __getitem__(self, key: _Key) -> Batch:
        position = key.iteration * self.settings.batch_size + key.slot
        rng = np.random.default_rng([self.seed, Stream.AUGMENTATION, key.iteration, key.slot])
        source = self._load_source(position, rng)
        if self.target is None:
            return Batch(*source)
        index = shuffled_index(self.seed, Stream.TARGET_ORDER, len(self.target), position)
        size, reduction = self.settings.image_size, self.settings.label_reduction
        return Batch(*source, *self._load(self.target, index, rng, size, reduction))

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
            crop_size, at = two(self.settings.crop_size), two(rng.random(2).tolist())
            image, label = (crop(pixels, crop_size, size, at) for pixels in (image, label))
            size = crop_size
        image = augmentation.apply_to_image(resize_image(image, size))
        if reduction != "none":
            label = REDUCTIONS[reduction](label, size)
        label = augmentation.apply_to_label(label)
        return to_tensor(image), torch.from_numpy(label.copy())


def source_size(settings: TrainingSettings) -> tuple[int, int]:
    """Height and width in px at which the network sees source images."""
    return two(settings.source_size) if settings.source_size else settings.image_size


def two(values: Sequence[Number]) -> tuple[Number, Number]:
    """Exactly two values, as the type says."""
    first, second = values
    return first, second


@dataclass(frozen=True)
class _Iterations(Sampler[list[_Key]]):
    start: int
    stop: int
    batch_size: int

    def __iter__(self) -> Iterator[list[_Key]]:
        for iteration in range(self.start, self.stop):
            yield [_Key(iteration, slot) for slot in range(self.batch_size)]

    def __len__(self) -> int:
        return self.stop - self.start


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
    require_choice("training.label_reduction", settings.label_reduction, LABEL_REDUCTIONS)
    balanced = _balanced_order(settings.source_sampling, presence, seed)
    num_workers = min(settings.num_workers, available_threads())
    if num_workers:
        _kill_workers_at_exit()
    return DataLoader(
        _Pairs(source, target, settings, seed, balanced),
        batch_sampler=_Iterations(start, stop, settings.batch_size),
        num_workers=num_workers,
        collate_fn=_collate,
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
    require_choice("training.source_sampling", sampling, SAMPLINGS)
    if sampling == "uniform":
        return None
    if presence is None:
        raise UserError("training.source_sampling class_balanced needs the source's statistics")
    return BalancedOrder(presence, seed, Stream.SOURCE_ORDER)


def _collate(pairs: list[Batch]) -> Batch:
    columns = zip(*pairs, strict=True)
    return Batch(*(None if c[0] is None else torch.stack(c) for c in columns))  # type: ignore[arg-type]
