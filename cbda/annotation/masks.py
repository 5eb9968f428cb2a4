"""Masks of other annotation tools: which id every pixel of an image has.

Ids are train ids, 255 void, `UNKNOWN` where nothing was said. Classes are mapped by name;
what has no place is an error that names it, never a guess.
"""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from cbda.annotation.label_studio import Brushes, read_brushes, require_size
from cbda.annotation.labelmap import NAME, colour_ids, label_id, own_colours, read_labelmap
from cbda.datasets.ids import UNKNOWN, VOID
from cbda.datasets.images import Images, open_folder
from cbda.datasets.pictures import describe_size, read_index, read_rgb
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
    if (path / NAME).exists():
        masks = _read_cvat(path, queries.classes, queries.image_ids)
    elif path.suffix.lower() == ".json" or any(path.glob("*.json")):
        masks = _read_label_studio(path, queries)
    else:
        masks = _read_index(path, len(queries.classes), queries.image_ids)
    for image_id, ids in masks:
        if ids.shape != (queries.height, queries.width):
            found, wanted = map(describe_size, (ids.shape, (queries.height, queries.width)))
            raise UserError(f"{path}: mask of {image_id} is {found}, its image {wanted}")
        yield image_id, ids


def _read_cvat(
    folder: Path, classes: Sequence[str], image_ids: Sequence[str]
) -> Iterator[tuple[str, Ids]]:
    labels = read_labelmap(folder / NAME)
    found = {name: label_id(name, classes) for name in labels}
    unknown = [name for name, index in found.items() if index is None]
    colours = {labels[name]: index for name, index in found.items() if index is not None}
    masks = _open_masks(folder / CVAT_FOLDER, image_ids)
    for image_id, path in masks.paths.items():
        try:
            yield image_id, colour_ids(read_rgb(path, opaque=True), colours, str(path))
        except UserError as error:
            foreign = f"; labels that are no class: {', '.join(unknown)}" if unknown else ""
            raise UserError(f"{error}{foreign}") from error


def _read_index(
    folder: Path, num_classes: int, image_ids: Sequence[str]
) -> Iterator[tuple[str, Ids]]:
    for image_id, path in _open_masks(folder, image_ids).paths.items():
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
        require_size(brushes.where, _size(mask), _size(ids))
        num_clashes = int(np.count_nonzero(mask & (ids != UNKNOWN) & (ids != index)))
        if num_clashes:
            raise UserError(f"{brushes.where}: {num_clashes} px are {label!r} and something else")
        ids[mask] = index
    return ids


def _size(ids: NDArray[Any]) -> tuple[int, int]:
    return ids.shape[0], ids.shape[1]


def _open_masks(folder: Path, image_ids: Sequence[str]) -> Images:
    """The masks of a folder, each of which must be of an image of the pool."""
    masks = open_folder(folder)
    foreign = sorted(set(masks.image_ids) - set(image_ids))
    if foreign:
        raise UserError(f"{masks.paths[foreign[0]]}: is of no image of the pool")
    return masks
