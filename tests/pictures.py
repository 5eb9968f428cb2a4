"""Labelled images in memory."""

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

Pixels = NDArray[np.uint8]


@dataclass
class Pictures:
    """Images (H,W,3) and labels (H,W); `reads` lists the images read in this process."""

    images: list[Pixels]
    labels: list[Pixels]
    reads: list[int] = field(default_factory=list)

    def __len__(self) -> int:
        return len(self.images)

    def read_image(self, index: int) -> Pixels:
        self.reads.append(index)
        return self.images[index]

    def read_label(self, index: int) -> Pixels:
        return self.labels[index]


def random_pictures(num: int, height: int, width: int, num_classes: int, seed: int) -> Pictures:
    """A tenth of the pixels has no label."""
    rng = np.random.default_rng(seed)
    labels = rng.integers(0, num_classes, (num, height, width), np.uint8)
    labels[rng.random(labels.shape) < 0.1] = 255
    return Pictures(list(rng.integers(0, 256, (num, height, width, 3), np.uint8)), list(labels))
