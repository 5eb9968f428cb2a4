"""What figures show, in words."""

import numpy as np
import pandas as pd

from cbda.report.courses import Course
from cbda.report.style import Names
from cbda.report.words import at_budgets, extremes, from_to, last_losses, most_and_least
from cbda.results.curves import Curve

NAMES = Names({"ra": "RA", "full": "Full"})


def test_smallest_and_largest_budget_are_told_the_best_method_first():
    rows = [("ra", "0.2", 40), ("cb", "0.2", 50), ("ra", "0.05", 30), ("cb", "0.05", np.nan)]
    rows += [("ra", "0.1", 35), ("full", "-", 60)]
    table = pd.DataFrame(rows, columns=["method", "budget", "x"])
    assert at_budgets(table, "x", NAMES) == (
        "at a budget of 5 %: RA 30.0; at a budget of 20 %: cb 50.0, RA 40.0; references: Full 60.0"
    )


def test_curves_are_told_by_the_means_of_their_ends():
    curves = {
        ("ra", "0.1", seed): Curve(np.array([1.0, 2.0]), np.array([30.0 + seed, 40.0 + seed]))
        for seed in (0, 1)
    }
    curves["ra", "all", 0] = Curve(np.array([1.0, 2.0]), np.array([20.0, 25.0]))
    assert from_to(curves, NAMES) == (
        "budget 10 %: RA from 30.5 to 40.5; from budget to budget: RA from 20.0 to 25.0"
    )


def test_heat_map_is_told_by_its_extremes():
    index = pd.MultiIndex.from_tuples([("0.1", "ra"), ("0.2", "cb")], names=["budget", "method"])
    table = pd.DataFrame([[1.0, -2.0], [np.nan, 3.0]], index, ["road", "pole"])
    assert extremes(table, NAMES) == (
        "highest: +3.0 points, pole with cb at 20 %; lowest: -2.0 points, pole with RA at 10 %;"
        " 2 of 3 cells are above 0"
    )
    assert extremes(table * np.nan, NAMES) == "no cell has a number"


def test_classes_of_the_last_round_are_told():
    rows = [("ra", "0.1", 0, 1, "road", 9), ("ra", "0.1", 0, 1, "pole", 1)]
    rows += [("ra", "0.1", 0, 2, "road", 1), ("ra", "0.1", 0, 2, "pole", 3)]
    columns = ["method", "budget", "seed", "round", "class", "num_px"]
    told = most_and_least(pd.DataFrame(rows, columns=columns), "0.1", NAMES)
    assert told == "RA: most pole 75.0 %, least road 25.0 %"


def test_losses_are_those_of_the_last_tenth():
    table = pd.DataFrame({"loss": [5.0] * 18 + [1.0, 2.0, 3.0]})
    assert last_losses([Course("ra", table, [0])], NAMES) == "RA 2.000"
