"""Images and labels to network input: resizing, mirroring, colour, normalisation."""

from dataclasses import dataclass
from functools import cache
from typing import Annotated, Any

import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image
from torch import Tensor

from cbda.settings.section import one_of
from cbda.settings.sizes import Size

# Mean and deviation of ImageNet's RGB values, which pretrained encoders expect.
MEAN = (0.485, 0.456, 0.406)
DEVIATION = (0.229, 0.224, 0.225)
INTERPOLATIONS = ("bilinear", "bicubic")
Pixels = NDArray[np.uint8]


@dataclass(frozen=True)
class Resizing:
    """How a network sees images, and how its logits are brought to the size of labels."""

    image_size: Size
    interpolation: Annotated[str, one_of(*INTERPOLATIONS)] = "bilinear"  # of images
    align_corners: bool = False  # of logits


def resize_image(image: Pixels, size: Size, interpolation: str = "bilinear") -> Pixels:
    """Image (H,W,3) uint8 at another size (height, width), bilinear or bicubic, antialiased."""
    if image.shape[:2] == tuple(size):
        return image
    method = Image.Resampling[interpolation.upper()]
    return np.asarray(Image.fromarray(image).resize(size[::-1], method))


def to_tensor(image: Pixels) -> Tensor:
    """Normalised (3,H,W) of an image (H,W,3) uint8, in torch's default precision, float32."""
    table = _normalised_values(torch.get_default_dtype())
    channels = [np.take(table[:, index], image[:, :, index]) for index in range(3)]
    return torch.from_numpy(np.stack(channels))


@cache
def _normalised_values(dtype: torch.dtype) -> NDArray[Any]:
    """(256,3): looking a value up is several times faster than computing it for every pixel."""
    values, mean, deviation = (
        np.array(numbers, str(dtype).removeprefix("torch."))
        for numbers in (range(256), MEAN, DEVIATION)
    )
    return np.asarray((values[:, None] / 255 - mean) / deviation)
