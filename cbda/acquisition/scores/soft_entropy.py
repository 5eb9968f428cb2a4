"""Entropy, of pixels that stand for a class drawn by their probabilities.

Where classes are asked for by the drawn one, a pixel is in the choice of class c with probability
p_c, so that it counts p_c h for it in the mean: the soft quota of ClaSP PE.
"""

import torch
from torch import Tensor

from cbda.acquisition.maps import Scored
from cbda.acquisition.scores import entropy


def region(logits: Tensor, radius: int, generator: torch.Generator) -> Scored:
    """Mean entropy over the window, and a class drawn for its centre."""
    return entropy.region(logits, radius)[0], _draw(logits, generator)


def pixel(logits: Tensor, radius: int, generator: torch.Generator) -> Scored:
    """Pixel entropy divided by log C, and a class drawn for the pixel."""
    return entropy.pixel(logits, radius)[0], _draw(logits, generator)


def _draw(logits: Tensor, generator: torch.Generator) -> Tensor:
    """A class of each pixel by its probabilities, (H,W) uint8."""
    number = torch.rand(logits.shape[1:], generator=generator).to(logits.device)
    cumulated = torch.softmax(logits.float(), dim=0).cumsum(dim=0)[:-1]  # the last may miss 1
    return (number >= cumulated).sum(dim=0).to(torch.uint8)
