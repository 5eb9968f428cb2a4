"""What sets one layout apart from another; finds a dataset's files and pairs images with labels."""

import os
import unicodedata
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from cbda.datasets.digest import describe_irregular, require_regular
from cbda.datasets.generated import SKIP_FILE as SKIP_FILE
from cbda.datasets.pictures import INDEX_MODES, IdArray, read_index
from cbda.errors import UserError, counted

NUM_NAMED = 5


@dataclass(frozen=True)
class Kind:
    """One dataset layout."""

    folders: tuple[str, str]  # of images and of labels, from the root on; {} stands for the split
    split: Literal["needed", "optional", "none"]
    classes: tuple[str, ...] = ()  # the natural list; empty if the dataset has no vocabulary
    names: Mapping[int, str] | None = None  # of label ids; None if they are train ids, 255 void
    image_suffixes: tuple[str, ...] = (".png",)  # what precedes in a file name is the image id
    label_suffixes: tuple[str, ...] = (".png",)
    nested: bool = False  # files are one folder deeper, such as by city
    label_modes: tuple[str, ...] = INDEX_MODES  # raw modes, see `cbda.datasets.pictures`
    read_ids: Callable[[Path], IdArray] = read_index  # (H, W) label ids of a file


@dataclass(frozen=True)
class Record:
    """An image and its label."""

    image_id: str
    image_path: Path
    label_path: Path


@dataclass
class Listing:
    """The pairs of a dataset, sorted by image id, and what could not be paired."""

    records: list[Record] = field(default_factory=list)
    faults: dict[str, Path] = field(default_factory=dict)  # message to the file
    skipped: frozenset[str] = frozenset()  # image ids to leave out
    num_skipped: int = 0  # images that were left out
    unmatched: frozenset[str] = frozenset()  # image ids to leave out that no file has
    # Folder of a side to the names in it that are neither image nor label.
    passed_over: dict[Path, list[str]] = field(default_factory=dict)

    @property
    def paths(self) -> list[Path]:
        """Images and labels, pair by pair."""
        return [path for pair in self.records for path in (pair.image_path, pair.label_path)]

    def report(self, path: Path, problem: str) -> None:
        """Take down a fault of a file."""
        self.faults[f"{path}: {problem}"] = path

    def pass_over(self, folder: Path, path: Path) -> None:
        """Tell what lies in a folder and belongs to no image or label."""
        name = shown_name(path.name) + ("/" if os.path.isdir(path) else "")
        self.passed_over.setdefault(folder, []).append(name)

    def describe_passed_over(self) -> list[str]:
        """A line for every folder in which something is passed over."""
        return [
            f"{counted(len(names), 'files')} passed over in {folder}: {name_some(names)}"
            for folder, names in self.passed_over.items()
        ]


@dataclass(frozen=True)
class Side:
    """Where the images of a dataset lie, or its labels."""

    folder: Path
    suffixes: tuple[str, ...]

    def describe(self, image_id: str) -> str:
        """Names that the file of an image id may have, and where."""
        return f"{' or '.join(image_id + suffix for suffix in self.suffixes)} in {self.folder}"

    def image_id(self, name: str) -> str | None:
        """What precedes the suffix of a file name; None if it has none of the side."""
        ends = (len(end) for end in self.suffixes if name.lower().endswith(end.lower()))
        return next((name[:-length] for length in ends), None)


def _visible(folder: Path) -> list[Path]:
    try:
        return sorted(path for path in folder.iterdir() if not path.name.startswith("."))
    except OSError as error:
        raise UserError(f"{folder}: cannot be listed: {error.strerror}") from error


def is_plain(name: str) -> bool:
    """Whether a name is UTF-8 text on one line."""
    return not any(unicodedata.category(char) in ("Cc", "Cs", "Zl", "Zp") for char in name)


def name_some(names: Collection[str], num_named: int = NUM_NAMED) -> str:
    """The first of some names, and whether there are more."""
    return ", ".join(list(names)[:num_named]) + (", ..." if len(names) > num_named else "")


def shown_name(name: str) -> str:
    """A file name as text on one line."""
    return name if is_plain(name) else ascii(name)


def _find(side: Side, nested: bool, listing: Listing) -> dict[str, Path]:
    """Image id to path; whatever else there is, is reported."""
    found: dict[str, Path] = {}
    skipped: set[str] = set()
    paths = _visible(side.folder)
    if nested:
        inner = (_visible(path) if os.path.isdir(path) else [path] for path in paths)
        paths = [path for part in inner for path in part]
    for path in paths:
        image_id = None if nested and path.parent == side.folder else side.image_id(path.name)
        problem = _describe_problem(path, image_id, found)
        if image_id in listing.skipped:
            skipped.add(image_id)
        elif problem:
            listing.report(path.parent / shown_name(path.name), problem)
        elif image_id is None or os.path.isdir(path):
            listing.pass_over(side.folder, path)
        else:
            found[image_id] = path
    listing.num_skipped = max(listing.num_skipped, len(skipped))
    listing.unmatched -= skipped
    return found


