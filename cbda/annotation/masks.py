"""Masks of other annotation tools: which id every pixel of an image has.

Ids are train ids, 255 void, `UNKNOWN` where nothing was said. Classes are mapped by name;
what has no place is an error that names it, never a guess.
"""

from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from cbda.annotation.label_studio import Brushes, read_brushes, require_size
from cbda.annotation.labelmap import NAME, colour_ids, label_id, own_colours, read_labelmap
from cbda.datasets.digest import describe_irregular
from cbda.datasets.ids import UNKNOWN, VOID
from cbda.datasets.images import open_folder
from cbda.datasets.pictures import read_index, read_rgb, read_size
from cbda.datasets.vocabulary import describe_ids
from cbda.errors import UserError
from cbda.files.queries import QuerySet

Ids = NDArray[np.int16]  # (H,W)
CVAT_FOLDER = "SegmentationClass"


def read_masks(path: Path, queries: QuerySet) -> Iterator[tuple[str, Ids]]:
    """Image id and ids of every mask at a path, whichever tool wrote them.

    A folder with a labelmap.txt is CVAT's, a JSON file, or a folder with one, Label Studio's, and
    any other folder has a PNG per image whose values are train ids, 255 where nothing was said.
    """
    if not path.exists():
        raise UserError(f"{path}: no such file or folder")
    if path.suffix.lower() == ".zip":
        raise UserError(f"{path}: unpack it, and give the folder")
    if not path.is_dir() and path.suffix.lower() != ".json":
        found = describe_irregular(path) or "is a file of another kind"
        raise UserError(f"{path}: {found}; give a file .csv or .json, or a folder of masks")
    if (path / NAME).exists():
        yield from _read_cvat(path, queries)
    elif path.suffix.lower() == ".json" or any(path.glob("*.json")):
        yield from _read_label_studio(path, queries)
    else:
        yield from _read_index(path, queries)


def _read_cvat(folder: Path, queries: QuerySet) -> Iterator[tuple[str, Ids]]:
    labels = read_labelmap(folder / NAME)
    found = {name: label_id(name, queries.classes) for name in labels}
    unknown = [name for name, index in found.items() if index is None]
    colours = {labels[name]: index for name, index in found.items() if index is not None}
    for image_id, path in _open_masks(folder / CVAT_FOLDER, queries):
        try:
            yield image_id, colour_ids(read_rgb(path, opaque=True), colours, str(path))
        except UserError as error:
            foreign = f"; labels that are no class: {', '.join(unknown)}" if unknown else ""
            raise UserError(f"{error}{foreign}") from error


def _read_index(folder: Path, queries: QuerySet) -> Iterator[tuple[str, Ids]]:
    num_classes = len(queries.classes)
    for image_id, path in _open_masks(folder, queries):
        ids = read_index(path)
        unknown = np.unique(ids[(ids >= num_classes) & (ids != VOID)])
        if len(unknown):
            allowed = f"0 to {num_classes - 1}, and {VOID} where nothing is said"
            raise UserError(
                f"{path}: value {describe_ids(unknown)} is no class; allowed: {allowed}"
            )
        yield image_id, np.where(ids == VOID, UNKNOWN, ids.astype(np.int16))


def _read_label_studio(path: Path, queries: QuerySet) -> Iterator[tuple[str, Ids]]:
    labels = tuple(own_colours(queries.classes))
    merged: dict[str, Ids] = {}
    size = queries.height, queries.width
    for image_id, brushes in read_brushes(path, queries.image_ids, labels, size):
        before = merged.get(image_id)
        ids = np.full(size, UNKNOWN, np.int16) if before is None else before
        merged[image_id] = _merge(ids, brushes, queries.classes)
    yield from merged.items()


def _merge(ids: Ids, brushes: Brushes, classes: Sequence[str]) -> Ids:
    """Ids of an image with what was painted in it; two classes in one pixel are an error."""
    for label, mask in brushes.masks:
        index = label_id(label, classes)
        if index is None:
            raise UserError(f"{brushes.where}: label {label!r} is no class: {', '.join(classes)}")
        num_clashes = int(np.count_nonzero(mask & (ids != UNKNOWN) & (ids != index)))
        if num_clashes:
            raise UserError(f"{brushes.where}: {num_clashes} px are {label!r} and something else")
        ids[mask] = index
    return ids


def _open_masks(folder: Path, queries: QuerySet) -> Iterator[tuple[str, Path]]:
    """Image id and mask of a folder, each of which must be of an image of the pool, and its size.

    Sizes are those of the headers: a small file may claim to be a picture that fills the memory.
    """
    masks = open_folder(folder)
    foreign = sorted(set(masks.image_ids) - set(queries.image_ids))
    if foreign:
        raise UserError(f"{masks.paths[foreign[0]]}: is of no image of the pool")
    for image_id, path in masks.paths.items():
        require_size(str(path), read_size(path), (queries.height, queries.width))
        yield image_id, path
