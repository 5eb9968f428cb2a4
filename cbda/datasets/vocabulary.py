"""Label ids to the experiment's classes, by name."""

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import ArrayLike, NDArray

from cbda.datasets.ids import MAX_CLASSES, UNKNOWN, VOID, OtherIdsError
from cbda.datasets.listing import is_plain
from cbda.datasets.pictures import IdArray, PixelArray
from cbda.errors import UserError

Table = NDArray[np.int16]  # (256,) label id -> train id, VOID or UNKNOWN

# Names for the same thing, preferred first. CamVid's bicyclist is rider and bicycle in one.
ALIASES: dict[str, tuple[str, ...]] = {
    "bicycle": ("bicyclist",),
    "bicyclist": ("bicycle", "rider"),
    "pavement": ("sidewalk",),
    "pedestrian": ("person",),
    "person": ("pedestrian",),
    "rider": ("bicyclist",),
    "sidewalk": ("pavement",),
    "sign": ("traffic sign",),
    "traffic sign": ("sign",),
    "tree": ("vegetation",),
    "vegetation": ("tree",),
}


def train_id(name: str, classes: Sequence[str]) -> int:
    """Index of a label's name, or of its first alias, among the classes; else `VOID`."""
    known = [other for other in (name, *ALIASES.get(name, ())) if other in classes]
    return classes.index(known[0]) if known else VOID


def listed_table(
    label_ids: Sequence[Sequence[int]], void_ids: Sequence[int], num_classes: int
) -> Table:
    """Table of labels whose ids are listed, class by class; without any they are train ids."""
    label_ids = label_ids or [[train_id] for train_id in range(num_classes)]
    if len(label_ids) != num_classes:
        raise UserError(
            f"label_ids: {len(label_ids)} of them; allowed: one for each of the {num_classes}"
            " classes, several ids of a class joined by commas"
        )
    listed = [label_id for ids in label_ids for label_id in ids]
    if twice := sorted({label_id for label_id in listed if listed.count(label_id) > 1}):
        raise UserError(f"label_ids: {describe_ids(twice)} is the id of two classes")
    if both := sorted({*listed} & {*void_ids}):
        raise UserError(f"void_ids: {describe_ids(both)} is the id of a class too")
    table = np.full(256, UNKNOWN, dtype=np.int16)
    table[[VOID, *void_ids]] = VOID
    for train_id, ids in enumerate(label_ids):
        table[list(ids)] = train_id
    return table


def named_table(names: Mapping[int, str], classes: Sequence[str]) -> Table:
    """Table of labels whose ids have names; a class that no id has is an error."""
    table = np.full(256, UNKNOWN, dtype=np.int16)
    for label_id, name in names.items():
        table[label_id] = train_id(name, classes)
    missing = [name for index, name in enumerate(classes) if index not in table]
    if missing:
        raise UserError(
            f"no label of the dataset is named {', '.join(map(repr, missing))}; "
            f"allowed: {', '.join(names.values())}"
        )
    return table


def require_classes(classes: Sequence[str]) -> None:
    """Raise a `UserError` unless there are 1 to 255 classes, each named once, on one line."""
    for name in classes:
        if not name.strip() or not is_plain(name):
            raise UserError(f"class name {name!a} is empty, or not text on one line")
    repeated = sorted({name for name in classes if list(classes).count(name) > 1})
    if repeated:
        raise UserError(f"class named more than once: {', '.join(repeated)}")
    if not 1 <= len(classes) <= MAX_CLASSES:
        raise UserError(f"{len(classes)} classes given; allowed: 1 to {MAX_CLASSES}")


def describe_ids(ids: ArrayLike) -> str:
    """Sorted ids with runs shortened: `0-3, 255`."""
    values = np.unique(ids)
    runs = np.split(values, np.flatnonzero(np.diff(values) != 1) + 1)
    return ", ".join(str(run[0]) if len(run) == 1 else f"{run[0]}-{run[-1]}" for run in runs)


def to_train_ids(ids: IdArray, table: Table, path: Path) -> PixelArray:
    """(H, W) label ids to (H, W) uint8 train ids; an id that the table lacks is an error."""
    known = ids if ids.dtype == np.uint8 else np.minimum(ids, len(table) - 1).astype(np.uint8)
    unknown = (table == UNKNOWN).take(known)  # (H, W) bool
    if unknown.any():
        found = f"{describe_ids(ids[unknown])} in {np.count_nonzero(unknown)} pixels"
        allowed = describe_ids(np.flatnonzero(table != UNKNOWN))
        others = list(map(str, np.unique(ids[unknown])))
        raise OtherIdsError(f"{path}: unknown label id {found}; allowed: {allowed}", others)
    return table.astype(np.uint8).take(known)
