"""Training batches whose order is a function of the seed and the iteration alone.

So a run that is cut into jobs, resumed, or loaded by several workers sees the same batches as
an uninterrupted one.
"""

import atexit
import multiprocessing
import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from typing import Any, Protocol, TypeAlias

import numpy as np
import torch
from numpy.random import Generator
from numpy.typing import NDArray
from torch import Tensor
from torch.utils.data import DataLoader, Dataset

from cbda.compute.parallel import available_threads
from cbda.compute.seeds import Stream
from cbda.datasets.workers import end_with
from cbda.errors import UserError
from cbda.models.images import resize_image, to_tensor
from cbda.models.inputs import Inputs
from cbda.settings.sizes import Size
from cbda.settings.training import TrainingSettings
from cbda.training.augmentation import REDUCTIONS, Augmentation, crop
from cbda.training.encoded import EncodedImages
from cbda.training.handover import OF_A_WORKER, Packed, pack, shorten_temporary_folder, worker_ended
from cbda.training.handover import Batch as Batch
from cbda.training.order import BalancedOrder, shuffled_index
from cbda.training.resume import ignore_termination

KILLED_S = 1.0  # in which a killed process is gone, unless it waits for a disk


class LabelledImages(Protocol):
    """Images with labels, however they are stored."""

    def __len__(self) -> int: ...

    def read_image(self, index: int) -> NDArray[np.uint8]:
        """Image (H,W,3) uint8."""

    def read_label(self, index: int) -> NDArray[np.uint8]:
        """Label (H,W) uint8, 255 = none."""


Pictures: TypeAlias = LabelledImages | EncodedImages


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
        return Batch(*(_stack(column) for column in zip(*pairs, strict=True)))

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
        interpolation = self.settings.interpolation
        image = augmentation.apply_to_image(resize_image(image, size, interpolation))
        return to_tensor(image), _finish_label(label, size, reduction, augmentation)


def _finish_label(
    label: NDArray[np.uint8], size: Size, reduction: str, augmentation: Augmentation
) -> Tensor:
    if reduction != "none":
        label = REDUCTIONS[reduction](label, size)
    return torch.from_numpy(augmentation.apply_to_label(label).copy())


def _stack(column: tuple[Any, ...]) -> Any:
    """A batch of one column of pairs, of all scales if it has several."""
    if isinstance(column[0], list):
        return [torch.stack(scale) for scale in zip(*column, strict=True)]
    return torch.stack(column)


def create_loader(
    source: Pictures,
    target: Pictures | None,
    settings: TrainingSettings,
    seed: int,
    start: int,
    stop: int,
    presence: NDArray[np.bool_] | None = None,
    pin_memory: bool = False,
) -> "Loader":
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
    hand_over: Any = pack if num_workers else None
    return Loader(
        DataLoader(
            _Batches(source, target, settings, seed, source_index),
            batch_size=None,
            sampler=range(start, stop),
            num_workers=num_workers,
            collate_fn=hand_over,
            pin_memory=pin_memory,
            worker_init_fn=_prepare_worker,
        )
    )


@dataclass(frozen=True)
class Loader:
    """Batches of some iterations, loaded by this process or by others.

    Raises:
        UserError: no processes can be started.
    """

    loader: DataLoader[Any]

    def __len__(self) -> int:
        return len(self.loader)

    def __iter__(self) -> Iterator[Batch]:
        if self.loader.num_workers:
            atexit.register(kill_workers)
        remaining = self._start()  # by name: torch waits for its workers when nothing holds it
        try:
            for item in remaining:
                yield item.unpack() if isinstance(item, Packed) else item
        except BaseException:
            kill_workers()
            raise

    def _start(self) -> Iterator[Any]:
        try:
            return iter(self.loader)
        except OSError as error:  # no room for semaphores in /dev/shm, too many processes or files
            raise UserError(
                f"training.num_workers: {self.loader.num_workers} processes that load images can't"
                f" be started ({error.strerror}); 0 loads in the training process"
            ) from error


def _prepare_worker(worker: int) -> None:
    """A process that loads images lives as long as the training process, and no longer."""
    ignore_termination()
    shorten_temporary_folder()
    parent = multiprocessing.parent_process()
    if parent is not None and parent.pid is not None:
        end_with(parent.pid)


@contextmanager
def ending_workers() -> Iterator[None]:
    """Whatever stops a training, of which a worker that ended is a `UserError`, ends all workers.

    Left to themselves they would be waited for: they ignore the signal that is to end them.
    """
    try:
        yield
    except RuntimeError as error:
        kill_workers()
        if not str(error).startswith(OF_A_WORKER):
            raise
        raise worker_ended(str(error).removeprefix(OF_A_WORKER)) from error
    except BaseException:
        kill_workers()
        raise


def kill_workers() -> None:
    """End the processes of this one."""
    before = signal.signal(signal.SIGCHLD, signal.SIG_DFL)  # torch calls an ended one an error
    processes = multiprocessing.active_children()
    for process in processes:
        process.kill()
    for process in processes:
        process.join(KILLED_S)
    signal.signal(signal.SIGCHLD, before)
