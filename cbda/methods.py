"""What an acquisition method is: a choice of score x unit x allocation x balance.

Imports nothing heavy, so that the workflow and ``cbda --help`` can read the names.
"""

from dataclasses import dataclass
from typing import Literal

from cbda.errors import UserError

Unit = Literal["region", "pixel"]
Allocation = Literal["per_image", "dynamic"]

SCORE_NAMES = ("ripu", "ripu_exact", "entropy", "margin", "random")
UNITS = ("region", "pixel")
ALLOCATIONS = ("per_image", "dynamic")
BALANCES = ("none", "consumed", "ratio")


def require_choice(what: str, value: str, allowed: tuple[str, ...]) -> None:
    """Raise a ``UserError`` that lists the allowed names if ``value`` is not one of them."""
    if value not in allowed:
        raise UserError(f"{what} {value!r} is unknown; allowed: {', '.join(allowed)}")


@dataclass(frozen=True)
class Method:
    """One acquisition method.

    Attributes:
        score: what makes a pixel worth asking for, see ``cbda.acquisition``.
        unit: what one query labels, see ``cbda.selection``.
        allocation: the same number of queries per image, or the best of the whole pool.
        balance: how the classes acquired so far reweight the score, see ``cbda.balance``.
    """

    score: str = "ripu"
    unit: str = "region"
    allocation: str = "per_image"
    balance: str = "none"

    def __post_init__(self) -> None:
        for field, allowed in FIELD_CHOICES.items():
            require_choice(f"method {field}", getattr(self, field), allowed)

    def __str__(self) -> str:
        return f"{self.score}/{self.unit}/{self.allocation}/{self.balance}"


FIELD_CHOICES = {
    "score": SCORE_NAMES,
    "unit": UNITS,
    "allocation": ALLOCATIONS,
    "balance": BALANCES,
}
