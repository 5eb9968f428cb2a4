"""Pixels drawn with a probability proportional to r^-beta, r the rank of their score."""

from typing import Any

import numpy as np
from numpy.typing import NDArray


def utility(rank: NDArray[Any], num_ranked: float) -> NDArray[Any]:
    """-log r, (H,W)."""
    return np.asarray(-np.log(rank))
