"""What happens to an image and its label between the disk and the network, in training alone."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageEnhance

from cbda.datasets.ids import VOID
from cbda.models.images import Pixels
from cbda.settings.sizes import Size
from cbda.settings.training import TrainingSettings

At = Sequence[float] | NDArray[np.float64]


def resize_label(label: Pixels, size: Size) -> Pixels:
    """Label (H,W) uint8 at another size (height, width), nearest."""
    if label.shape == tuple(size):
        return label
    return np.asarray(Image.fromarray(label).resize(size[::-1], Image.Resampling.NEAREST))


def reduce_label(label: Pixels, size: Size) -> Pixels:
    """Label (H,W) uint8 at a smaller size (height, width), in which no label falls to void.

    As `resize_label`, but where that finds 255 and the pixels that it stands for hold a label,
    the first of these, row by row, is taken.
    """
    reduced = resize_label(label, size).copy()
    rows, columns = (axis[::-1] for axis in np.nonzero(label != VOID))  # the first is written last
    row_cells = rows * size[0] // label.shape[0]
    column_cells = columns * size[1] // label.shape[1]
    free = reduced[row_cells, column_cells] == VOID
    reduced[row_cells[free], column_cells[free]] = label[rows[free], columns[free]]
    return reduced


REDUCTIONS = {"labelled": reduce_label, "nearest": resize_label}


def crop(pixels: Pixels, crop_size: Size, size: Size, at: At) -> Pixels:
    """Cut out what a crop of `crop_size` px would show if the picture were resized to `size`.

    Pixels are an image (H,W,3) or label (H,W) at its own resolution, sizes (height, width) are at
    that of the network, and `at` is the place of the crop in rows and columns, from 0 to 1.
    """
    own = np.array(pixels.shape[:2])
    lengths = np.maximum(np.round(own * crop_size / size), 1).astype(int)
    top, left = (at * (own - lengths + 1)).astype(int)
    return pixels[top : top + lengths[0], left : left + lengths[1]]


@dataclass(frozen=True)
class Augmentation:
    """One draw of what may happen to an image and its label alike; factors of 1 do nothing."""

    mirror: bool = False
    brightness: float = 1.0
    contrast: float = 1.0
    saturation: float = 1.0

    @classmethod
    def draw(cls, settings: TrainingSettings, rng: np.random.Generator) -> "Augmentation":
        """Draw from the ranges of the settings."""
        mirror = settings.horizontal_flip and rng.random() < 0.5
        factors = 1 + settings.color_jitter * rng.uniform(-1, 1, 3)
        return cls(mirror, *factors.tolist())

    def apply_to_image(self, image: Pixels) -> Pixels:
        """Image (H,W,3) uint8."""
        if self.mirror:
            image = image[:, ::-1]
        if (self.brightness, self.contrast, self.saturation) == (1.0, 1.0, 1.0):
            return image
        picture = Image.fromarray(np.ascontiguousarray(image))
        picture = ImageEnhance.Brightness(picture).enhance(self.brightness)
        picture = ImageEnhance.Contrast(picture).enhance(self.contrast)
        return np.asarray(ImageEnhance.Color(picture).enhance(self.saturation))

    def apply_to_label(self, label: Pixels) -> Pixels:
        """Label (H,W) uint8."""
        return label[:, ::-1] if self.mirror else label
