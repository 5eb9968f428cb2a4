"""Datasets: one module per layout.

`create_dataset` is the way in. To add a layout, write a module with a `KIND` and name it in
`KINDS`.
"""

from collections.abc import Sequence
from pathlib import Path

from cbda.datasets import camvid, cityscapes, folder, gtav, synthia, unlabelled
from cbda.datasets.dataset import Dataset
from cbda.datasets.digest import content_digest
from cbda.datasets.drawn import with_ids
from cbda.datasets.generated import find_changes
from cbda.datasets.listing import SKIP_FILE, Kind, Listing, list_files, require_split
from cbda.datasets.vocabulary import Table, named_table, require_classes
from cbda.errors import UserError, counted, require_choice
from cbda.settings.user_code import explained, is_place, load_module, source_file

UNLABELLED = "images"
KINDS = {
    "camvid": camvid.KIND,
    "cityscapes": cityscapes.KIND,
    "folder": folder.KIND,
    "gtav": gtav.KIND,
    UNLABELLED: unlabelled.KIND,
    "synthia": synthia.KIND,
}
NUM_FAULTS_NAMED = 3
LabelIds = tuple[Sequence[str], Sequence[str]]  # of the classes, in their order, and of void
KNOWN: LabelIds = ((), ())


def find_kind(name: str) -> Kind:
    """A layout of `KINDS`, or one of the user's own, `FILE.py:NAME`; else a `UserError`."""
    if not is_place(name):
        require_choice("dataset kind", name, tuple(KINDS))
        return KINDS[name]
    path, part = source_file(name), name.rpartition(":")[2]
    if not path.is_file():
        raise UserError(f"dataset kind {name!r}: there is no file {path}")
    with explained(path):
        kind = getattr(load_module(path), part, None)
    if not isinstance(kind, Kind):
        found = type(kind).__name__
        raise UserError(f"{path}: {part} is {found}, must be a Kind of cbda.datasets.listing")
    return kind


def _with_table(
    name: str, kind: Kind, classes: tuple[str, ...], ids: LabelIds
) -> tuple[Kind, Table]:
    """A layout, its reader as its labels need it, and what label ids mean."""
    if kind.names is None:
        return with_ids(kind, *ids, len(classes))
    if any(ids):
        raise UserError(f"dataset kind {name}: its label ids are known; label_ids, void_ids: none")
    try:
        return kind, named_table(kind.names, classes)
    except UserError as error:
        raise UserError(f"dataset kind {name}: {error}") from error


def scan_dataset(
    kind: str,
    root: str | Path,
    split: str = "",
    classes: Sequence[str] | None = None,
    ids: LabelIds = KNOWN,
) -> tuple[Dataset, Listing]:
    """Create a dataset of the pairs that there are, beside the faults of the listing."""
    layout, place = find_kind(kind), Path(root)
    if classes is None and not layout.classes:
        raise UserError(f"dataset kind {kind} has no class names of its own: give the classes")
    names = tuple(layout.classes if classes is None else classes)
    require_classes(names)
    layout, table = _with_table(kind, layout, names, ids)
    listing = list_files(kind, layout, place, split)
    return Dataset(kind, place, split, names, tuple(listing.records), layout, table), listing


def require_readable(kind: str, split: str, classes: Sequence[str], ids: LabelIds = KNOWN) -> None:
    """Raise a `UserError` unless a kind has such a split and all classes, wherever the data is."""
    require_split(kind, find_kind(kind), split)
    _with_table(kind, find_kind(kind), tuple(classes), ids)


def require_there(kind: str, root: str, split: str) -> None:
    """Raise a `UserError` unless the files of a dataset are there, each with its counterpart."""
    _require_none(list(list_files(kind, find_kind(kind), Path(root), split).faults), root)


def skipped_digest(root: str | Path) -> str:
    """A digest of the list of the files to leave out of a dataset; empty if there is none."""
    path = Path(root, SKIP_FILE)
    return content_digest(path) if path.is_file() else ""


def is_changed(root: str | Path) -> bool:
    """Whether a generated set has lost files, or holds others than were made, by name and size."""
    try:
        listed = list_files("folder", KINDS["folder"], Path(root), "").paths
    except (UserError, OSError):  # nothing is left to list
        listed = []
    return any(find_changes(Path(root), listed, {}))


def dataset_paths(kind: str, root: str | Path, split: str) -> list[Path]:
    """Images and labels of a dataset; none if there are none yet."""
    try:
        return list_files(kind, find_kind(kind), Path(root), split).paths
    except (UserError, OSError):  # which the check of the dataset reports
        return []


def count_images(kind: str, root: str | Path, split: str) -> int:
    """The number of pairs of a dataset; 0 if there is none yet."""
    try:
        return len(list_files(kind, find_kind(kind), Path(root), split).records)
    except (UserError, OSError):  # which the check of the dataset reports
        return 0


def create_dataset(
    kind: str,
    root: str | Path,
    split: str = "",
    classes: Sequence[str] | None = None,
    ids: LabelIds = KNOWN,
) -> Dataset:
    """Create a dataset; a file without its counterpart, or not as it was made, is an error.

    Args:
        kind: as of `find_kind`.
        root: the folder that holds the dataset. Image ids in its `cbda_skip.txt` are left out.
        split: such as `train`; empty for kinds without splits.
        classes: the experiment's class names, to which label ids are mapped by name, and to void
            if their name is not among them; the kind's natural list if None.
        ids: of a kind whose labels hold train ids, in case they hold others, as of `with_ids`.
    """
    dataset, listing = scan_dataset(kind, root, split, classes, ids)
    changes = find_changes(dataset.root, listing.paths, {})
    _require_none([*listing.faults, *(f"{path}: {problem}" for path, problem in changes)], root)
    return dataset


def _require_none(faults: list[str], root: str | Path) -> None:
    """Raise a `UserError` that names the first of the faults of a dataset's files."""
    if faults:
        named = "; ".join(faults[:NUM_FAULTS_NAMED])
        num_files = counted(len(faults), "files")
        raise UserError(f"{num_files} of dataset {root} cannot be used: {named}")
