"""Best versus second best, the score of Cai et al. (CVPR 2021), there over superpixels."""

import torch
from torch import Tensor

from cbda.acquisition.maps import Scored, region_mean
from cbda.models.logits import most_probable


def pixel(logits: Tensor, radius: int) -> Scored:
    """The second highest probability over the highest, in [0, 1]; the radius is not used."""
    best = logits.float().topk(2, dim=0).values  # (2, H, W)
    return torch.exp(best[1] - best[0]), most_probable(logits)


region = region_mean(pixel)
