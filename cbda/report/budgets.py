"""Budgets in the words of the report, whatever they count."""

from dataclasses import dataclass

from cbda.acquisition.methods import BUDGET_UNITS
from cbda.errors import require_choice
from cbda.results.runs import NO_BUDGET, PERCENT

WORDS = {  # of the axis, and behind a number; the first unit is shown in percent
    "fraction": ("% of the pool's pixels", " %"),
    "queries_per_image": ("queries in every image", " queries per image"),
    "queries": ("queries in all", " queries"),
}


@dataclass(frozen=True)
class BudgetUnit:
    """What budgets count, one of `BUDGET_UNITS`; a `UserError` for any other."""

    name: str = BUDGET_UNITS[0]

    def __post_init__(self) -> None:
        require_choice("budget unit", self.name, BUDGET_UNITS)

    @property
    def scale(self) -> float:
        """What budgets as written are multiplied by to be shown."""
        return PERCENT if self.name == BUDGET_UNITS[0] else 1.0

    @property
    def meaning(self) -> str:
        """What a number stands for, as on an axis."""
        return WORDS[self.name][0]

    @property
    def column(self) -> str:
        """The heading of a column of numbers."""
        return f"budget ({WORDS[self.name][1].strip()})"

    def number(self, budget: str) -> str:
        """A budget as a number; a reference has none."""
        return NO_BUDGET if budget == NO_BUDGET else f"{self.scale * float(budget):g}"

    def phrase(self, budget: str) -> str:
        """A budget and what it counts."""
        return self.number(budget) + WORDS[self.name][1]


FRACTION = BudgetUnit()
