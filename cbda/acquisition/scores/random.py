"""Random numbers, the same for either unit."""

import torch
from torch import Tensor

from cbda.acquisition.maps import Scored
from cbda.models.logits import most_probable


def pixel(logits: Tensor, radius: int, generator: torch.Generator) -> Scored:
    """Uniform in [0, 1); neither logits nor radius matter."""
    score = torch.rand(logits.shape[1:], generator=generator).to(logits.device)
    return score, most_probable(logits)


region = pixel
