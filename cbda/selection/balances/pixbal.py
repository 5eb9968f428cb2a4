"""The class balance of MulActSeg (Hwang et al., NeurIPS 2023), with its number for Cityscapes.

There the weights are of pixels, before the mean over a superpixel.
"""

import numpy as np

from cbda.selection.balance import FloatArray, Statistics

BY_PREDICTION = True
NU = 6.0


def weights(statistics: Statistics) -> FloatArray:
    """w_c = (1 + 6 p_c)^-2, p_c the share of the pool that is predicted as c in this round."""
    share = statistics.predicted / max(statistics.predicted.sum(), 1)
    return np.asarray((1 + NU * share) ** -2)
