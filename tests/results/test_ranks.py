"""Penalty matrix and ranks, computed by hand."""

from typing import Any

import numpy as np
import pandas as pd
import pytest

from cbda.results.ranks import acquired_results, penalty_matrix, rank_table
from cbda.results.runs import Run


def make_values(results):
    frame: Any = pd.DataFrame.from_dict(results, orient="index")
    frame.index = pd.MultiIndex.from_tuples(results, names=["method", "budget"])
    return frame.rename_axis(columns="seed")


# At 0.1, a is 10 +- 0.1 above b and c, which are alike; at 0.2 nobody is.
VALUES = make_values(
    {
        ("a", "0.1"): [40.1, 50.0, 59.9],
        ("b", "0.1"): [30, 40, 50],
        ("c", "0.1"): [31, 39, 50.1],
        ("a", "0.2"): [40, 50, 60],
        ("b", "0.2"): [45, 49, 58],
        ("c", "0.2"): [41, 48, 62],
    }
)


def test_penalty_is_the_share_of_budgets_at_which_a_method_is_beaten():
    """Only a - b at 0.1 holds: t = 173, p = 3.3e-5, times 6 pairs; a - c has p = 0.003."""
    matrix: Any = penalty_matrix(VALUES)
    assert matrix.loc["a", ["b", "c"]].tolist() == [0.5, 0.5]
    assert matrix.loc["b", ["a", "c"]].tolist() == [0, 0]
    assert matrix.loc["penalty"].tolist() == [0, 0.25, 0.25]
    assert np.isnan(np.diag(matrix.iloc[:3])).all()


def test_penalty_is_corrected_for_all_pairs_at_all_budgets():
    """a - b is 2, 2.3, 3.2: p = 0.0202, times 3 pairs 0.06."""
    values = make_values(
        {("a", "0.1"): [12.0, 12.3, 13.2], ("b", "0.1"): [10.0] * 3, ("c", "0.1"): [9.0, 14, 10]}
    )
    assert penalty_matrix(values.loc[["a", "b"]]).loc["a", "b"] == 1
    assert penalty_matrix(values).loc["a", "b"] == 0


def test_single_seed_has_no_penalties():
    assert penalty_matrix(VALUES[[0]]).isna().all(axis=None)


def test_ranks_are_those_of_the_means():
    ranks: Any = rank_table(VALUES, 1000).set_index(["budget", "method"])
    assert ranks.loc["0.1", "rank"].tolist() == [1, 3, 2]
    assert ranks.loc["0.2", "rank"].tolist() == [3, 1, 2]  # 50, 50.67, 50.33
    assert ranks.loc["mean", "rank"].tolist() == [1, 2, 3]  # 50, 45.33, 45.18
    assert (ranks["num_seeds"] == 3).all()


def test_ranks_are_as_stable_as_seeds_are_alike():
    ranks: Any = rank_table(VALUES, 1000).set_index(["budget", "method"])
    best = ranks.loc[("0.1", "a")]
    assert best[["rank_low", "rank_high", "share_best"]].tolist() == [1, 1, 1]
    shares = ranks.loc["0.2", "share_best"]
    assert shares.sum() == pytest.approx(1)
    assert shares.between(0.05, 0.95).all()


def test_ties_share_their_ranks():
    values = make_values({("a", "0.1"): [1.0, 2.0], ("b", "0.1"): [1.0, 2.0]})
    ranks: Any = rank_table(values, 10)
    assert ranks["rank"].tolist() == [1.5, 1.5]
    assert ranks["share_best"].tolist() == [0.5, 0.5]


def test_seed_that_a_method_lacks_is_left_out():
    values = make_values({("a", "0.1"): [10.0, 2.0, 3.0], ("b", "0.1"): [np.nan, 4.0, 5.0]})
    ranks: Any = rank_table(values, 10).set_index("method")
    assert ranks.loc["a", ["rank", "num_seeds"]].tolist() == [2, 2]


def test_one_seed_has_a_rank_and_no_stability():
    ranks: Any = rank_table(VALUES[[0]], 10)
    assert ranks["rank"].notna().all()
    assert ranks[["rank_low", "rank_high", "share_best"]].isna().all(axis=None)


def test_references_and_saturated_budgets_are_not_ranked():
    cells = [("full", "-"), ("ra", "0.1"), ("ra", "0.2")]
    runs = [Run(*cell, 0, {"mIoU": 0.5}) for cell in cells]
    assert list(acquired_results(runs, ["0.2"]).index) == [("ra", "0.1")]
