"""A dataset: pairs of image and label, read one at a time."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from cbda.datasets import pictures
from cbda.datasets.ids import VOID, OtherIdsError
from cbda.datasets.listing import Kind, Record
from cbda.datasets.palettes import find_doubt
from cbda.datasets.vocabulary import Table, to_train_ids
from cbda.errors import UserError

MAX_LISTED = 64  # ids that are told one by one; more are noise, or an image in place of a label
PLACES_OF_IDS = (
    "list the ids, or colours, of each class in label_ids of this data set, and those that are no"
    " class in void_ids"
)


@dataclass(frozen=True)
class Dataset:
    """Pairs of image and label, sorted by image id."""

    kind: str  # name of the layout
    root: Path
    split: str  # its name, or empty
    classes: tuple[str, ...]  # their names; a train id is an index into them
    records: tuple[Record, ...]
    layout: Kind = field(repr=False, compare=False)
    table: Table = field(repr=False, compare=False)

    def __len__(self) -> int:
        return len(self.records)

    @property
    def image_ids(self) -> tuple[str, ...]:
        """Image ids, in order."""
        return tuple(record.image_id for record in self.records)

    @property
    def image_paths(self) -> list[Path]:
        """Files of the images, in order."""
        return [record.image_path for record in self.records]

    @property
    def paths(self) -> list[Path]:
        """Images and labels, pair by pair."""
        return [path for pair in self.records for path in (pair.image_path, pair.label_path)]

    def thinned(self, every: int) -> "Dataset":
        """Every n-th pair alone, the first among them."""
        return replace(self, records=self.records[::every])

    @property
    def has_labels(self) -> bool:
        """Whether the kind has labels at all, rather than its images in their place."""
        images, labels = self.layout.folders
        return images != labels

    def image_size(self, index: int) -> pictures.Size:
        """(height, width) from the image's header."""
        return pictures.read_size(self.records[index].image_path)

    def label_palette(self, index: int) -> bytes:
        """Palette in the header of a label, whose size must be that of its image."""
        if not self.has_labels:
            raise UserError(f"{self.root}: dataset kind {self.kind} has no labels")
        path, size = self.records[index].label_path, self.image_size(index)
        with self._advising():
            label_size, palette = pictures.read_label_header(path, self.layout.label_modes)
        if label_size != size:
            raise UserError(
                f"{path}: label is {pictures.describe_size(label_size)}, "
                f"image {self.records[index].image_path} is {pictures.describe_size(size)}"
            )
        return palette

    def read_image(self, index: int) -> pictures.PixelArray:
        """(H, W, 3) uint8 RGB."""
        return pictures.read_rgb(self.records[index].image_path)

    def read_ids(self, index: int) -> pictures.IdArray:
        """(H, W) label ids as they are stored; `table` turns them into train ids."""
        path, palette = self.records[index].label_path, self.label_palette(index)
        with self._advising():
            ids = self.layout.read_ids(path)
        doubt = find_doubt(palette, ids, self.table) if palette else ""
        if doubt:
            raise UserError(f"{path}: {doubt}")
        return ids

    def read_label(self, index: int) -> pictures.PixelArray:
        """(H, W) uint8 train ids, 255 void."""
        return self.to_train_ids(index, self.read_ids(index))

    def to_train_ids(self, index: int, ids: pictures.IdArray) -> pictures.PixelArray:
        """(H, W) uint8 train ids, 255 void, of the label ids of a file."""
        with self._advising():
            return to_train_ids(ids, self.table, self.records[index].label_path)

    @contextmanager
    def _advising(self) -> Iterator[None]:
        """Say of ids that mean nothing where their meaning is given, unless the layout knows it."""
        try:
            yield
        except OtherIdsError as error:
            if self.layout.names is not None:
                raise
            is_short = 0 < len(error.others) <= MAX_LISTED
            listed = f", here [{', '.join(error.others)}]" if is_short else ""
            raise UserError(f"{error}; {PLACES_OF_IDS}{listed}") from error


def label_counts(label: pictures.PixelArray, num_classes: int) -> NDArray[np.int64]:
    """(C + 1,) int64 pixels of each class in a label, void last."""
    counts = np.bincount(label.ravel(), minlength=VOID + 1)
    return np.append(counts[:num_classes], counts[VOID]).astype(np.int64)


def pair_counts(dataset: Dataset, index: int) -> NDArray[np.int64]:
    """(C + 1,) int64 pixels of each class in one label, void last."""
    return label_counts(dataset.read_label(index), len(dataset.classes))
