"""Cuts each drive of CamVid into a pool and a test set, as links in the layout of CamVid.

python -m evidence.drives "$CAMVID_ROOT" data/camvid_drives

Of blocks of ten frames of a drive, one a second, those with even numbers are the pool, and the
others, without their first and last frame, the test set. The frames at 15 Hz, CamVid's split `val`,
are a pool of their own, whose frames are alike.
"""

import sys
from pathlib import Path

DRIVES = ("0006R0", "0016E5")
BLOCK_FRAMES = 10
ALIKE = "0016E5_15hz"


def part(place: int) -> str | None:
    """Where the frame at a place of its drive goes; None for nowhere."""
    number, inside = divmod(place, BLOCK_FRAMES)
    if number % 2 == 0:
        return "train"
    return "val" if 0 < inside < BLOCK_FRAMES - 1 else None


def link_frame(path: Path, folder: Path, split: str) -> None:
    """Link an image and its labels, of some split, into one of another data set."""
    for ending in ("", "annot"):
        source = path.parent.with_name(path.parent.name + ending) / path.name
        place = folder / f"{split}{ending}" / path.name
        place.parent.mkdir(parents=True, exist_ok=True)
        if not place.is_symlink():
            place.symlink_to(source.resolve())


def link_drive(root: Path, folder: Path) -> None:
    """Pool and test set of the drive that a folder is named after."""
    for place, path in enumerate(sorted((root / "train").glob(f"{folder.name}_*.png"))):
        if (split := part(place)) is not None:
            link_frame(path, folder, split)


def link_alike(root: Path, folder: Path) -> None:
    """The pool of frames that are alike."""
    for path in sorted((root / "val").glob("*.png")):
        link_frame(path, folder, "train")


def main(root: Path, folder: Path) -> None:
    """All of them."""
    for drive in DRIVES:
        link_drive(root, folder / drive)
    link_alike(root, folder / ALIKE)


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
