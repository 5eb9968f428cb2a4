"""The plainest layout, and the one for data of your own.

`images/<id>.png` (or .jpg, .jpeg) and `labels/<id>.png` under the root, or under root/split.
Labels hold train ids; 255 is void.
"""

from pathlib import Path

from cbda.datasets.kind import Kind


def folders(root: Path, split: str) -> tuple[Path, Path]:
    """Folders of images and labels."""
    return root / split / "images", root / split / "labels"


KIND = Kind(folders, split="optional", image_suffixes=(".png", ".jpg", ".jpeg"))
