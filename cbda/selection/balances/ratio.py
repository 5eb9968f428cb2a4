"""Wanted over acquired shares of the classes."""

import numpy as np

from cbda.selection.balance import FloatArray, Statistics

AIMS = True


def weights(statistics: Statistics) -> FloatArray:
    """w_c = min(q_c n / n_c, w_max), scaled to max 1; a class never seen weighs 1."""
    counts, target = statistics.acquired, statistics.target
    seen = counts > 0
    ratios = np.divide(target * counts.sum(), counts, out=np.zeros_like(target), where=seen)
    capped = np.minimum(ratios, statistics.max_weight)
    highest = capped.max()
    scaled = capped / highest if highest > 0 else capped
    return np.where(seen, scaled, 1.0)
