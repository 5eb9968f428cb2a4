"""Pixels drawn with a probability proportional to s^beta, s their score.

Scores of 0 and less have no power: they count as less than any positive one, in their order.
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray

SMALLEST = np.finfo(np.float32).tiny


def utility(score: NDArray[Any]) -> NDArray[Any]:
    """Log s, or log of the smallest positive number + s where s is 0 or less, (H,W)."""
    logarithm = np.log(np.maximum(score, SMALLEST))
    return np.asarray(logarithm + np.minimum(score, 0))
