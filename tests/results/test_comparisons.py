"""Who is compared with whom, and over which seeds."""

import warnings
from dataclasses import replace

import numpy as np
import pytest

from cbda.results.comparisons import COLUMNS, comparison_table, with_p_values_as_text
from cbda.results.pairs import PairedTest
from cbda.results.runs import Run
from tests.pools import summarise

COMPARATORS = ("random", "random_class")


@pytest.fixture(autouse=True)
def _no_warnings():
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        yield


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
        for metric in ("mIoU", "worst_class_IoU")
        for budget in ("0.05", "0.1", "mean")
        for method, rivals in expected.items()
        for rival in rivals
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
    for method, by_seed in {"ra": ([8, 0], [6, 2]), "cbda": ([4, 4], [0, 0])}.items():
        for seed, counts in enumerate(by_seed):
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
