"""Training batches whose order is a function of the seed and the iteration alone.

So a run that is cut into jobs, resumed, or loaded by several workers sees the same batches as
an uninterrupted one.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from enum import IntEnum
from functools import lru_cache
from typing import NamedTuple, Protocol

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.utils.data import DataLoader, Dataset, Sampler

from cbda.datasets.transforms import Augmentation, resize_image, resize_label, to_tensor
from cbda.resume import ignore_termination
from cbda.settings import TrainingSettings


class Stream(IntEnum):
    """Independent random streams of one seed."""

    SOURCE_ORDER = 1
    TARGET_ORDER = 2
    AUGMENTATION = 3
    WEIGHTS = 4
    DROPOUT = 5
    RANDOM_SCORE = 6


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
    """One iteration: images (B,3,h,w) float32, labels (B,H,W) int64; target may be absent."""

    source_image: Tensor
    source_label: Tensor
    target_image: Tensor | None = None
    target_label: Tensor | None = None


class _Key(NamedTuple):
    iteration: int
    slot: int


def shuffled_index(seed: int, stream: Stream, num_items: int, position: int) -> int:
    """Item at a position of an endless sequence of shuffled epochs."""
    epoch, offset = divmod(position, num_items)
    return int(_epoch_order(seed, stream, num_items, epoch)[offset])


@lru_cache(maxsize=4)
def _epoch_order(seed: int, stream: Stream, num_items: int, epoch: int) -> NDArray[np.int64]:
    return np.random.default_rng([seed, stream, epoch]).permutation(num_items)


def derive_seed(seed: int, stream: Stream, *path: int) -> int:
    """A 63-bit seed of an independent stream, for torch generators."""
    state = np.random.SeedSequence([seed, stream, *path]).generate_state(1, np.uint64)
    return int(state[0] >> 1)


@dataclass(frozen=True)
class _Pairs(Dataset[Batch]):
    """One source and one target image per key."""

    source: LabelledImages
    target: LabelledImages | None
    settings: TrainingSettings
    seed: int

    def __getitem__(self, key: _Key) -> Batch:
        position = key.iteration * self.settings.batch_size + key.slot
        rng = np.random.default_rng([self.seed, Stream.AUGMENTATION, key.iteration, key.slot])
        index = shuffled_index(self.seed, Stream.SOURCE_ORDER, len(self.source), position)
        source = self._load(self.source, index, rng, reduce_label=True)
        if self.target is None:
            return Batch(*source)
        index = shuffled_index(self.seed, Stream.TARGET_ORDER, len(self.target), position)
        return Batch(*source, *self._load(self.target, index, rng, reduce_label=False))

    def _load(
        self, images: LabelledImages, index: int, rng: np.random.Generator, reduce_label: bool
    ) -> tuple[Tensor, Tensor]:
        """Target labels keep their own resolution, so that no acquired pixel is lost."""
        size, augmentation = self.settings.image_size, Augmentation.draw(self.settings, rng)
        image = augmentation.apply_to_image(resize_image(images.read_image(index), size))
        label = images.read_label(index)
        label = augmentation.apply_to_label(resize_label(label, size) if reduce_label else label)
        return to_tensor(image), torch.from_numpy(label.astype(np.int64))


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
) -> DataLoader[Batch]:
    """Batches of the iterations `start` to `stop` - 1.

    Args:
        source: labelled source images.
        target: pool with the labels acquired so far (255 elsewhere), all of one size; None
            trains on the source alone.
        settings: sizes, batch size, augmentation and workers.
        seed: of the order and the augmentation.
        start: first iteration.
        stop: one past the last iteration.
    """
    return DataLoader(
        _Pairs(source, target, settings, seed),
        batch_sampler=_Iterations(start, stop, settings.batch_size),
        num_workers=settings.num_workers,
        collate_fn=_collate,
        worker_init_fn=ignore_termination,
    )


def _collate(pairs: list[Batch]) -> Batch:
    columns = zip(*pairs, strict=True)
    return Batch(*(None if c[0] is None else torch.stack(c) for c in columns))  # type: ignore[arg-type]
