"""Class statistics of the labels acquired so far to class weights of the next round.

The rules are of our own reading: the paper (arXiv 2311.14146) says only that scores are
reweighted by previously collected class statistics relative to a target distribution.
"""

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from cbda.methods import BALANCES, require_choice

FloatArray = NDArray[np.float64]
CountArray = NDArray[np.int64]


def consumed(
    counts: CountArray, target: FloatArray, budget_px: float, max_weight: float
) -> FloatArray:
    """w_c = clip(1 - n_c / (q_c B), 0, 1): a class that has used up its share weighs nothing."""
    share_px = target * budget_px
    used = np.divide(counts, share_px, out=np.ones_like(share_px), where=share_px > 0)
    weights: FloatArray = np.clip(1 - used, 0, 1)
    return weights


def ratio(
    counts: CountArray, target: FloatArray, budget_px: float, max_weight: float
) -> FloatArray:
    """w_c = min(q_c n / n_c, w_max), scaled to max 1; a class never seen weighs 1."""
    seen = counts > 0
    if not seen.any():
        return np.ones_like(target)
    wanted_px = target * counts.sum()
    capped = np.minimum(
        np.divide(wanted_px, counts, out=np.zeros_like(target), where=seen), max_weight
    )
    highest = capped.max()
    scaled = capped / highest if highest > 0 else capped
    return np.where(seen, scaled, 1.0)


def none(counts: CountArray, target: FloatArray, budget_px: float, max_weight: float) -> FloatArray:
    """Every class weighs 1."""
    return np.ones_like(target)


RULES: dict[str, Callable[[CountArray, FloatArray, float, float], FloatArray]] = {
    "none": none,
    "consumed": consumed,
    "ratio": ratio,
}


def class_weights(
    rule: str,
    counts: CountArray,
    budget_px: float,
    target: FloatArray | None = None,
    max_weight: float = 10.0,
) -> FloatArray:
    """Weight of every class in the next round.

    Args:
        rule: one of `cbda.methods.BALANCES`.
        counts: (C,) int64, acquired pixels of each class in earlier rounds, void left out.
        budget_px: B, pixels that the whole run may acquire.
        target: (C,) wanted class distribution, sums to 1; uniform if None.
        max_weight: cap of the rule `ratio` before scaling.

    Returns:
        (C,) float64 within [0, 1].
    """
    require_choice("balance", rule, BALANCES)
    if target is None:
        target = np.full(len(counts), 1 / len(counts))
    return RULES[rule](np.asarray(counts, dtype=np.int64), target, budget_px, max_weight)


def normalised_entropy(counts: CountArray) -> float:
    """Entropy of a class distribution over log C: 1 is balanced, 0 one class only.

    Args:
        counts: (C,) int64 pixels by class.

    Returns:
        A float within [0, 1]; NaN if there are no pixels.
    """
    total = counts.sum()
    if total == 0:
        return float("nan")
    share = counts[counts > 0] / total
    return float(-(share * np.log(share)).sum() / np.log(len(counts)))
