"""Images and labels to network input: resizing, mirroring, colour, normalisation."""

import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image
from torch import Tensor

# Mean and deviation of ImageNet's RGB values, which pretrained encoders expect.
MEAN = np.array([0.485, 0.456, 0.406], np.float32)
DEVIATION = np.array([0.229, 0.224, 0.225], np.float32)
# (256,3): looking a value up is several times faster than computing it for every pixel.
NORMALISED = (np.arange(256, dtype=np.float32)[:, None] / 255 - MEAN) / DEVIATION
Pixels = NDArray[np.uint8]
Size = tuple[int, int]  # height and width in px


def resize_image(image: Pixels, size: Size) -> Pixels:
    """Image (H,W,3) uint8 at another size (height, width), bilinear and antialiased."""
    if image.shape[:2] == tuple(size):
        return image
    return np.asarray(Image.fromarray(image).resize(size[::-1], Image.Resampling.BILINEAR))


def to_tensor(image: Pixels) -> Tensor:
    """Normalised (3,H,W) float32 of an image (H,W,3) uint8."""
    channels = [np.take(NORMALISED[:, index], image[:, :, index]) for index in range(3)]
    return torch.from_numpy(np.stack(channels))
