"""What an acquisition method is: a choice of score x unit x allocation x balance, and exploration.

Imports nothing heavy, so that the workflow and ``cbda --help`` can read the names.
"""

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


def require_global(balance: str, allocation: str) -> None:
    """Raise a ``UserError`` if a balance that acts within a round is asked for image by image."""
    if balance == "quota" and allocation != "dynamic":
        raise UserError(f"balance 'quota' has no allocation {allocation!r}; allowed: dynamic")


def require_explore(explore: float) -> None:
    """Raise a `UserError` unless it is a share of queries that leaves some to the score."""
    if not isinstance(explore, int | float) or not 0 <= explore < 1:
        raise UserError(
            f"explore {explore!r}: allowed are numbers from 0 up to, but not including, 1"
        )


def require_radius(radius: int) -> None:
    """Raise a `UserError` unless it is one."""
    if radius < 0:
        raise UserError(f"radius {radius}: allowed are 0 and above")


def describe(score: str, unit: str, allocation: str, balance: str, explore: float) -> str:
    """A method in words, as a label file records it; only one that explores has a fifth part."""
    explored = [f"explore{explore}"] if explore > 0 else []
    return "/".join([score, unit, allocation, balance, *explored])


def score_and_unit(description: str) -> tuple[str, str]:
    """The first two parts of what `describe` gives; the score may be a path."""
    words = description.split("/")
    place = -4 if words[-1].startswith("explore") else -3
    return "/".join(words[:place]), words[place]


def is_external(score: str) -> bool:
    """Whether a score is the user's own, such as ``my_score.py:my_function``."""
    return ":" in score


@dataclass(frozen=True)
class Method:
    """One acquisition method.

    Attributes:
        score: what makes a pixel worth asking for, see `cbda.acquisition.scores`; or a function
            of the user's own, see `cbda.acquisition.external`.
        unit: what one query labels, see ``cbda.selection.units``.
        allocation: the same number of queries per image, or the best of the whole pool.
        balance: how the classes acquired so far reweight the score, see ``cbda.selection.balance``.
        max_weight: cap of the balance ``ratio``; None for that of the experiment.
        target_distribution: class shares that the balance aims at, a name of ``TARGETS`` or
            numbers; None for that of the experiment.
        explore: share of a round's queries that are chosen at random, see
            `cbda.selection.exploring`.
        radius: k, in px; None for that of the experiment.
    """

    score: str = "ripu"
    unit: str = "region"
    allocation: str = "per_image"
    balance: str = "none"
    max_weight: float | None = None
    target_distribution: str | tuple[float, ...] | None = None
    explore: float = 0.0
    radius: int | None = None

    def __post_init__(self) -> None:
        for field, allowed in FIELD_CHOICES.items():
            value = getattr(self, field)
            if field != "score" or not is_external(value):
                require_choice(f"method {field}", value, allowed)
        require_global(self.balance, self.allocation)
        require_explore(self.explore)
        if self.radius is not None:
            require_radius(self.radius)

    def __str__(self) -> str:
        return describe(self.score, self.unit, self.allocation, self.balance, self.explore)


FIELD_CHOICES = {
    "score": SCORE_NAMES,
    "unit": UNITS,
    "allocation": ALLOCATIONS,
    "balance": BALANCES,
}
