"""Cityscapes: leftImg8bit/<split>/<city>/, gtFine/<split>/<city>/ (fine labels, label ids)."""

from cbda.datasets.listing import Kind

NAMES = dict(enumerate((
    "unlabeled", "ego vehicle", "rectification border", "out of roi", "static", "dynamic",
    "ground", "road", "sidewalk", "parking", "rail track", "building", "wall", "fence",
    "guard rail", "bridge", "tunnel", "pole", "polegroup", "traffic light", "traffic sign",
    "vegetation", "terrain", "sky", "person", "rider", "car", "truck", "bus", "caravan",
    "trailer", "train", "motorcycle", "bicycle",
)))  # fmt: skip
EVALUATED = (7, 8, 11, 12, 13, 17, *range(19, 29), 31, 32, 33)  # label ids
CLASSES = tuple(NAMES[label_id] for label_id in EVALUATED)
KIND = Kind(
    ("leftImg8bit/{}", "gtFine/{}"),  # in each a folder for every city
    split="needed",
    classes=CLASSES,
    names=NAMES,
    image_suffixes=("_leftImg8bit.png",),
    label_suffixes=("_gtFine_labelIds.png",),
    nested=True,
)
