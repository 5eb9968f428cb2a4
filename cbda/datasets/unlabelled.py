"""Images without labels: what people are to be asked about.

`<id>.png` (or .jpg, .jpeg) in the root, or in root/split. Whoever asks for a label gets an error.
"""

from cbda.datasets.folder import IMAGE_SUFFIXES
from cbda.datasets.listing import Kind

KIND = Kind(
    ("{}", "{}"),
    split="optional",
    image_suffixes=IMAGE_SUFFIXES,
    label_suffixes=IMAGE_SUFFIXES,
)
