"""What a network is fed: images, or the features of a frozen encoder."""

from collections.abc import Sequence
from typing import TypeAlias

import torch
from torch import Tensor

Inputs: TypeAlias = Tensor | Sequence[Tensor]  # images (B,3,H,W), or (B,C,h,w) of each scale


def input_size(inputs: Inputs) -> torch.Size:
    """Height and width of images, or of the finest scale."""
    return (inputs if isinstance(inputs, Tensor) else inputs[0]).shape[-2:]


def num_images(inputs: Inputs) -> int:
    """Images of a batch."""
    return len(inputs if isinstance(inputs, Tensor) else inputs[0])


def join_inputs(parts: Sequence[Inputs], device: torch.device) -> Inputs:
    """Several batches of one size as one on a device, in float32 at least."""
    images = [part for part in parts if isinstance(part, Tensor)]
    if images:
        return _join(images, device)
    return [_join(scale, device) for scale in zip(*parts, strict=True)]


def _join(parts: Sequence[Tensor], device: torch.device) -> Tensor:
    stacked = torch.cat(list(parts))
    dtype = torch.promote_types(stacked.dtype, torch.float32)
    return stacked.to(device, dtype, non_blocking=True, memory_format=torch.channels_last)
