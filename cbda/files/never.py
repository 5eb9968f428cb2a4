"""Masks of where nobody is ever to be asked, such as a car's bonnet or a border."""

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from cbda.datasets.digest import content_digest, files_digest
from cbda.datasets.pictures import describe_size, read_mask, read_size
from cbda.errors import UserError, counted
from cbda.files.labels import LabelFile, Map, Queries
from cbda.files.records import note_input

Mask = NDArray[np.bool_]


@dataclass(frozen=True)
class Masks:
    """Masks of images by their ids, or one of all."""

    paths: Mapping[str, Path]
    of_all: Path | None = None

    def read(self, image_id: str, size: tuple[int, int]) -> Mask:
        """(H,W) where not to ask; nothing where an image has no mask. `UserError`: another size."""
        path = self.paths.get(image_id, self.of_all)
        if path is None:
            return np.zeros(size, np.bool_)
        if (found := read_size(path)) != size:  # before its pixels need any memory
            sizes = f"{describe_size(found)}, the pool's images are {describe_size(size)}"
            raise UserError(f"{path}: mask is {sizes}")
        return read_mask(path)

    def count(self, image_ids: Collection[str]) -> str:
        """How many masks are of images of a pool, in words; `UserError` if none is."""
        others = [path for name, path in self.paths.items() if name not in set(image_ids)]
        if len(others) == len(self.paths):
            called = "masks are called as the images, IMAGE.png"
            raise UserError(f"{others[0].parent}: no mask is of an image of the pool; {called}")
        unused = f", and {len(others)} of none: {others[0].name}, ..." if others else ""
        return f"masks of {counted(len(self.paths) - len(others), 'images')}{unused}"


def open_masks(place: Path | None) -> Masks:
    """The mask of a file, those of a folder, <image id>.png each, or none."""
    if place is None:
        return Masks({})
    if not place.is_dir():
        return Masks({}, place)
    paths = {path.stem: path for path in sorted(place.glob("*.png"))}
    if not paths:
        raise UserError(f"{place}: has no masks; they are called as the images, IMAGE.png")
    contents = {path: content_digest(path) for path in paths.values()}
    note_input("never_ask", files_digest(place, contents, contents))
    return Masks(paths)


class Unasked(LabelFile):
    """Labels of the round before, in which all that is never to be asked counts as acquired."""

    def __init__(self, labels: LabelFile, masks: Masks) -> None:
        self._labels, self._masks = labels, masks
        self.image_ids, self.shape = labels.image_ids, labels.shape
        self._describe(labels.path, labels.summary, labels.num_queries)

    def read_label(self, index: int) -> Map:
        """As in the labels."""
        return self._labels.read_label(index)

    def read_round(self, index: int) -> Map:
        """As in the labels, 255 where nobody is asked."""
        rounds = self._labels.read_round(index)
        mask = self._masks.read(self.image_ids[index], (self.shape[1], self.shape[2]))
        rounds[mask] = np.iinfo(rounds.dtype).max
        return rounds

    def queries(self) -> Iterator[Queries]:
        """As in the labels."""
        yield from self._labels.queries()

    def describe(self) -> str:
        """How much of the pool that is, in words; reads all masks."""
        size = self.shape[1], self.shape[2]
        num_px = sum(int(self._masks.read(name, size).sum()) for name in self.image_ids)
        of = "one mask for all images" if self._masks.of_all else self._masks.count(self.image_ids)
        return f"never asked: {num_px / np.prod(self.shape):.1%} of the pool's pixels, by {of}"


def never_asked(labels: LabelFile, place: Path | None) -> LabelFile:
    """Labels as queries are to be chosen around them; tells of masks, if there are some."""
    if place is None:
        return labels
    view = Unasked(labels, open_masks(place))
    print(view.describe())
    return view
