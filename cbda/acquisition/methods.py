"""What an acquisition method is: a choice of score x unit x allocation x balance.

Imports nothing heavy, so that the workflow and ``cbda --help`` can read the names.
"""

import math
from dataclasses import dataclass
from pathlib import Path

from cbda.errors import UserError, require_choice

EPSILON = 1e-6  # of the published scores, within the logarithm
PURE_IMPURITY = 1e-3  # delta of `ripu_exact`: keeps the order of uncertainty among pure windows
SCORES_FOLDER = Path(__file__).with_name("scores")  # a file in it is a built-in score
SCORE_NAMES = tuple(sorted(path.stem for path in SCORES_FOLDER.glob("[!_]*.py")))
UNITS = ("region", "pixel")
ALLOCATIONS = ("per_image", "dynamic")
BALANCES = ("none", "consumed", "ratio", "exp", "quota")
BALANCES_WITH_TARGET = ("consumed", "ratio", "quota")  # which aim at shares of the classes
TARGETS = ("uniform", "predicted", "sqrt_predicted")
FIELD_CHOICES = {
    "score": SCORE_NAMES,
    "unit": UNITS,
    "allocation": ALLOCATIONS,
    "balance": BALANCES,
}


def is_external(score: str) -> bool:
    """Whether a score is the user's own, such as ``my_score.py:my_function``."""
    return ":" in score


@dataclass(frozen=True)
class Method:
    """One acquisition method.

    Attributes:
        score: what makes a pixel worth a query, see `cbda.acquisition.scores`; or a function
            of the user's own, see `cbda.acquisition.external`; or whatever made a score file.
        unit: what one query labels, see ``cbda.selection.units``.
        allocation: the same number of queries per image, or the best of the whole pool.
        balance: how the classes acquired so far reweight the score, see ``cbda.selection.balance``.
        max_weight: cap of the balance ``ratio``; None for that of the experiment.
        target_distribution: class shares that the balance aims at, a name of ``TARGETS`` or
            numbers; None for that of the experiment.
        random_fraction: of a round's queries, which are chosen at random (epsilon-greedy), see
            `cbda.selection.querying`.
        radius: k, in px; None for that of the experiment.

    Raises:
        UserError: a part is unknown or out of its range.
    """

    score: str = "ripu"
    unit: str = "region"
    allocation: str = "per_image"
    balance: str = "none"
    max_weight: float | None = None
    target_distribution: str | tuple[float, ...] | None = None
    random_fraction: float = 0.0
    radius: int | None = None

    def __post_init__(self) -> None:
        for field in ("unit", "allocation", "balance"):
            require_choice(f"method {field}", getattr(self, field), FIELD_CHOICES[field])
        if self.balance == "quota" and self.allocation != "dynamic":
            raise UserError(
                f"balance 'quota' has no allocation {self.allocation!r}; allowed: dynamic"
            )
        fraction = self.random_fraction
        if not isinstance(fraction, int | float) or not 0 <= fraction < 1:
            raise UserError(
                f"random_fraction {fraction!r}: allowed are numbers from 0 up to, but not"
                " including, 1"
            )
        if self.radius is not None and self.radius < 0:
            raise UserError(f"radius {self.radius}: allowed are 0 and above")
        if self.max_weight is not None and not 0 < self.max_weight < math.inf:
            raise UserError(f"max weight {self.max_weight}: allowed are finite numbers above 0")


@dataclass(frozen=True)
class ResolvedMethod(Method):
    """A method of which nothing is left to the experiment."""

    max_weight: float = 10.0
    target_distribution: str | tuple[float, ...] = ()
    radius: int = 1
