"""Class statistics of the labels acquired so far to class weights of the next round.

`consumed`, `ratio` and `quota` are our own reading: the paper (arXiv 2311.14146) says only that
scores are reweighted by previously collected class statistics relative to a target distribution.
"""

import math
from collections.abc import Sequence
from importlib import import_module
from types import ModuleType
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from cbda.acquisition.methods import BALANCES, TARGETS
from cbda.errors import UserError, require_choice

FloatArray = NDArray[np.float64]
CountArray = NDArray[np.int64]

TARGETS_BY_PREDICTION = ("predicted", "sqrt_predicted")


class Statistics(NamedTuple):
    """What a balance may weigh classes by."""

    acquired: CountArray  # (C,) pixels of each class acquired in earlier rounds, void left out
    predicted: CountArray  # (C,) pixels of the pool predicted as each; 0 where they aren't counted
    target: FloatArray  # (C,) wanted class distribution, sums to 1
    budget_px: float  # B, pixels that the whole run may acquire
    max_weight: float  # cap of the balance `ratio` before scaling


def class_weights(balance: str, statistics: Statistics) -> FloatArray:
    """Weight of every class in the next round, (C,) float64 within [0, 1]."""
    weights: FloatArray = _module(balance).weights(statistics)
    return weights


def is_literal(balance: str) -> bool:
    """Whether weights multiply scores of either sign."""
    return bool(getattr(_module(balance), "LITERAL", False))


def aims_at_shares(balance: str) -> bool:
    """Whether a balance goes by the target distribution."""
    return bool(getattr(_module(balance), "AIMS", False))


def needs_predictions(balance: str, wanted: str | Sequence[float]) -> bool:
    """Whether a balance, or the distribution that it aims at, goes by the predictions."""
    aims = aims_at_shares(balance) and wanted in TARGETS_BY_PREDICTION
    return aims or bool(getattr(_module(balance), "BY_PREDICTION", False))


def _module(balance: str) -> ModuleType:
    """A module that is imported by name is in the fingerprint of no phase."""
    require_choice("balance", balance, BALANCES)
    return import_module(f"cbda.selection.balances.{balance}")


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
