"""Finds a dataset's files and pairs images with labels."""

import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from cbda.datasets.kind import Kind
from cbda.errors import UserError

SKIP_FILE = "cbda_skip.txt"


@dataclass(frozen=True)
class Record:
    """An image and its label."""

    image_id: str
    image_path: Path
    label_path: Path


@dataclass(frozen=True)
class Fault:
    """What is wrong with a file."""

    path: Path
    message: str


@dataclass
class Listing:
    """The pairs of a dataset, sorted by image id, and what could not be paired.

    Attributes:
        records: the pairs.
        faults: what could not be paired.
        skipped: image ids to leave out.
        num_skipped: images that were left out.
    """

    records: list[Record] = field(default_factory=list)
    faults: list[Fault] = field(default_factory=list)
    skipped: frozenset[str] = frozenset()
    num_skipped: int = 0

    def report(self, path: Path, problem: str) -> None:
        """Take down a fault of a file."""
        self.faults.append(Fault(path, f"{path}: {problem}"))


@dataclass(frozen=True)
class Side:
    """Where the images of a dataset are located, or its labels."""

    folder: Path
    suffixes: tuple[str, ...]

    def describe(self, image_id: str) -> str:
        """Names that the file of an image id may have, and where."""
        return f"{' or '.join(image_id + suffix for suffix in self.suffixes)} in {self.folder}"


def _visible(folder: Path) -> list[Path]:
    try:
        return sorted(path for path in folder.iterdir() if not path.name.startswith("."))
    except OSError as error:
        raise UserError(f"{folder}: cannot be listed: {error.strerror}") from error


def _paths(folder: Path, nested: bool) -> Iterator[Path]:
    for path in _visible(folder):
        if nested and path.is_dir():
            yield from _visible(path)
        elif not nested:
            yield path


def _image_id(name: str, suffixes: tuple[str, ...]) -> str | None:
    for suffix in suffixes:
        if name.lower().endswith(suffix.lower()):
            return name[: -len(suffix)]
    return None


def _is_plain(name: str) -> bool:
    """Whether a file name is UTF-8 text on one line."""
    return not any(unicodedata.category(char) in ("Cc", "Cs") for char in name)


def _find(side: Side, nested: bool, listing: Listing) -> dict[str, Path]:
    """Image id to path; a second file of the same id is reported."""
    found: dict[str, Path] = {}
    skipped: set[str] = set()
    for path in _paths(side.folder, nested):
        image_id = _image_id(path.name, side.suffixes)
        if image_id is None or not path.is_file():
            continue
        if not _is_plain(path.name):
            shown = path.parent / ascii(path.name)
            listing.report(shown, "file name is not UTF-8 text on one line")
        elif image_id in listing.skipped:
            skipped.add(image_id)
        elif image_id in found:
            listing.report(path, f"has the same id as {found[image_id]}")
        else:
            found[image_id] = path
    listing.num_skipped = max(listing.num_skipped, len(skipped))
    return found


def read_skipped(root: Path) -> frozenset[str]:
    """Image ids in the root's `cbda_skip.txt`, one a line."""
    path = root / SKIP_FILE
    if not path.exists():
        return frozenset()
    try:
        lines = path.read_text(encoding="utf-8-sig").split("\n")
    except (OSError, UnicodeDecodeError) as error:
        raise UserError(f"{path}: cannot be read: {error}") from error
    return frozenset(line.rstrip("\r") for line in lines) - {""}


def _pair(listing: Listing, sides: tuple[Side, Side], nested: bool) -> None:
    image_side, label_side = sides
    images, labels = (_find(side, nested, listing) for side in sides)
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


def _sides(name: str, kind: Kind, root: Path, split: str) -> tuple[Side, Side]:
    image_folder, label_folder = kind.folders(root, split)
    for folder in (root, image_folder, label_folder):
        if not folder.is_dir():
            raise UserError(
                f"{folder}: no such folder; dataset kind {name} looks for images in "
                f"{image_folder} and labels in {label_folder}"
            )
    return Side(image_folder, kind.image_suffixes), Side(label_folder, kind.label_suffixes)


def list_files(name: str, kind: Kind, root: Path, split: str) -> Listing:
    """Pair the files of a dataset; raises only if there is nothing to pair.

    Image ids in `<root>/cbda_skip.txt`, one a line, are left out: the place for the pairs known
    to differ in size. It holds for every kind and for all splits.
    """
    require_split(name, kind, split)
    sides = _sides(name, kind, root, split)
    listing = Listing(skipped=read_skipped(root))
    _pair(listing, sides, kind.nested)
    if not listing.records and not listing.faults:
        raise UserError(f"no image {sides[0].describe('*')}; dataset kind {name}, split {split!r}")
    return listing
