"""The class balance of Cai et al. (CVPR 2021), of pixels in place of superpixels.

They take p_c from the predicted dominant labels of superpixels. It weighs a class by 1/e at the
least, and knows neither target nor acquired.
"""

import numpy as np

from cbda.selection.balance import FloatArray, Statistics

BY_PREDICTION = True


def weights(statistics: Statistics) -> FloatArray:
    """w_c = e^-p_c, p_c the share of the pool that is predicted as c in this round."""
    return np.asarray(np.exp(-statistics.predicted / max(statistics.predicted.sum(), 1)))
