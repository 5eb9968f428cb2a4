"""GTAV (Playing for Data): images/, labels/ as palette PNGs whose indices are label ids.

The ids are those of Cityscapes, and 34 for licence plates. Sizes differ between images. Pairs
whose image and label differ in size are errors until `cbda_skip.txt` lists them.
"""

from cbda.datasets import cityscapes
from cbda.datasets.listing import Kind

NAMES = cityscapes.NAMES | {34: "license plate"}
KIND = Kind(("images", "labels"), split="none", classes=cityscapes.CLASSES, names=NAMES)
