"""Pairs by seed, tests of their differences, and who is compared with whom: computed by hand."""

import warnings
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from cbda.results.pairs import (
    COLUMNS,
    NUM_RESAMPLES,
    PairedTest,
    by_seed,
    comparison_table,
    differences_to,
    paired_test,
    with_p_values_as_text,
)
from cbda.results.runs import Run
from tests.pools import summarise

CELLS = {("ra", "0.1", 2): 0.3, ("cbda", "0.1", 0): 0.5, ("ra", "0.1", 0): None,
           ("full", "-", 0): 0.6, ("cbda", "0.2", 2): 0.4, ("cbda", "0.1", 2): 0.7}  # fmt: skip
COMPARATORS = ("random", "random_class")


@pytest.fixture(autouse=True)
def _no_warnings():
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        yield


@pytest.fixture
def values():
    """Percent of seeds 2 and 0: ra 30 and none; cbda 70 and 50, at 0.2 40; full 60 of seed 0."""
    runs = [Run(*cell, None if value is None else {"mIoU": value}) for cell, value in CELLS.items()]
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


def make_run(method, budget, seed, miou, **more):
    """A run by its mIoU and that of its worst class, half of it; without a result if None."""
    if miou is None:
        return Run(method, budget, seed)
    evaluation = {"mIoU": miou, "worst_class_iou": miou / 2, **more}
    return Run(method, budget, seed, evaluation)


def make_runs(results):
    """Runs of {(method, budget): mIoU by seed}, in the order of the workflow: seeds outside."""
    num_seeds = max(map(len, results.values()))
    return [
        make_run(method, budget, seed, values[seed])
        for seed in range(num_seeds)
        for (method, budget), values in results.items()
        if seed < len(values)
    ]


RESULTS = {
    ("source_only", "-"): (0.20, 0.20),
    ("full", "-"): (0.50, 0.60),
    ("random", "0.05"): (0.40, 0.40),
    ("ra", "0.05"): (0.30, 0.40),
    ("random_class", "0.05"): (0.40, 0.40),
    ("cbda", "0.05"): (0.42, 0.46),
    ("random", "0.1"): (0.40, 0.50),
    ("ra", "0.1"): (0.40, 0.50),
    ("random_class", "0.1"): (0.40, 0.50),
    ("cbda", "0.1"): (0.43, None),
}


@pytest.fixture(scope="module")
def table():
    return comparison_table(make_runs(RESULTS), "ra", COMPARATORS)


def test_rows_name_who_is_compared_with_whom_in_order(table):
    """The baseline, comparators, references; never a method with itself."""
    assert list(table.columns) == list(COLUMNS)
    expected = {
        "random": ["ra", "random_class", "source_only", "full"],
        "ra": ["random", "random_class", "source_only", "full"],
        "random_class": ["ra", "random", "source_only", "full"],
        "cbda": ["ra", "random", "random_class", "source_only", "full"],
    }
    rows = [
        (metric, method, budget, rival)
        for metric in ("mIoU", "worst_class_IoU", "gain")
        for budget in ("0.05", "0.1", "mean")
        for method, rivals in expected.items()
        for rival in rivals
        if not (metric == "gain" and rival in ("source_only", "full"))
    ]
    assert list(table[list(COLUMNS[:4])].itertuples(index=False, name=None)) == rows


@pytest.mark.parametrize(
    ("metric", "budget", "rival", "num_seeds", "mean"),
    [
        ("mIoU", "0.05", "ra", 2, 9),  # 12, 6
        ("mIoU", "0.05", "random", 2, 4),  # 2, 6
        ("mIoU", "0.05", "source_only", 2, 24),  # 22, 26
        ("mIoU", "0.1", "source_only", 1, 23),
        ("mIoU", "0.1", "full", 1, -7),  # the one seed that both have
        ("worst_class_IoU", "0.05", "full", 2, -5.5),  # -4, -7
        ("mIoU", "mean", "ra", 1, 7.5),  # 12 and 3; the other seed has one budget only
        ("mIoU", "mean", "full", 1, -7.5),
    ],
)
def test_pairs_are_runs_of_one_seed(table, metric, budget, rival, num_seeds, mean):
    row = table.set_index(list(COLUMNS[:4])).loc[(metric, "cbda", budget, rival)]
    assert row["num_seeds"] == num_seeds
    assert row["diff_mean"] == pytest.approx(mean)
    assert np.isnan(row["p_t"]) == (num_seeds == 1)


def test_seeds_that_only_one_of_both_has_are_no_pairs():
    results = {("ra", "0.1"): (None, 0.3, 0.4), ("cbda", "0.1"): (0.5, None, 0.6)}
    row = comparison_table(make_runs(results), "ra", COMPARATORS).iloc[0]
    assert (row["method"], row["num_seeds"]) == ("cbda", 1)
    assert row["diff_mean"] == pytest.approx(20)


def test_method_without_any_run_keeps_its_rows():
    results = {("ra", "0.1"): (0.3, 0.4), ("cbda", "0.1"): (None, None)}
    table = comparison_table(make_runs(results), "ra", COMPARATORS)
    assert table["num_seeds"].tolist() == [0, 0]
    assert table[list(PairedTest._fields)].isna().all(axis=None)


def test_nothing_to_compare_gives_an_empty_table():
    table = comparison_table(make_runs({("ra", "0.1"): (0.3,)}), "ra", COMPARATORS)
    assert (len(table), list(table.columns)) == (0, list(COLUMNS))
    assert len(with_p_values_as_text(table)) == 0


