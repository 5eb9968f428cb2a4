"""Logits of whole images, at the size of their labels."""

from collections.abc import Iterator

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from cbda.models.images import resize_image, to_tensor
from cbda.models.logits import resize_logits


def predict_logits(
    model: nn.Module,
    images: Iterator[NDArray[np.uint8]],
    image_size: tuple[int, int],
    device: torch.device,
    flip: bool = False,
) -> Iterator[Tensor]:
    """Logits (C,H,W) float32 of one image (H,W,3) uint8 after another, at its own size.

    The network, set to evaluation mode, sees the image at `image_size` (height, width) in px.
    A flip averages with the mirrored image's logits.
    """
    model.eval().to(device, memory_format=torch.channels_last)  # type: ignore[call-overload]
    for image in images:
        batch = to_tensor(resize_image(image, image_size))[None]
        batch = batch.to(device, memory_format=torch.channels_last)
        with torch.inference_mode():
            logits: Tensor = model(batch).float()
            if flip:
                logits = (logits + model(batch.flip(-1)).flip(-1).float()) / 2
        yield resize_logits(logits, image.shape[:2])[0]
