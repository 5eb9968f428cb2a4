"""A class that has used up its share of the budget comes last."""

import numpy as np

from cbda.selection.balance import FloatArray, Statistics

AIMS = True


def weights(statistics: Statistics) -> FloatArray:
    """w_c = clip(1 - n_c / (q_c B), 0, 1)."""
    share_px = statistics.target * statistics.budget_px
    ones = np.ones_like(share_px)
    used = np.divide(statistics.acquired, share_px, out=ones, where=share_px > 0)
    return np.asarray(np.clip(1 - used, 0, 1))
