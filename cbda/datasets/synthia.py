"""SYNTHIA-RAND-CITYSCAPES: RGB/, GT/LABELS/ as 16-bit RGB PNGs, the class in the first channel.

Pillow decodes 16-bit RGB to the high byte of each channel, which is 0 for every class. Told that
the file is little-endian, it keeps the low byte, so two passes give the whole number.
"""

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from cbda.datasets import cityscapes
from cbda.datasets.listing import Kind
from cbda.datasets.pictures import LABEL_FORMATS, open_verified, require_mode

HIGH_BYTE, LOW_BYTE = "RGB;16B", "RGB;16L"
NAMES = dict(enumerate((
    "void", "sky", "building", "road", "sidewalk", "fence", "vegetation", "pole", "car",
    "traffic sign", "person", "bicycle", "motorcycle", "parking slot", "road work",
    "traffic light", "terrain", "rider", "truck", "bus", "train", "wall", "lane marking",
)))  # fmt: skip
ABSENT = ("terrain", "truck", "train")  # they have an id, but no pixels
CLASSES = tuple(name for name in cityscapes.CLASSES if name not in ABSENT)


def read_ids(path: Path) -> NDArray[np.uint16]:
    """(H, W) uint16 class numbers."""
    parts = []  # (H, W) uint16 of the first channel, byte by byte
    for raw_mode in (HIGH_BYTE, LOW_BYTE):
        with open_verified(path, LABEL_FORMATS) as (image, _):
            require_mode(image, (HIGH_BYTE,), path)
            image.tile = [(*image.tile[0][:3], raw_mode)]  # type: ignore[attr-defined]
            parts.append(np.array(image)[:, :, 0].astype(np.uint16))
    return parts[0] * np.uint16(256) + parts[1]


KIND = Kind(
    ("RGB", "GT/LABELS"),
    split="none",
    classes=CLASSES,
    names=NAMES,
    label_modes=(HIGH_BYTE,),
    read_ids=read_ids,
)
