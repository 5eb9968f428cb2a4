"""Encoders of segmentation_models_pytorch, dilated as their weights were trained."""

from typing import Any

import torch
from torch import nn


def create_dilated_encoder(name: str, weights: str | None, output_stride: int) -> Any:
    """An encoder, such as `resnet101`, whose last stages have dilation in place of strides.

    A module. Weights are `imagenet`, or None for random ones; `out_channels` counts its channels
    by scale; it maps images (B,3,H,W) to features (B,c,h,w) of all scales, the coarsest last.
    """
    from segmentation_models_pytorch.encoders import get_encoder

    encoder = get_encoder(name, weights=weights, output_stride=output_stride)
    keep_first_dilations(encoder, name)
    return encoder


def keep_first_dilations(encoder: nn.Module, name: str) -> None:
    """Give convolutions that lost their stride the dilation of the stage before, in place.

    They see the finer map, on which their weights were trained side by side; the library spreads
    them as all others of their stage. Encoders of timm, `tu-...`, are right as they are.
    """
    from segmentation_models_pytorch.encoders import get_encoder

    if name.startswith("tu-"):
        return
    with torch.device("meta"):  # costs no memory and no random numbers
        undilated: nn.Module = get_encoder(name, weights=None)
    for place, convolution in undilated.named_modules():
        if isinstance(convolution, nn.Conv2d) and max(convolution.stride) > 1:
            _keep_first_dilation(encoder.get_submodule(place))


def _keep_first_dilation(convolution: nn.Module) -> None:
    assert isinstance(convolution, nn.Conv2d)
    if max(convolution.stride) == 1:
        rate = convolution.dilation[0] // 2
        height, width = convolution.kernel_size
        convolution.dilation = (rate, rate)
        convolution.padding = (height // 2 * rate, width // 2 * rate)


def freeze_batch_norm(model: nn.Module) -> list[nn.BatchNorm2d]:
    """Keep the scales and shifts of the encoder's batch norm as they are; its layers."""
    layers = encoder_batch_norms(model)
    for layer in layers:
        layer.requires_grad_(False)
    return layers


def encoder_batch_norms(model: nn.Module) -> list[nn.BatchNorm2d]:
    """The batch norm layers of `model.encoder`."""
    layers = model.get_submodule("encoder").modules()
    return [layer for layer in layers if isinstance(layer, nn.BatchNorm2d)]
