"""Logits and probabilities of whole images, at the size of their labels."""

from collections.abc import Iterator

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from cbda.models.images import Resizing, resize_image, to_tensor
from cbda.models.logits import at_least_float32, resize_logits

Images = Iterator[NDArray[np.uint8]]


def predict_logits(
    model: nn.Module,
    images: Images,
    resizing: Resizing,
    device: torch.device,
    through_input: bool = False,
) -> Iterator[Tensor]:
    """Logits (C,H,W) of one image (H,W,3) uint8 after another, at its own size, in float32.

    The network, set to evaluation mode, sees the image as the resizing says. Logits whose corners
    are aligned go `through_input`, the size at which it sees the image, if they are to be scored.
    """
    aligned = resizing.align_corners
    for batch, size in batches(model, images, resizing, device):
        logits = forward(model, batch)
        if through_input and aligned:
            logits = resize_logits(logits, resizing.image_size, aligned)
        yield resize_logits(logits, size, aligned)[0]


def predict_from_both_views(
    model: nn.Module, images: Images, resizing: Resizing, device: torch.device
) -> Iterator[Tensor]:
    """Mean (C,H,W) of the probabilities of an image and of its mirrored view, as above."""
    for batch, size in batches(model, images, resizing, device):
        views = [forward(model, batch), forward(model, batch.flip(-1))]
        views = [resize_logits(view, size, resizing.align_corners).softmax(dim=1) for view in views]
        yield views[0].add_(views[1].flip(-1))[0] / 2


def batches(
    model: nn.Module, images: Images, resizing: Resizing, device: torch.device
) -> Iterator[tuple[Tensor, tuple[int, int]]]:
    """Each image as the network sees it, (1,3,h,w), and its own height and width."""
    model.eval().to(device, memory_format=torch.channels_last)  # type: ignore[call-overload]
    for image in images:
        seen = to_tensor(resize_image(image, resizing.image_size, resizing.interpolation))[None]
        height, width, _ = image.shape
        yield seen.to(device, memory_format=torch.channels_last), (height, width)


@torch.inference_mode()
def forward(model: nn.Module, batch: Tensor) -> Tensor:
    """Logits (1,C,h,w) of an image as the network sees it, float32 at least."""
    return at_least_float32(model(batch))
