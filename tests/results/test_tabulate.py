"""Two methods, two budgets, two seeds; the run of cbda at 0.1 with seed 1 is missing."""

import numpy as np
import pandas as pd
import pytest

from cbda.cli import main
from cbda.errors import UserError
from cbda.files import json_files
from cbda.results.runs import Run, load_run
from cbda.results.sheet import Row
from cbda.results.tabulate import readable, summary_table
from tests.pools import summarise, write_labels

CLASSES = ["road", "pole"]
# IoU of road and pole.
RESULTS = {
    ("ra", "0.05", 0): (0.80, 0.40),
    ("ra", "0.05", 1): (0.90, 0.30),
    ("ra", "0.1", 0): (0.80, 0.50),
    ("ra", "0.1", 1): (0.80, 0.60),
    ("cbda", "0.05", 0): (0.80, 0.50),
    ("cbda", "0.05", 1): (0.50, 0.70),
    ("cbda", "0.1", 0): (0.90, 0.60),
    ("source_only", "-", 0): (0.50, None),
    ("source_only", "-", 1): (0.70, None),
}
MISSING = ("cbda", "0.1", 1)
# Pixels of road and pole by round, and void by round.
COUNTS = {"ra": ([[40, 20], [20, 10]], [0, 10]), "cbda": ([[30, 30], [20, 20]], [0, 0])}
OUTPUTS = ("table.csv", "classes.csv", "acquisition.csv", "comparisons.csv")
OPTIONS = ("--out", "--out-classes", "--out-acquisition", "--out-comparisons")


def write_evaluation(path, iou, **more):
    present = [value for value in iou if value is not None]
    worst = iou.index(min(present))
    content = {"classes": CLASSES, "class_iou": iou, "mIoU": sum(present) / len(present)}
    worst_class = {"worst_class": CLASSES[worst], "worst_class_iou": iou[worst]}
    json_files.write_evaluation(path, {**content, **worst_class, **more})


def write_method(path, method):
    summary = summarise(*COUNTS[method], budget=0.05, num_pool_px=1000)
    nothing = np.zeros((1, 2, 2), np.uint8)
    write_labels(path, ["a"], nothing, nothing, summary)


@pytest.fixture(scope="module")
def words(tmp_path_factory):
    """The words of the option --run, in the order in which the table expects the runs."""
    folder = tmp_path_factory.mktemp("results")
    words = []
    for method, budget, seed in [*RESULTS, MISSING]:
        place = folder / f"{method}-{budget}-{seed}"
        labels = "-" if budget == "-" else str(place / "labels.h5")
        words.append([method, budget, str(seed), str(place / "evaluation.json"), labels])
        if (method, budget, seed) != MISSING:
            write_evaluation(place / "evaluation.json", RESULTS[method, budget, seed])
        if labels != "-":
            write_method(place / "labels.h5", method)
    return words


def as_row(words):
    method, budget, seed, evaluation, labels = words
    return Row(method, budget, seed, evaluation=evaluation, labels=labels)


@pytest.fixture(scope="module")
def runs(words):
    return [load_run(as_row(run)) for run in words]


@pytest.fixture(scope="module")
def table(runs):
    return summary_table(runs, "ra").set_index(["method", "budget"])


def tabulate(words, folder):
    runs = [word for run in words for word in ("--run", *run)]
    paths = [
        word
        for option, name in zip(OPTIONS, OUTPUTS, strict=True)
        for word in (option, str(folder / name))
    ]
    return main(["tabulate", "--baseline", "ra", *runs, *paths])


def test_rows_keep_the_order_given(table):
    assert list(table.index) == [
        ("ra", "0.05"),
        ("ra", "0.1"),
        ("cbda", "0.05"),
        ("cbda", "0.1"),
        ("source_only", "-"),
    ]


def row(table, method, budget, prefix):
    names = [f"{prefix}_{name}" for name in ("mean", "std", "diff_mean", "diff_std")]
    return list(table.loc[(method, budget), names])


ROOT2 = np.sqrt(2)
NAN = np.nan


@pytest.mark.parametrize(
    ("method", "budget", "expected"),
    [
        ("ra", "0.05", [60, 0, 0, 0]),  # 60, 60
        ("ra", "0.1", [67.5, 5 / ROOT2, 0, 0]),  # 65, 70
        ("cbda", "0.05", [62.5, 5 / ROOT2, 2.5, 5 / ROOT2]),  # 65, 60; differences 5, 0
        ("cbda", "0.1", [75, NAN, 10, NAN]),  # 75; difference 10 of the same seed
        ("source_only", "-", [60, 20 / ROOT2, NAN, NAN]),  # 50, 70
    ],
)
def test_miou_has_its_mean_spread_and_paired_difference(table, method, budget, expected):
    np.testing.assert_allclose(row(table, method, budget, "mIoU"), expected, atol=1e-9)


@pytest.mark.parametrize(
    ("method", "budget", "expected"),
    [
        ("ra", "0.05", [35, 10 / ROOT2, 0, 0]),  # 40, 30
        ("cbda", "0.05", [50, 0, 15, 10 / ROOT2]),  # 50, 50; differences 10, 20
        ("cbda", "0.1", [60, NAN, 10, NAN]),
    ],
)
def test_worst_class_has_its_mean_spread_and_paired_difference(table, method, budget, expected):
    np.testing.assert_allclose(row(table, method, budget, "worst_class_IoU"), expected, atol=1e-9)


def test_worst_classes_are_named_the_most_frequent_first(table):
    worst = table["worst_class"]
    assert worst["ra", "0.05"] == "pole"
    assert worst["cbda", "0.05"] == "pole; road"  # one seed each: by name
    assert worst["source_only", "-"] == "road"


