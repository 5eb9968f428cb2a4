"""Budgets as numbers of queries."""

import pytest

from cbda.errors import UserError
from cbda.selection.budget import Spending, resolve_budget

POOL = (4, 30, 60)  # 7200 px, 800 windows of radius 1


@pytest.mark.parametrize(
    ("budget", "unit", "rounds", "allocation", "expected"),
    [
        (0.1, "fraction", 3, "dynamic", Spending(0.1)),
        (100, "queries", 2, "dynamic", Spending(100 * 9 / 7200, 50)),
        (10, "queries", 3, "dynamic", Spending(12 * 9 / 7200, 4)),
        (100, "queries", 2, "per_image", Spending(104 * 9 / 7200, 13)),
        (5, "queries_per_image", 2, "per_image", Spending(24 * 9 / 7200, 3)),
        (5, "queries_per_image", 2, "dynamic", Spending(20 * 9 / 7200, 10)),
    ],
)
def test_queries_are_spread_over_rounds_and_images(budget, unit, rounds, allocation, expected):
    assert resolve_budget(budget, unit, rounds, POOL, (1, "region"), allocation) == expected


@pytest.mark.parametrize(
    ("budget", "unit", "message"),
    [
        (0.5, "queries", "budget 0.5: allowed are whole numbers"),
        (2.5, "queries_per_image", "whole numbers of queries"),
        (801, "queries", "the pool has room for 800 queries in all"),
        (1, "pixels", "budget unit 'pixels'"),
    ],
)
def test_what_is_no_number_of_queries_is_refused(budget, unit, message):
    with pytest.raises(UserError, match=message):
        resolve_budget(budget, unit, 1, POOL, (1, "region"), "dynamic")
