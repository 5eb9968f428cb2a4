"""Budgets at which random labels do as well as all of them, and no method can be told better."""

from collections.abc import Iterable
from operator import methodcaller

from cbda.results.pairs import by_seed
from cbda.results.runs import NO_BUDGET, Run

RANDOM, FULL = "random", "full"


def saturation(runs: Iterable[Run]) -> dict[str, float]:
    """The mIoU of random over that of full supervision by budget, means over the seeds of both.

    Empty if the experiment lacks one of them.
    """
    values = by_seed(runs, methodcaller("percent", "mIoU"))
    full = values[values.index == (FULL, NO_BUDGET)].mean()
    randoms = values[values.index.get_level_values("method") == RANDOM].droplevel("method")
    shares = {}
    for budget, results in randoms.iterrows():
        both = results.notna() & full.notna()
        if both.any():
            shares[str(budget)] = float(results[both].mean() / full[both].mean())
    return shares


def saturated_budgets(runs: Iterable[Run], share: float) -> dict[str, float]:
    """Budgets at which random reaches a share of full supervision, and what it reaches."""
    return {budget: reached for budget, reached in saturation(runs).items() if reached >= share}