def test_most_frequent_worst_class_comes_first(tmp_path):
    runs = []
    for seed, iou in enumerate([(0.2, 0.1), (0.1, 0.2), (0.1, 0.2)]):
        path = tmp_path / f"{seed}.json"
        write_evaluation(path, iou)
        runs.append(load_run(Row("full", "-", str(seed), evaluation=str(path))))
    assert summary_table(runs, "ra")["worst_class"].tolist() == ["road; pole"]


def test_missing_run_is_counted_and_named(table):
    assert table["num_seeds"].tolist() == [2, 2, 2, 1, 2]
    assert table["missing_seeds"].tolist() == ["", "", "", "1", ""]


def test_run_without_labels_is_missing(words, tmp_path):
    row = as_row([*words[0][:4], str(tmp_path / "labels.h5")])
    assert load_run(row).evaluation is None


def test_method_without_any_run_keeps_its_row(tmp_path):
    files = [str(tmp_path / name) for name in ("no.json", "no.h5")]
    runs = [load_run(Row("ra", "0.05", seed, "1", *files)) for seed in ("0", "1")]
    (only,) = summary_table(runs, "ra").to_dict("records")
    assert (only["num_seeds"], only["missing_seeds"], only["worst_class"]) == (0, "0 1", "")
    assert np.isnan(only["mIoU_mean"])


def test_table_holds_acquired_fraction_void_and_entropy(table):
    """ra: 100 of 1000 px, 10 of them void, 60 and 30 by class; cbda: 100 px, 50 and 50."""
    names = ["acquired_fraction", "void_fraction", "acquired_entropy"]
    np.testing.assert_allclose(list(table.loc[("ra", "0.05"), names]), [0.1, 0.1, 0.918296], 1e-6)
    np.testing.assert_allclose(list(table.loc[("cbda", "0.05"), names]), [0.1, 0, 1])
    assert table.loc[("source_only", "-"), names].isna().all()


def test_tables_are_written_with_four_decimals(words, tmp_path, capsys):
    assert tabulate(words, tmp_path) == 0
    table, classes, acquisition, comparisons = (
        pd.read_csv(tmp_path / name, dtype={"budget": str}) for name in OUTPUTS
    )
    assert "acquired %" in capsys.readouterr().out
    assert table["budget"].tolist() == ["0.05", "0.1", "0.05", "0.1", "-"]
    assert list(table.columns[:3]) == ["method", "budget", "num_seeds"]
    assert table["mIoU_std"].tolist()[:3] == [0.0, 3.5355, 3.5355]

    assert len(classes) == 2 * len(RESULTS)
    chosen = classes[(classes["method"] == "ra") & (classes["seed"] == 1)]
    assert chosen["IoU"].tolist() == [90, 30, 80, 60]
    assert classes[classes["method"] == "source_only"]["IoU"].isna().tolist() == [False, True] * 2

    assert len(acquisition) == 7 * 2 * 3  # runs with labels, rounds, classes with void
    chosen = acquisition[(acquisition["method"] == "ra") & (acquisition["budget"] == "0.05")]
    assert chosen["num_px"].tolist() == [40, 20, 0, 20, 10, 10] * 2
    assert chosen["class"].tolist() == ["road", "pole", "void"] * 4
    assert chosen["round"].tolist() == [1, 1, 1, 2, 2, 2] * 2

    chosen = comparisons[comparisons["compared_with"] == "ra"]
    assert chosen["method"].tolist() == ["cbda"] * 9
    assert chosen["budget"].tolist() == ["0.05", "0.1", "mean"] * 3
    assert chosen["num_seeds"].tolist() == [2, 1, 1] * 3


def test_a_run_without_a_mean_over_the_subset_is_left_out_of_it():
    evaluation = {"mIoU": 0.5, "worst_class": "pole", "worst_class_iou": 0.4}
    with_subset = {**evaluation, "mIoU_subset": 0.4}
    runs = [Run("ra", "0.1", seed, found) for seed, found in enumerate((with_subset, evaluation))]
    row = summary_table(runs, "ra").iloc[0]
    assert (row["mIoU_subset_mean"], row["mIoU_mean"]) == (40, 50)


def test_repetition_gives_equal_bytes(words, tmp_path):
    for name in ("one", "other"):
        assert tabulate(words, tmp_path / name) == 0
    for name in OUTPUTS:
        assert (tmp_path / "one" / name).read_bytes() == (tmp_path / "other" / name).read_bytes()


def test_readable_table_leaves_out_what_is_not_known(table):
    lines = readable(table.reset_index()).splitlines()
    assert len(lines) == 6
    assert "62.5 +- 3.5" in lines[3]
    assert "nan" not in "".join(lines).lower()


def test_run_given_twice_is_an_error(runs):
    with pytest.raises(UserError, match="a run is given twice"):
        summary_table([*runs, runs[0]], "ra")


def test_seed_that_is_no_number_is_an_error():
    with pytest.raises(UserError, match=r"run ra 0\.05: seed 'x' is not a number"):
        load_run(Row("ra", "0.05", "x", evaluation="evaluation.json"))


def test_mean_over_a_subset_has_columns_of_its_own(tmp_path):
    """IoU 0.8, 0.4 over both classes; over road alone 0.8, and none in the second run."""
    runs = []
    for seed, value in enumerate((0.8, None)):
        path = tmp_path / f"{seed}.json"
        write_evaluation(path, (0.8, 0.4), mIoU_subset=value)
        runs.append(load_run(Row("full", "-", str(seed), evaluation=str(path))))
    table = summary_table(runs[:1], "ra")
    assert table["mIoU_subset_mean"].tolist() == [80.0]
    assert "mIoU subset" in readable(table)
    assert summary_table(runs, "ra")["mIoU_subset_mean"].isna().all()
