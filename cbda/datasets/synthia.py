"""SYNTHIA-RAND-CITYSCAPES: RGB/, GT/LABELS/ as 16-bit RGB PNGs, the class in the first channel.

Pillow decodes 16-bit RGB to the high byte of each channel, which is 0 for every class. Told that
the file is little-endian, it keeps the low byte, so two passes give the whole number.
"""

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from cbda.datasets import cityscapes
from cbda.datasets.kind import Kind
from cbda.datasets.pictures import LABEL_FORMATS, PixelArray, open_verified, require_mode

HIGH_BYTE, LOW_BYTE = "RGB;16B", "RGB;16L"
LABEL_MODES = (HIGH_BYTE,)
NAMES = dict(enumerate((
    "void", "sky", "building", "road", "sidewalk", "fence", "vegetation", "pole", "car",
    "traffic sign", "person", "bicycle", "motorcycle", "parking slot", "road work",
    "traffic light", "terrain", "rider", "truck", "bus", "train", "wall", "lane marking",
)))  # fmt: skip
ABSENT = ("terrain", "truck", "train")  # they have an id, but no pixels
CLASSES = tuple(name for name in cityscapes.CLASSES if name not in ABSENT)


def folders(root: Path, split: str) -> tuple[Path, Path]:
    """Folders of images and labels."""
    return root / "RGB", root / "GT" / "LABELS"


def read_first_channel(path: Path, raw_mode: str) -> PixelArray:
    """(H, W) uint8: one byte of the first channel of a 16-bit RGB PNG."""
    with open_verified(path, LABEL_FORMATS) as image:
        require_mode(image, LABEL_MODES, path)
        image.tile = [(*image.tile[0][:3], raw_mode)]  # type: ignore[attr-defined]
        return np.array(image)[:, :, 0]


def read_ids(path: Path) -> NDArray[np.uint16]:
    """(H, W) uint16 class numbers."""
    high = read_first_channel(path, HIGH_BYTE).astype(np.uint16)
    low = read_first_channel(path, LOW_BYTE).astype(np.uint16)
    return high * np.uint16(256) + low


KIND = Kind(
    folders,
    split="none",
    classes=CLASSES,
    names=NAMES,
    label_modes=LABEL_MODES,
    read_ids=read_ids,
)
