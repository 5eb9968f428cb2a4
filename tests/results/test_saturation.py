"""Budgets at which random does as well as full supervision."""

import pytest

from cbda.results.runs import Run
from cbda.results.saturation import saturated_budgets, saturation


def make_runs(results):
    return [
        Run(method, budget, seed, None if value is None else {"mIoU": value})
        for (method, budget, seed), value in results.items()
    ]


RESULTS = {
    **{("full", "-", 0): 0.5, ("full", "-", 1): 0.7, ("full", "-", 2): 0.9},
    **{("random", "0.1", 0): 0.4, ("random", "0.1", 1): 0.5},
    **{("random", "0.2", 0): 0.5, ("random", "0.2", 1): 0.69, ("random", "0.2", 2): None},
    **{("ra", "0.1", 0): 0.9, ("ra", "0.2", 0): 0.1},
}


def test_share_is_that_of_the_means_of_seeds_that_both_have():
    """0.45 / 0.6 and 0.595 / 0.6."""
    found = saturation(make_runs(RESULTS))
    assert found == {"0.1": pytest.approx(0.75), "0.2": pytest.approx(0.595 / 0.6)}


@pytest.mark.parametrize(
    ("share", "budgets"), [(0.99, {"0.2"}), (0.992, set()), (0.7, {"0.1", "0.2"})]
)
def test_budget_is_saturated_from_the_share_on(share, budgets):
    assert set(saturated_budgets(make_runs(RESULTS), share)) == budgets


@pytest.mark.parametrize("missing", ["full", "random"])
def test_without_random_or_full_nothing_is_saturated(missing):
    results = {name: value for name, value in RESULTS.items() if name[0] != missing}
    assert saturation(make_runs(results)) == {}
