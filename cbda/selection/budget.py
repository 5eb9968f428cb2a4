"""Budgets in the words of those who pay: a fraction of the pixels, or a number of queries."""

import math
from typing import NamedTuple

from cbda.acquisition.methods import BUDGET_UNITS
from cbda.errors import UserError, require_choice
from cbda.selection.units import query_px


class Spending(NamedTuple):
    """What a whole run may spend, and what one round does.

    Attributes:
        fraction: of the pool's pixels.
        num_queries: of a round, in every image or, unless the allocation is per image, in the
            pool; None where they follow from the fraction.
    """

    fraction: float
    num_queries: int | None = None


def require_starting_share(share: float, rounds: int) -> None:
    """Raise a `UserError` unless a first round that spends a share leaves the others something."""
    if not 0 <= share < 1 or (share > 0 and rounds == 1):
        allowed = "allowed are 0, and shares below 1 if there are two rounds or more"
        raise UserError(f"starting share {share}: {allowed}")


def share_of_round(
    budget: float, rounds: int, starting_share: float, number: int
) -> tuple[float, int]:
    """A part of a budget, and how many rounds like round `number` (1..R) spend it alike.

    `starting_share` of the budget is the first round's alone; 0: it is a round like any other.
    """
    if starting_share == 0:
        return budget, rounds
    first, others = (budget * starting_share, 1), (budget * (1 - starting_share), rounds - 1)
    return first if number == 1 else others


def resolve_budget(
    budget: float,
    unit: str,
    rounds: int,
    shape: tuple[int, int, int],
    query: tuple[int, str],
    allocation: str,
) -> Spending:
    """What a budget is in a pool (N,H,W), of queries of a radius and a unit.

    A `UserError` if it is no whole number of queries, or of more pixels than there are.
    """
    require_choice("budget unit", unit, BUDGET_UNITS)
    if unit == "fraction":
        return Spending(budget)
    if budget != int(budget) or budget < 1:
        raise UserError(f"budget {budget:g}: allowed are whole numbers of queries, 1 and more")
    num_images, area_px = shape[0], query_px(*query, shape[1:])
    is_dynamic = allocation != "per_image"
    in_all = int(budget) * (num_images if unit == "queries_per_image" else 1)
    num_queries = math.ceil(in_all / rounds / (1 if is_dynamic else num_images))
    spent_px = num_queries * rounds * area_px * (1 if is_dynamic else num_images)
    if spent_px > math.prod(shape):
        most = math.prod(shape) // area_px
        raise UserError(f"budget {budget:g} {unit}: the pool has room for {most:,} queries in all")
    return Spending(spent_px / math.prod(shape), num_queries)
