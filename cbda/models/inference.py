"""Logits of whole images, at the size of their labels."""

from collections.abc import Iterator

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from cbda.files.features import Features
from cbda.models.images import Size, resize_image, to_tensor
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
    _prepare(model, device)
    for image in images:
        batch = to_tensor(resize_image(image, image_size))[None]
        yield resize_logits(_forward(model, batch, device, flip), image.shape[:2])[0]


@torch.inference_mode()
def _forward(model: nn.Module, batch: Tensor, device: torch.device, flip: bool) -> Tensor:
    batch = batch.to(device, memory_format=torch.channels_last)
    logits: Tensor = model(batch).float()
    if flip:
        logits = (logits + model(batch.flip(-1)).flip(-1).float()) / 2
    return logits


def predict_from_features(
    model: nn.Module,
    images: Iterator[tuple[Size, list[Features]]],
    device: torch.device,
) -> Iterator[Tensor]:
    """Logits (C,H,W) float32 of one image after another, from the features of a frozen encoder.

    Of an image there are its own size in px and its features; where those of the mirrored image
    follow, the logits of both are averaged.
    """
    _prepare(model, device)
    for size, views in images:
        logits = [_forward_features(model, features, device) for features in views]
        if len(logits) > 1:
            logits[0] = (logits[0] + logits[1].flip(-1)) / 2
        yield resize_logits(logits[0], size)[0]


def _prepare(model: nn.Module, device: torch.device) -> None:
    model.eval().to(device, memory_format=torch.channels_last)  # type: ignore[call-overload]


@torch.inference_mode()
def _forward_features(model: nn.Module, features: Features, device: torch.device) -> Tensor:
    maps = [torch.from_numpy(values)[None].to(device).float() for values in features]
    logits: Tensor = model([x.contiguous(memory_format=torch.channels_last) for x in maps]).float()
    return logits