def _describe_problem(path: Path, image_id: str | None, found: dict[str, Path]) -> str:
    """What is wrong with a file; empty for a good one and for what may be passed over."""
    if image_id is None:  # a link to nothing may have been one to a folder of images
        is_link = path.is_symlink() and not path.suffix and not os.path.isdir(path)
        return describe_irregular(path) if is_link else ""
    if not is_plain(path.name):
        return "file name is not UTF-8 text on one line"
    if os.path.isdir(path):
        return ""
    if image_id in found:
        return f"has the same id as {found[image_id]}"
    return describe_irregular(path)


def read_skipped(root: Path) -> frozenset[str]:
    """Image ids in the root's `cbda_skip.txt`, one a line."""
    path = root / SKIP_FILE
    if not os.path.lexists(path):
        return frozenset()
    require_regular(path)
    try:
        return frozenset(path.read_text(encoding="utf-8-sig").split("\n")) - {""}
    except (OSError, UnicodeDecodeError) as error:
        raise UserError(f"{path}: cannot be read: {error}") from error


def _pair(listing: Listing, image_side: Side, label_side: Side, nested: bool) -> None:
    images = _find(image_side, nested, listing)
    labels = images if label_side == image_side else _find(label_side, nested, listing)
    for image_id in sorted(images.keys() | labels.keys()):
        if image_id not in labels:
            listing.report(images[image_id], f"no label {label_side.describe(image_id)}")
        elif image_id not in images:
            listing.report(labels[image_id], f"no image {image_side.describe(image_id)}")
        else:
            listing.records.append(Record(image_id, images[image_id], labels[image_id]))


def require_split(name: str, kind: Kind, split: str) -> None:
    """Raise a `UserError` if a kind needs a split and has none, or the reverse."""
    if kind.split == "needed" and not split:
        raise UserError(f"dataset kind {name} needs a split, such as train or val")
    if kind.split == "none" and split:
        raise UserError(f"dataset kind {name} has no splits, but split {split!r} is asked for")


def _locate(name: str, kind: Kind, root: Path, split: str) -> tuple[Side, Side]:
    images, labels = (
        root.joinpath(*(part.format(split) for part in folder.split("/")))
        for folder in kind.folders
    )
    for folder in (root, images, labels):
        if not folder.is_dir():
            raise UserError(
                f"{folder}: no such folder; dataset kind {name} looks for images in "
                f"{images} and labels in {labels}"
            )
    return Side(images, kind.image_suffixes), Side(labels, kind.label_suffixes)


def list_files(name: str, kind: Kind, root: Path, split: str) -> Listing:
    """Pair the files of a dataset; raises only if there is nothing to pair.

    Image ids in `<root>/cbda_skip.txt`, one a line, are left out: the place for the pairs known
    to differ in size. It holds for every kind and for all splits.
    """
    require_split(name, kind, split)
    sides = _locate(name, kind, root, split)
    skipped = read_skipped(root)
    listing = Listing(skipped=skipped, unmatched=skipped)
    _pair(listing, *sides, kind.nested)
    for folder in {side.folder.parent for side in sides} - {root}:
        if os.path.lexists(folder / SKIP_FILE):  # it is read in the root only
            listing.pass_over(folder, folder / SKIP_FILE)
    if not listing.records and not listing.faults:
        looked = f"dataset kind {name}, split {split!r}"
        passed = "".join(f"; {line}" for line in listing.describe_passed_over())
        raise UserError(f"no image {sides[0].describe('*')}; {looked}{passed}")
    return listing


def list_images(name: str, kind: Kind, root: Path, split: str) -> dict[str, Path]:
    """Image id to path of the images of a dataset that need not have labels, sorted by id."""
    require_split(name, kind, split)
    folder = root.joinpath(*(part.format(split) for part in kind.folders[0].split("/")))
    if not folder.is_dir():
        alone = "; of a folder of images alone the kind is images, as by --target-kind images"
        hint = alone if root.is_dir() and folder != root else ""
        looked = f"dataset kind {name} looks for images there"
        raise UserError(f"{folder}: no such folder; {looked}{hint}")
    return find_images(Side(folder, kind.image_suffixes), kind.nested, read_skipped(root))


def find_images(side: Side, nested: bool, skipped: frozenset[str] = frozenset()) -> dict[str, Path]:
    """Image id to path of the images in a folder, sorted by id; a `UserError` without any."""
    listing = Listing(skipped=skipped)
    found = _find(side, nested, listing)
    require_sound(listing)
    if not found:
        raise UserError(f"no image {side.describe('*')}")
    return dict(sorted(found.items()))


def find_files(side: Side, listing: Listing) -> dict[str, Path]:
    """Image id to path of the images in one folder; whatever else there is, is reported."""
    return _find(side, nested=False, listing=listing)


def require_sound(listing: Listing) -> None:
    """Raise a `UserError` that names the first of the images that have faults."""
    if listing.faults:
        named = name_some(list(listing.faults))
        raise UserError(f"{counted(len(listing.faults), 'images')} cannot be used: {named}")
