"""Logits and probabilities of whole images, at the size of their labels."""

from collections.abc import Iterator, Sequence
from typing import TypeAlias

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from cbda.models.images import Resizing, resize_image, to_tensor
from cbda.models.inputs import Inputs, join_inputs
from cbda.models.logits import at_least_float32, resize_logits
from cbda.settings.sizes import Size

Images = Iterator[NDArray[np.uint8]]
# An image as the network takes it, and then its mirrored view if wanted; its own height and width.
Views: TypeAlias = tuple[Sequence[Inputs], Size]


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
    return logits_of_views(model, seen_images(images, resizing), resizing, device, through_input)


def logits_of_views(
    model: nn.Module,
    images: Iterator[Views],
    resizing: Resizing,
    device: torch.device,
    through_input: bool = False,
) -> Iterator[Tensor]:
    """`predict_logits` of what the network takes of the images."""
    aligned = resizing.align_corners
    prepare(model, device)
    for views, size in images:
        logits = forward(model, views[0], device)
        if through_input and aligned:
            logits = resize_logits(logits, resizing.image_size, aligned)
        yield resize_logits(logits, size, aligned)[0]


def mean_of_views(
    model: nn.Module, images: Iterator[Views], resizing: Resizing, device: torch.device
) -> Iterator[Tensor]:
    """Mean (C,H,W) of the probabilities of an image and of its mirrored view, at its own size."""
    prepare(model, device)
    for views, size in images:
        maps = [forward(model, view, device) for view in views]
        maps = [resize_logits(map_, size, resizing.align_corners).softmax(dim=1) for map_ in maps]
        yield maps[0].add_(maps[1].flip(-1))[0] / 2


def seen_images(images: Images, resizing: Resizing, mirrored: bool = False) -> Iterator[Views]:
    """Images (H,W,3) uint8 as the network takes them, and each mirrored if wanted."""
    for image in images:
        seen = to_tensor(resize_image(image, resizing.image_size, resizing.interpolation))[None]
        height, width, _ = image.shape
        yield [seen, seen.flip(-1)] if mirrored else [seen], (height, width)


def prepare(model: nn.Module, device: torch.device) -> None:
    """Set a network to evaluation, on a device."""
    model.eval().to(device, memory_format=torch.channels_last)  # type: ignore[call-overload]


@torch.inference_mode()
def forward(model: nn.Module, inputs: Inputs, device: torch.device) -> Tensor:
    """Logits (1,C,h,w) of an image as the network takes it, float32 at least."""
    logits: Tensor = model(join_inputs([inputs], device))
    return at_least_float32(logits).contiguous()  # a map per class: scores take it faster
