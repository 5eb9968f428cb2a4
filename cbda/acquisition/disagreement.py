"""How far several predictions of one pixel are from certain, and from one another.

One view is in memory at a time: what is kept are sums.
"""

import math
from collections.abc import Iterable
from typing import NamedTuple

import torch
from torch import Tensor

from cbda.acquisition.maps import Scored
from cbda.models.logits import most_probable


class Consensus(NamedTuple):
    """What several views say of an image; entropies over log C, (H,W) float32."""

    entropy_of_mean: Tensor
    mean_entropy: Tensor
    prediction: Tensor  # uint8, of the mean probabilities


def consensus(views: Iterable[Tensor]) -> Consensus:
    """Take the logits (C,H,W) float of one view or more, one by one."""
    num_views, probability, entropy = 0, torch.empty(0), torch.empty(0)
    for logits in views:
        share = torch.softmax(logits.float(), dim=0)
        uncertainty = _entropy(share)
        probability = probability.add_(share) if num_views else share
        entropy = entropy.add_(uncertainty) if num_views else uncertainty
        num_views += 1
    probability /= num_views
    return Consensus(_entropy(probability), entropy / num_views, most_probable(probability))


def bald(views: Iterable[Tensor], radius: int) -> Scored:
    """Mutual information of class and view, H(mean p) - mean H(p), of pixels: BALD.

    Houlsby et al. (arXiv 1112.5745); with dropout, Gal et al. (ICML 2017).
    """
    found = consensus(views)
    return (found.entropy_of_mean - found.mean_entropy).clamp(min=0), found.prediction


def mean_entropy(views: Iterable[Tensor], radius: int) -> Scored:
    """Mean over the views of the entropy, of pixels."""
    found = consensus(views)
    return found.mean_entropy, found.prediction


def _entropy(probability: Tensor) -> Tensor:
    entropy: Tensor = torch.special.entr(probability).sum(dim=0)
    return entropy / math.log(len(probability))
