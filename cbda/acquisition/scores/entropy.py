"""Entropy of the predicted probabilities."""

import math

from torch import Tensor

from cbda.acquisition.maps import Scored, entropy_and_prediction, region_mean


def pixel(logits: Tensor, radius: int) -> Scored:
    """Pixel entropy divided by log C; the radius is not used."""
    entropy, prediction = entropy_and_prediction(logits)
    return entropy / math.log(len(logits)), prediction


region = region_mean(pixel)