@pytest.mark.parametrize(
    ("comparators", "expected"),
    [([], {"ra"}), (["random"], {"ra", "random"}), (["ra", "absent"], {"ra"})],
)
def test_comparators_are_those_given_whatever_their_names(comparators, expected):
    results = {(name, "0.1"): (0.3, 0.4) for name in ("ra", "random", "random_class", "cbda")}
    table = comparison_table(make_runs(results), "ra", comparators)
    assert set(table["compared_with"]) == expected


def test_mean_over_a_subset_has_rows_of_its_own():
    """Seed 1 has no class of the subset, so it is no pair."""
    subset = {"ra": (0.2, 0.2), "cbda": (0.3, None)}
    runs = [
        make_run(method, "0.1", seed, 0.4, mIoU_subset=value)
        for method, values in subset.items()
        for seed, value in enumerate(values)
    ]
    table = comparison_table(runs, "ra", COMPARATORS).set_index("metric")
    assert list(table.index) == ["mIoU", "worst_class_IoU", "mIoU_subset"]
    assert table["num_seeds"].tolist() == [2, 2, 1]
    assert table.loc["mIoU_subset", "diff_mean"] == pytest.approx(10)


def test_entropy_of_the_acquired_classes_is_compared_between_methods_alone():
    """8 px of two classes: half and half has an entropy of 1, one class alone of 0."""
    runs = [make_run("full", "-", 0, 0.5)]
    for method, counts in {"ra": [8, 0], "cbda": [4, 4]}.items():
        run = make_run(method, "0.1", 0, 0.4)
        runs.append(replace(run, labels=make_summary(counts)))
    table = comparison_table(runs, "ra", COMPARATORS)
    rows = table[table["metric"] == "acquired_entropy"]
    assert rows[["method", "compared_with", "diff_mean"]].values.tolist() == [["cbda", "ra", 1]]


def test_run_that_acquired_only_void_has_no_entropy():
    runs = []
    for method, seeds in {"ra": ([8, 0], [6, 2]), "cbda": ([4, 4], [0, 0])}.items():
        for seed, counts in enumerate(seeds):
            run = make_run(method, "0.1", seed, 0.4)
            runs.append(replace(run, labels=make_summary(counts)))
    table = comparison_table(runs, "ra", COMPARATORS)
    (row,) = table[table["metric"] == "acquired_entropy"].to_dict("records")
    assert (row["num_seeds"], row["diff_mean"]) == (1, 1)
    assert np.isnan(row["p_sign_flip"])


def make_summary(counts):
    """What was acquired in one round, by class."""
    return summarise([counts])


def test_p_values_are_text_of_six_digits_and_empty_where_there_is_none(table):
    columns = with_p_values_as_text(
        table.assign(p_t=[0.0000123456789, *[np.nan] * (len(table) - 1)])
    )
    assert columns["p_t"].tolist() == ["1.23457e-05", *[""] * (len(table) - 1)]
    assert set(columns["p_sign_flip"]) <= {"0.5", "1", ""}


def test_gain_is_the_way_from_source_only_to_full():
    """0.5 between 0.4 and 0.6 is half of it; 0.55 is 3/4; a seed without references has none."""
    results = {
        **{("source_only", "-"): (0.4, 0.4), ("full", "-"): (0.6, None)},
        **{("ra", "0.1"): (0.5, 0.5), ("cbda", "0.1"): (0.55, 0.6)},
    }
    table = comparison_table(make_runs(results), "ra", COMPARATORS)
    (row,) = table[table["metric"] == "gain"].to_dict("records")
    assert (row["method"], row["num_seeds"]) == ("cbda", 1)
    assert row["diff_mean"] == pytest.approx(0.25)


def test_mean_leaves_out_saturated_budgets_and_names_them():
    """cbda is 10 points above at 0.1, 2 at 0.2 and 40 at 0.4, which is saturated."""
    results = {("ra", b): (0.4, 0.5) for b in ("0.1", "0.2", "0.4")}
    results |= {("cbda", "0.1"): (0.5, 0.6), ("cbda", "0.2"): (0.42, 0.52)}
    results[("cbda", "0.4")] = (0.8, 0.9)
    table = comparison_table(make_runs(results), "ra", COMPARATORS, ["0.4"])
    rows = table[table["metric"] == "mIoU"].set_index("budget")
    assert rows.loc["mean", "diff_mean"] == pytest.approx(6)
    assert rows["left_out"].to_dict() == {"0.1": "", "0.2": "", "0.4": "", "mean": "0.4"}


def test_no_mean_is_taken_if_all_budgets_are_saturated():
    results = {(name, b): (0.4, 0.5) for b in ("0.1", "0.2") for name in ("ra", "cbda")}
    table = comparison_table(make_runs(results), "ra", COMPARATORS, ["0.1", "0.2"])
    assert set(table["budget"]) == {"0.1", "0.2"}


def test_p_values_are_corrected_within_a_metric_and_what_is_compared_with():
    """Differences 2, 2.3, 3.2 and 5, 5.1, 5.3 to ra: p = 0.0202 and 0.000292, times 1 and 2."""
    results = {("ra", "0.1"): (0.4, 0.4, 0.4), ("random", "0.1"): (0.1, 0.3, 0.2)}
    results |= {("cb", "0.1"): (0.42, 0.423, 0.432), ("cbda", "0.1"): (0.45, 0.451, 0.453)}
    table = comparison_table(make_runs(results), "ra", ["random"]).set_index(
        ["metric", "method", "compared_with"]
    )
    family = table.loc["mIoU"].xs("ra", level="compared_with")
    order = family["p_t"].sort_values()
    expected = order * [3, 2, 1]
    pd.testing.assert_series_equal(
        family["p_t_holm"][order.index], expected, check_names=False, rtol=1e-9
    )
    assert list(order.index) == ["cbda", "cb", "random"]
