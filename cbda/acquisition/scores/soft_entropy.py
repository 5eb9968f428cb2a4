"""Entropy, of pixels that stand for a class drawn by their probabilities.

Where classes are asked for by the drawn one, a pixel is in the choice of class c with probability
p_c, so that it counts p_c h for it in the mean: the soft quota of ClaSP PE.
"""

import math

import torch
from torch import Tensor

from cbda.acquisition.maps import Scored, entropy_and_prediction, window_mean


def pixel(logits: Tensor, radius: int, generator: torch.Generator) -> Scored:
    """Pixel entropy divided by log C, and a class drawn for the pixel; the radius is not used."""
    entropy, _ = entropy_and_prediction(logits)
    return entropy / math.log(len(logits)), _draw(logits, generator)


def region(logits: Tensor, radius: int, generator: torch.Generator) -> Scored:
    """Mean over the window of the pixel's, and a class drawn for its centre."""
    score, drawn = pixel(logits, radius, generator)
    return window_mean(score, radius), drawn


def _draw(logits: Tensor, generator: torch.Generator) -> Tensor:
    """A class of each pixel by its probabilities, (H,W) uint8."""
    number = torch.rand(logits.shape[1:], generator=generator).to(logits.device)
    cumulated = torch.softmax(logits.float(), dim=0).cumsum(dim=0)[:-1]  # the last may miss 1
    return (number >= cumulated).sum(dim=0).to(torch.uint8)
