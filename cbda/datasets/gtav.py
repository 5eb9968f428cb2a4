"""GTAV (Playing for Data): images/, labels/ as palette PNGs whose indices are label ids.

The ids are those of Cityscapes, and 34 for licence plates. Sizes differ between images. Pairs
whose image and label differ in size are errors until `cbda_skip.txt` lists them.
"""

from pathlib import Path

from cbda.datasets import cityscapes
from cbda.datasets.kind import Kind


def folders(root: Path, split: str) -> tuple[Path, Path]:
    """Folders of images and labels."""
    return root / "images", root / "labels"


KIND = Kind(
    folders,
    split="none",
    classes=cityscapes.CLASSES,
    names=cityscapes.NAMES | {34: "license plate"},
)
