"""Pixels drawn with a probability proportional to r^-beta, r the rank of their score."""

import numpy as np
from numpy.typing import NDArray


def utility(rank: NDArray[np.float64], num_ranked: int) -> NDArray[np.float64]:
    """-log r, (H,W)."""
    return -np.log(rank)
