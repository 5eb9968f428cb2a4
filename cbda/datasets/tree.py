"""Images in a folder and in all folders below it, of which no label is known."""

import os
from collections.abc import Iterator
from pathlib import Path

from cbda.datasets.digest import describe_irregular
from cbda.datasets.folder import IMAGE_SUFFIXES
from cbda.datasets.images import Images
from cbda.datasets.listing import Listing, Side, find_files, name_some, require_sound
from cbda.errors import UserError, counted

# Folders of images and of their labels, of all layouts of datasets.
LABELLED = (
    *(("images", "labels"), ("leftImg8bit", "gtFine"), ("RGB", "GT")),
    *((split, f"{split}annot") for split in ("train", "val", "test")),
)


def open_tree(root: Path) -> tuple[Images, str]:
    """The PNG and JPEG files below a folder, by their paths from there on without the ending.

    Hidden files and folders count as not there; folders that links lead to, as the others.

    Returns:
        The images, and a line that says what other files are passed over; empty if none are.

    Raises:
        UserError: this is no folder, there is no image in it, two have the same id, or some can't
            be read; or labels lie beside images, as in the layouts of datasets, and would be taken
            for images.
    """
    if not root.is_dir():
        raise UserError(f"{root}: {describe_irregular(root) or 'is a file'}; give a folder")
    listing = Listing()
    found: dict[str, Path] = {}
    for folder in _folders(root):
        require_no_labels(folder)
        place = folder.relative_to(root)
        images = find_files(Side(folder, IMAGE_SUFFIXES), listing)
        found |= {(place / image_id).as_posix(): path for image_id, path in images.items()}
    require_sound(listing)
    passed_over = [
        (folder.relative_to(root) / name).as_posix()
        for folder, names in listing.passed_over.items()
        for name in names
        if not name.endswith("/")
    ]
    num_files = counted(len(passed_over), "files")
    said = f"{num_files} passed over in {root}: {name_some(passed_over)}"
    if not found:
        looked = Side(root, IMAGE_SUFFIXES).describe("*")
        raise UserError(f"no image {looked}{f'; {said}' if passed_over else ''}")
    return Images(root, dict(sorted(found.items()))), said if passed_over else ""


def require_no_labels(folder: Path) -> None:
    """Raise a `UserError` if labels of a dataset lie in a folder beside its images."""
    for images, labels in LABELLED:
        if (folder / images).is_dir() and (folder / labels).is_dir():
            raise UserError(
                f"{folder}: holds images in {images}/ and labels in {labels}/, which are no images:"
                f" give {folder / images}"
            )


def _folders(root: Path) -> Iterator[Path]:
    """A folder and all below it, each once wherever links lead."""
    seen: set[str] = set()
    for place, names, _ in os.walk(root, followlinks=True):
        names[:] = sorted(name for name in names if not name.startswith("."))
        real = os.path.realpath(place)
        if real in seen:
            names.clear()
        else:
            seen.add(real)
            yield Path(place)
