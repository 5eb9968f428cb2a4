"""Classes of labels: how many pixels of each there are, and what weights follow."""

from collections.abc import Iterable, Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from cbda.acquisition import arguments
from cbda.acquisition.methods import BALANCES
from cbda.datasets.ids import VOID
from cbda.errors import UserError
from cbda.selection import balance as balances
from cbda.selection import given

Label = NDArray[np.uint8]  # (H,W), 255 where nothing is known
Labels = Mapping[str, Label] | Iterable[Label]


def count_classes(labels: Labels, num_classes: int) -> NDArray[np.int64]:
    """Pixels of each class in label maps, (C,); 255 counts for none.

    A `UserError` if they hold anything else.
    """
    of, counts = given.num_classes(num_classes), np.zeros(VOID + 1, np.int64)
    for label in given.label_list("labels", labels, of):
        counts += np.bincount(label.ravel(), minlength=VOID + 1)
    return counts[:of]


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
    arguments.choice("balance", balance, BALANCES)
    counts, target = given.counts("acquired", acquired), given.target(target_distribution)
    if predicted is None and balances.needs_predictions(balance, target):
        raise UserError(f"{balance}: goes by the pool's predictions; give them by predicted")
    seen = np.zeros_like(counts) if predicted is None else given.counts("predicted", predicted)
    if len(seen) != len(counts):
        raise UserError(f"predicted: of {len(seen)} classes, but acquired has {len(counts)}")
    shares = balances.target_shares(target, len(counts), seen)
    budget = (
        float(counts.sum()) if budget_px is None else arguments.positive("budget_px", budget_px)
    )
    cap = arguments.positive("max_weight", max_weight)
    return balances.class_weights(balance, balances.Statistics(counts, seen, shares, budget, cap))
