"""Pixels drawn evenly among those of the highest scores: PixelPick (Shin et al., ICCVW 2021).

All others follow by score, once those are used up.
"""

import numpy as np
from numpy.typing import NDArray

LAST = 1e15  # more than any Gumbel number


def utility(rank: NDArray[np.float64], num_ranked: int, top_fraction: float) -> NDArray[np.float64]:
    """0 among the highest, and far below by rank for all others, (H,W)."""
    is_top = rank <= max(top_fraction * num_ranked, 1)
    return np.where(is_top, 0.0, -LAST * (1 + rank / num_ranked))
