"""Class statistics of the labels acquired so far to class weights of the next round.

`consumed`, `ratio` and `quota` are our own reading: the paper (arXiv 2311.14146) says only that
scores are reweighted by previously collected class statistics relative to a target distribution.
"""

import math
from collections.abc import Callable, Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from cbda.acquisition.methods import TARGETS
from cbda.errors import UserError, require_choice

FloatArray = NDArray[np.float64]
CountArray = NDArray[np.int64]


class Statistics(NamedTuple):
    """What a rule may weigh classes by."""

    acquired: CountArray  # (C,) pixels of each class acquired in earlier rounds, void left out
    predicted: CountArray  # (C,) pixels of the pool predicted as each; 0 where they aren't counted
    target: FloatArray  # (C,) wanted class distribution, sums to 1
    budget_px: float  # B, pixels that the whole run may acquire
    max_weight: float  # cap of the rule `ratio` before scaling


def consumed(statistics: Statistics) -> FloatArray:
    """w_c = clip(1 - n_c / (q_c B), 0, 1): a class that has used up its share comes last."""
    share_px = statistics.target * statistics.budget_px
    ones = np.ones_like(share_px)
    used = np.divide(statistics.acquired, share_px, out=ones, where=share_px > 0)
    return np.asarray(np.clip(1 - used, 0, 1))


def ratio(statistics: Statistics) -> FloatArray:
    """w_c = min(q_c n / n_c, w_max), scaled to max 1; a class never seen weighs 1."""
    counts, target = statistics.acquired, statistics.target
    seen = counts > 0
    ratios = np.divide(target * counts.sum(), counts, out=np.zeros_like(target), where=seen)
    capped = np.minimum(ratios, statistics.max_weight)
    highest = capped.max()
    scaled = capped / highest if highest > 0 else capped
    return np.where(seen, scaled, 1.0)


def exp(statistics: Statistics) -> FloatArray:
    """Weight w_c = e^-p_c, p_c the share of the pool that is predicted as c in this round.

    The class balance of Cai et al. (CVPR 2021), who take p_c from the predicted dominant labels
    of superpixels. It weighs a class by 1/e at the least, and knows neither target nor acquired.
    """
    return np.asarray(np.exp(-statistics.predicted / max(statistics.predicted.sum(), 1)))


# Weight of every class in the next round, (C,) float64 within [0, 1].
RULES: dict[str, Callable[[Statistics], FloatArray]] = {
    "none": lambda statistics: np.ones_like(statistics.target),
    "consumed": consumed,
    "ratio": ratio,
    "exp": exp,
    "quota": consumed,  # at the start of the round; see `cbda.selection.quota` for what follows
    "consumed_literal": consumed,  # as `cbda.selection.weighting` multiplies it
}
NEED_PREDICTIONS = ("exp", "predicted", "sqrt_predicted")  # rules and targets


def target_shares(
    wanted: str | Sequence[float], num_classes: int, predicted: CountArray | None = None
) -> FloatArray:
    """The class distribution q that a balance aims at, (C,) float64 of sum 1.

    `uniform`, as nothing is; `predicted` or `sqrt_predicted`, the shares of predicted pixels (C,)
    in the pool or their square roots (the pool's own frequencies are not known beforehand, and the
    source's are another domain's); or a number per class, of any sum. A `UserError` for an unknown
    name, or numbers that are no distribution over the classes.
    """
    shares = np.ones(num_classes)
    if isinstance(wanted, str):
        require_choice("target distribution", wanted, TARGETS)
        if wanted != "uniform" and predicted is not None and predicted.any():
            shares = predicted / predicted.sum()
            shares = np.sqrt(shares) if wanted == "sqrt_predicted" else shares
    elif len(wanted):
        if len(wanted) != num_classes or min(wanted) < 0 or not 0 < sum(wanted) < math.inf:
            raise UserError(
                f"target distribution {list(wanted)}: allowed are {num_classes} numbers, none"
                f" negative and not all 0, or one of {', '.join(TARGETS)}"
            )
        shares = np.array(wanted, np.float64)
    return np.asarray(shares / shares.sum(), np.float64)
