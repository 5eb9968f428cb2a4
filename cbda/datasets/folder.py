"""The plainest layout, and the one for data of your own.

`images/<id>.png` (or .jpg, .jpeg) and `labels/<id>.png` under the root, or under root/split.
Labels hold train ids; 255 is void.
"""

from cbda.datasets.listing import Kind

IMAGE_SUFFIXES = (".png", ".jpg", ".jpeg")
KIND = Kind(("{}/images", "{}/labels"), split="optional", image_suffixes=IMAGE_SUFFIXES)
