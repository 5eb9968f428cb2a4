"""Pixels drawn evenly among those of the highest scores: PixelPick (Shin et al., ICCVW 2021).

All others follow by score, once those are used up.
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray

LAST = 1e15  # more than any Gumbel number


def utility(rank: NDArray[Any], num_ranked: float, top_fraction: float) -> NDArray[Any]:
    """0 among the highest, and far below by rank for all others, (H,W)."""
    below = rank > max(top_fraction * num_ranked, 1)
    return np.asarray(rank * below * -LAST)
