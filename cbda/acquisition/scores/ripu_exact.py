"""RIPU with 0 log 0 = 0 in place of an epsilon.

The published epsilon makes the score of a pure window slightly negative, lower the more
uncertain it is; here pure windows follow the impure ones, the most uncertain first.
"""

import math

from torch import Tensor

from cbda.acquisition.maps import Scored, entropy_and_prediction, window_impurity, window_mean
from cbda.acquisition.methods import PURE_IMPURITY


def region(logits: Tensor, radius: int) -> Scored:
    """Region score A = (P0 + delta) * U, never negative."""
    entropy, prediction = entropy_and_prediction(logits)
    scale = math.log(len(logits))
    uncertainty = window_mean(entropy.clamp(min=0) / scale, radius)
    impurity = window_impurity(prediction, radius, 0.0) / scale
    return (impurity + PURE_IMPURITY) * uncertainty, prediction


def pixel(logits: Tensor, radius: int) -> Scored:
    """Pixel score A = h * (P0' + delta), never negative."""
    entropy, prediction = entropy_and_prediction(logits)
    impurity = window_impurity(prediction, radius, 0.0)
    return entropy.clamp(min=0) * (impurity + PURE_IMPURITY), prediction
