"""What an acquisition method is: a choice of score x unit x allocation x balance.

Imports nothing heavy, so that the workflow and ``cbda --help`` can read the names.
"""

from dataclasses import dataclass
from pathlib import Path

from cbda.acquisition import arguments
from cbda.acquisition.choice import BEST, PLAIN, USUAL, Choice, Views
from cbda.errors import UserError
from cbda.settings.section import MAX_RADIUS_PX

EPSILON = 1e-6  # of the published scores, within the logarithm
PURE_IMPURITY = 1e-3  # delta of `ripu_exact`: keeps the order of uncertainty among pure windows
SCORES_FOLDER = Path(__file__).with_name("scores")  # a file in it is a built-in score
SCORE_NAMES = tuple(sorted(path.stem for path in SCORES_FOLDER.glob("[!_]*.py")))
UNITS_FOLDER = Path(__file__).with_name("units")  # a file in it is a unit
WINDOWS = ("region", "pixel")  # units that are windows around a pixel, which people can be shown
PARTS = {path.stem for path in UNITS_FOLDER.glob("[!_]*.py")} - {*WINDOWS}  # of an image
UNITS = (*WINDOWS, *sorted(PARTS))
SCORES_OF_A_PIXEL = ("random",)  # of a part: that of its first pixel, as means differ with its size
ALLOCATIONS_FOLDER = Path(__file__).parents[1] / "selection/allocations"  # a file is one by class
BY_CLASS = tuple(sorted(path.stem for path in ALLOCATIONS_FOLDER.glob("[!_]*.py")))
DIVERSITIES_FOLDER = Path(__file__).parents[1] / "selection/diversities"  # a file goes by features
DIVERSE = tuple(sorted(path.stem for path in DIVERSITIES_FOLDER.glob("[!_]*.py")))
ALLOCATIONS = ("per_image", "dynamic", *BY_CLASS, *DIVERSE)
BUDGET_UNITS = ("fraction", "queries_per_image", "queries")
BALANCES_FOLDER = Path(__file__).parents[1] / "selection/balances"  # a file in it is one
NONE = "none"
BALANCES = (NONE, *sorted({path.stem for path in BALANCES_FOLDER.glob("[!_]*.py")} - {NONE}))
SAMPLINGS_OF_QUOTA = (BEST, "power")  # whose numbers are logarithms, to which weights add theirs
TARGETS = ("uniform", "predicted", "sqrt_predicted")
FIELD_CHOICES = {"unit": UNITS, "allocation": ALLOCATIONS, "balance": BALANCES}
FIELD_KINDS = {"choice": Choice, "views": Views}


def is_external(score: str) -> bool:
    """Whether a score is the user's own, such as ``my_score.py:my_function``."""
    return ":" in score


@dataclass(frozen=True)
class Method:
    """One acquisition method; None is what the experiment has. A `UserError` for a bad part."""

    score: str = "ripu"  # of `cbda.acquisition.scores`, the user's own, or what made a score file
    unit: str = "region"  # what one query labels, see `cbda.selection.units`
    allocation: str = "per_image"  # as many queries in every image, or the best of the whole pool
    balance: str = "none"  # how acquired classes reweight scores, see `cbda.selection.balance`
    max_weight: float | None = None  # cap of the balance `ratio`
    target_distribution: str | tuple[float, ...] | None = None  # of `TARGETS`, or class shares
    random_fraction: float = 0.0  # of a round's queries, chosen at random (epsilon-greedy)
    radius: int | None = None  # k, in px
    choice: Choice = PLAIN  # how queries are drawn from the scores
    views: Views = USUAL  # that the score goes by

    def __post_init__(self) -> None:
        if not isinstance(self.score, str) or not self.score:
            raise UserError(f"method score {arguments.describe(self.score)}: allowed is a name")
        for field, kind in FIELD_KINDS.items():
            if not isinstance(getattr(self, field), kind):
                given = arguments.describe(getattr(self, field))
                raise UserError(f"method {field} {given}: allowed is a {kind.__name__}")
        for field, choices in FIELD_CHOICES.items():
            arguments.choice(f"method {field}", getattr(self, field), choices)
        allocation, fraction = self.allocation, self.random_fraction
        if self.balance == "quota" and allocation != "dynamic":
            raise UserError(f"balance 'quota' has no allocation {allocation!r}; allowed: dynamic")
        if self.balance == "quota" and self.choice.sampling not in SAMPLINGS_OF_QUOTA:
            sampling, allowed = f"sampling {self.choice.sampling!r}", ", ".join(SAMPLINGS_OF_QUOTA)
            raise UserError(f"balance 'quota' has no {sampling}; allowed: {allowed}")
        if self.unit == "image" and allocation == "per_image":
            allowed = ", ".join(ALLOCATIONS[1:])
            raise UserError(f"unit 'image' has no allocation 'per_image'; allowed: {allowed}")
        if not arguments.is_number(fraction) or not 0 <= fraction < 1:
            allowed = "numbers from 0 up to, but not including, 1"
            given = arguments.describe(fraction)
            raise UserError(f"random_fraction {given}: allowed are {allowed}")
        target = self.target_distribution
        if isinstance(target, str):
            arguments.choice("target distribution", target, TARGETS)
        elif target is not None and not arguments.is_distribution(target):
            allowed = f"a number for each class, or one of {', '.join(TARGETS)}"
            raise UserError(
                f"target_distribution {arguments.describe(target)}: allowed is {allowed}"
            )
        if self.radius is not None:
            arguments.whole("radius", self.radius, 0, MAX_RADIUS_PX)
        if self.max_weight is not None:
            arguments.positive("max weight", self.max_weight)


@dataclass(frozen=True)
class ResolvedMethod(Method):
    """A method of which nothing is left to the experiment."""

    max_weight: float = 10.0
    target_distribution: str | tuple[float, ...] = ()
    radius: int = 1
