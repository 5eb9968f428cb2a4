"""Cuts each drive of CamVid into a pool and a test set, as links in the layout of CamVid.

python -m evidence.drives "$CAMVID_ROOT" data/camvid_drives

Of blocks of ten frames of a drive, one a second, those with even numbers are the pool, and the
others, without their first and last frame, the test set.
"""

import sys
from pathlib import Path

DRIVES = ("0006R0", "0016E5")
BLOCK_FRAMES = 10


def part(place: int) -> str | None:
    """Where the frame at a place of its drive goes; None for nowhere."""
    number, inside = divmod(place, BLOCK_FRAMES)
    if number % 2 == 0:
        return "train"
    return "val" if 0 < inside < BLOCK_FRAMES - 1 else None


def link(root: Path, folder: Path, drive: str) -> None:
    """Link the images and labels of a drive."""
    for place, path in enumerate(sorted((root / "train").glob(f"{drive}_*.png"))):
        if (name := part(place)) is not None:
            for source in (path, root / "trainannot" / path.name):
                side = folder / drive / (name + source.parent.name.removeprefix("train"))
                side.mkdir(parents=True, exist_ok=True)
                (side / path.name).symlink_to(source.resolve())


if __name__ == "__main__":
    for each in DRIVES:
        link(Path(sys.argv[1]), Path(sys.argv[2]), each)
