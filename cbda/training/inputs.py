"""What a network is fed: images, or the features of a frozen encoder."""

from collections.abc import Sequence
from typing import TypeAlias

import torch
from torch import Tensor

Inputs: TypeAlias = Tensor | Sequence[Tensor]  # images (B,3,H,W), or (B,C,h,w) of each scale


def input_size(inputs: Inputs) -> torch.Size:
    """Height and width of images, or of the finest scale."""
    return (inputs if isinstance(inputs, Tensor) else inputs[0]).shape[-2:]


def join_inputs(parts: Sequence[Inputs], device: torch.device) -> Inputs:
    """Several batches of one size as one, float32 on a device."""
    images = [part for part in parts if isinstance(part, Tensor)]
    if images:
        return _join(images, device)
    return [_join(scale, device) for scale in zip(*parts, strict=True)]


def _join(parts: Sequence[Tensor], device: torch.device) -> Tensor:
    stacked = torch.cat(list(parts))
    return stacked.to(device, torch.float32, non_blocking=True, memory_format=torch.channels_last)
