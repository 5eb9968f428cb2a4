"""Classes of labels: how many pixels of each there are, and what weights follow."""

from collections.abc import Iterable, Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from cbda.acquisition.methods import BALANCES
from cbda.datasets.ids import VOID
from cbda.errors import UserError, require_choice
from cbda.selection import balance as balances

Label = NDArray[np.uint8]  # (H,W), 255 where nothing is known
Labels = Mapping[str, Label] | Iterable[Label]


def count_classes(labels: Labels, num_classes: int) -> NDArray[np.int64]:
    """Pixels of each class in label maps, (C,); 255 counts for none.

    A `UserError` if they hold anything else.
    """
    counts = np.zeros(VOID + 1, np.int64)
    for label in labels.values() if isinstance(labels, Mapping) else labels:
        counts += np.bincount(label.ravel(), minlength=VOID + 1)
    if counts[num_classes:VOID].any():
        raise UserError(f"labels: allowed are 0 to {num_classes - 1}, and {VOID} for none")
    return counts[:num_classes]


def class_weights(
    acquired: NDArray[np.integer],
    balance: str = "consumed",
    *,
    budget_px: float | None = None,
    target_distribution: str | Sequence[float] = "uniform",
    predicted: NDArray[np.integer] | None = None,
    max_weight: float = 10.0,
) -> NDArray[np.float64]:
    """Weights by which a class balance multiplies scores, (C,) within [0, 1].

    Args:
        acquired: pixels of each class that are labelled, (C,), see `count_classes`.
        balance: a rule of docs/method.md.
        budget_px: what the whole run may label, for `consumed` and `quota`; all that is labelled
            if None.
        target_distribution: `uniform`, `predicted`, `sqrt_predicted`, or a number per class.
        predicted: pixels of the pool that are predicted as each class, (C,).
        max_weight: cap of the rule `ratio`.

    Raises:
        UserError: an unknown balance, or one that goes by predictions, which are not given.
    """
    require_choice("balance", balance, BALANCES)
    if predicted is None and balances.needs_predictions(balance, target_distribution):
        raise UserError(f"{balance}: goes by the pool's predictions; give them by predicted")
    counts = np.asarray(acquired, np.int64)
    seen = np.zeros_like(counts) if predicted is None else np.asarray(predicted, np.int64)
    statistics = balances.Statistics(
        acquired=counts,
        predicted=seen,
        target=balances.target_shares(target_distribution, len(counts), seen),
        budget_px=float(counts.sum()) if budget_px is None else budget_px,
        max_weight=max_weight,
    )
    return balances.class_weights(balance, statistics)
