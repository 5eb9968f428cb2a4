"""Pairs by seed, and tests of their differences: cases computed by hand."""

import warnings

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from cbda.results.pairs import NUM_RESAMPLES, by_seed, differences_to, paired_test
from cbda.results.runs import Run

RESULTS = {("ra", "0.1", 2): 0.3, ("cbda", "0.1", 0): 0.5, ("ra", "0.1", 0): None,
           ("full", "-", 0): 0.6, ("cbda", "0.2", 2): 0.4, ("cbda", "0.1", 2): 0.7}  # fmt: skip


@pytest.fixture(autouse=True)
def _no_warnings():
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        yield


@pytest.fixture
def values():
    """Percent of seeds 2 and 0: ra 30 and none; cbda 70 and 50, at 0.2 40; full 60 of seed 0."""
    runs = [
        Run(*cell, None if value is None else {"mIoU": value}) for cell, value in RESULTS.items()
    ]
    return by_seed(runs, lambda run: run.percent("mIoU"))


def test_results_by_seed_keep_the_order_of_the_runs(values):
    assert list(values.columns) == [2, 0]
    assert list(values.index) == [("ra", "0.1"), ("cbda", "0.1"), ("full", "-"), ("cbda", "0.2")]
    expected = np.array([[30, np.nan], [70, 50], [np.nan, 60], [40, np.nan]])
    np.testing.assert_allclose(values.to_numpy(), expected)


@pytest.mark.parametrize(
    ("other", "expected"),
    [
        ("ra", [[0, np.nan], [40, np.nan], [np.nan, np.nan], [np.nan, np.nan]]),
        ("full", [[np.nan, np.nan], [np.nan, -10], [np.nan, 0], [np.nan, np.nan]]),
        ("absent", [[np.nan, np.nan]] * 4),
    ],
)
def test_differences_are_of_the_seeds_and_budgets_that_both_have(values, other, expected):
    """A reference has one result for all budgets."""
    np.testing.assert_allclose(differences_to(values, other), expected)


def test_differences_are_of_rows_that_agree_in_all_levels(values):
    by_class = pd.concat({"road": values, "pole": values + 1}, names=["class"])
    apart = differences_to(by_class.reorder_levels(["method", "budget", "class"]), "ra")
    assert apart.xs(("cbda", "0.1"), level=["method", "budget"])[2].tolist() == pytest.approx(
        [40, 40]
    )


def test_statistics_are_those_computed_by_hand():
    """1, 2, 3: t = 2 / (1 / sqrt 3) = 3.4641, its quantile is 4.3027; +++ and --- are as far."""
    test = paired_test([1, 2, 3])
    assert (test.diff_mean, test.diff_std, test.p_sign_flip) == (2, 1, 2 / 8)
    assert test.p_t == pytest.approx(0.0742, abs=5e-5)
    assert test.detectable_diff == pytest.approx(4.3027 / np.sqrt(3), abs=5e-5)
    assert (test.ci_low, test.ci_high) == pytest.approx((2 - 2.4841, 2 + 2.4841), abs=5e-5)


def test_sign_flip_counts_assignments_that_are_as_far():
    """-1, 2, 4: of |+-1 +-2 +-4|, 5 or more are 5, 7 and their mirror images."""
    assert paired_test([-1, 2, 4]).p_sign_flip == 4 / 8


def test_sign_flip_counts_ties_in_spite_of_rounding():
    """0.1 + 0.2 - 0.3 and 0.3 - 0.2 - 0.1 are both 0, as is that observed: all 8 are as far."""
    assert paired_test([0.1, 0.2, -0.3]).p_sign_flip == 1


def test_difference_beyond_the_detectable_one_is_significant():
    half = paired_test([-1, 0, 1]).detectable_diff
    assert paired_test([half - 1, half, half + 1]).p_t == pytest.approx(0.05)


@pytest.mark.parametrize("num_pairs", [2, 5, 12])
def test_mean_is_tested_as_by_scipy(num_pairs):
    differences = np.random.default_rng(num_pairs).normal(0.5, 1, num_pairs)
    ours, theirs = paired_test(differences), stats.ttest_1samp(differences, 0)
    assert ours.p_t == pytest.approx(theirs.pvalue, abs=1e-8)
    interval = tuple(theirs.confidence_interval(0.95))
    assert (ours.ci_low, ours.ci_high) == pytest.approx(interval, abs=1e-7)
    permuted = stats.permutation_test(
        (differences,), np.mean, permutation_type="samples", n_resamples=np.inf
    )
    assert ours.p_sign_flip == permuted.pvalue


def test_sixteen_pairs_are_still_tested_exactly():
    """Of 2^16 assignments only the one observed and its mirror image are as far."""
    assert paired_test(np.arange(1.0, 17.0)).p_sign_flip == 2 / 2**16


def test_more_pairs_are_resampled_the_same_way_each_time():
    """20 pairs: exactly, 2^20 assignments; the standard error of 2^16 draws is below 0.001."""
    differences = np.random.default_rng(1).normal(0.5, 1, 20)
    p = paired_test(differences).p_sign_flip
    exact = stats.permutation_test(
        (differences,), np.mean, permutation_type="samples", n_resamples=np.inf, batch=2**16
    )
    assert p == pytest.approx(exact.pvalue, abs=0.004)
    assert paired_test(differences).p_sign_flip == p
    assert paired_test(np.arange(100.0, 140.0)).p_sign_flip == 1 / (1 + NUM_RESAMPLES)  # never 0


def test_fewer_than_two_pairs_have_no_spread_and_no_test():
    assert np.isnan(paired_test([])).all()
    test = paired_test([1.5])
    assert test.diff_mean == 1.5
    assert np.isnan(test[1:]).all()


@pytest.mark.parametrize(("differences", "p"), [([0, 0, 0], 1), ([0.1, 0.3 - 0.2, 0.1], 0.25)])
def test_without_spread_only_the_sign_flip_is_tested(differences, p):
    test = paired_test(differences)
    assert test.diff_mean == pytest.approx(differences[0])
    assert (test.diff_std, test.p_sign_flip) == (0, p)
    assert np.isnan([test.ci_low, test.ci_high, test.p_t, test.detectable_diff]).all()
