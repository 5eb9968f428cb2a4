"""Margin between the two most probable classes."""

import torch
from torch import Tensor

from cbda.acquisition.maps import Scored, region_mean
from cbda.models.logits import most_probable


def pixel(logits: Tensor, radius: int) -> Scored:
    """One minus the difference of the two highest probabilities; the radius is not used."""
    probability = torch.softmax(logits.float(), dim=0)
    best = probability.topk(2, dim=0).values  # (2, H, W)
    return 1 - (best[0] - best[1]), most_probable(probability)


region = region_mean(pixel)
