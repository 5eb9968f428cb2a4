"""A dataset: pairs of image and label, read one at a time."""

from dataclasses import dataclass, field
from pathlib import Path

from cbda.datasets.kind import Kind
from cbda.datasets.listing import Record
from cbda.datasets.pictures import (
    IdArray,
    PixelArray,
    Size,
    describe_size,
    read_label_size,
    read_rgb,
    read_size,
)
from cbda.datasets.vocabulary import Table, to_train_ids
from cbda.errors import UserError


@dataclass(frozen=True)
class Dataset:
    """Pairs of image and label, sorted by image id.

    Attributes:
        kind: name of the layout.
        root: folder that holds it.
        split: name of the split, or empty.
        classes: class names; a train id is an index into them.
        records: the pairs.
    """

    kind: str
    root: Path
    split: str
    classes: tuple[str, ...]
    records: tuple[Record, ...]
    layout: Kind = field(repr=False, compare=False)
    table: Table = field(repr=False, compare=False)

    def __len__(self) -> int:
        return len(self.records)

    @property
    def image_ids(self) -> tuple[str, ...]:
        """Image ids, in order."""
        return tuple(record.image_id for record in self.records)

    def image_size(self, index: int) -> Size:
        """(height, width) from the image's header."""
        return read_size(self.records[index].image_path)

    def pair_size(self, index: int) -> Size:
        """(height, width) from the headers of image and label, which must agree."""
        record = self.records[index]
        size = self.image_size(index)
        label_size = read_label_size(record.label_path, self.layout.label_modes)
        if label_size != size:
            raise UserError(
                f"{record.label_path}: label is {describe_size(label_size)}, "
                f"image {record.image_path} is {describe_size(size)}"
            )
        return size

    def read_image(self, index: int) -> PixelArray:
        """(H, W, 3) uint8 RGB."""
        return read_rgb(self.records[index].image_path)

    def read_ids(self, index: int) -> IdArray:
        """(H, W) label ids as they are stored; `table` turns them into train ids."""
        self.pair_size(index)
        return self.layout.read_ids(self.records[index].label_path)

    def read_label(self, index: int) -> PixelArray:
        """(H, W) uint8 train ids, 255 void."""
        return to_train_ids(self.read_ids(index), self.table, self.records[index].label_path)
