"""Region impurity x prediction uncertainty, as published: RIPU (CVPR 2022, arXiv 2111.12940)."""

import math

from torch import Tensor

from cbda.acquisition.maps import Scored, entropy_and_prediction, window_impurity, window_mean
from cbda.acquisition.methods import EPSILON


def region(logits: Tensor, radius: int) -> Scored:
    """Region score A = P * U as published: entropy of predictions x mean pixel entropy.

    The window around a pixel is (2k+1) x (2k+1), clipped at the border.
    """
    entropy, prediction = entropy_and_prediction(logits)
    scale = math.log(len(logits))
    uncertainty = window_mean(entropy / scale, radius)
    impurity = window_impurity(prediction, radius, EPSILON) / scale
    return impurity * uncertainty, prediction


def pixel(logits: Tensor, radius: int) -> Scored:
    """Pixel score A = h * P', neither divided by log C, as published; P' over the window."""
    entropy, prediction = entropy_and_prediction(logits)
    return entropy * window_impurity(prediction, radius, EPSILON), prediction
