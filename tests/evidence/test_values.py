"""Values of kept tables are those of their files."""

import numpy as np
import pandas as pd
import pytest

from evidence import values
from evidence.values import (
    at,
    budgets_of,
    differences,
    kept,
    measure,
    paired,
    seeds_of,
    seen_from,
)


def test_measures_are_means_over_classes():
    names = ["pole", "sign", "fence", "pedestrian", "bicyclist", "road"]
    rows = [("a", "0.1", 1, name, 10.0 * i) for i, name in enumerate(names)]
    row = measure(pd.DataFrame(rows, columns=["method", "budget", "seed", "class", "IoU"])).iloc[0]
    assert (row["mIoU"], row["rare"], row["worst"]) == (25, 20, 0)


def test_class_without_pixels_counts_in_no_mean():
    rows = [("a", "0.1", 1, "pole", np.nan), ("a", "0.1", 1, "sign", 10.0)]
    row = measure(pd.DataFrame(rows, columns=["method", "budget", "seed", "class", "IoU"])).iloc[0]
    assert (row["mIoU"], row["rare"], row["worst"]) == (10, 10, 10)


def test_methods_keep_their_order(made_up):
    found = at(seeds_of("ranking_generated"), "0.002")
    assert list(found.index) == [
        *("random", "random_pixel", "margin", "margin_pixel", "margin_pixel_power", "ra_exact"),
    ]
    assert list(map(int, found.columns)) == [30, 31, 32, 33, 34]


def test_budgets_are_in_order_and_without_that_of_references(made_up):
    assert budgets_of(seeds_of("budgets_generated")) == ["0.0005", "0.002", "0.01", "0.05"]


def test_labels_are_those_of_whole_runs(tables):
    (tables / "made_up").mkdir()
    rows = [
        ("ra", "0.05", 1, number, name, 10, 4, pure)
        for number, pure in ((1, 1), (2, 3))
        for name in ("road", "sky")
    ]
    columns = ["method", "budget", "seed", "round", "class", "acquired_px", "queries"]
    frame = pd.DataFrame(rows, columns=[*columns, "pure_queries"])
    frame.to_csv(tables / "made_up/diagnosis.csv", index=False)
    found = {name: seeds_of("made_up", name).loc[("ra", "0.05"), 1] for name in values.OF_LABELS}
    assert found == pytest.approx({"balance": 1, "pure": 50})


def test_seeds_that_one_method_lacks_are_left_out():
    frame = pd.DataFrame({1: [1.0, 0.0], 2: [2.0, 0.0], 3: [9.0, np.nan]}, index=["a", "b"])
    assert list(differences(frame, ("a", "b"))) == [1, 2]
    assert paired(frame, ("a", "b")).diff_mean == 1.5


def test_difference_that_is_seen_is_that_of_the_protocol():
    """A deviation of 1.5 points with 16 seeds: 1.1 points."""
    half_width = 2.131 * 1.5 / 4
    assert seen_from(half_width, 16) == pytest.approx(1.12, abs=0.01)


def test_tables_that_are_there_are_named(tables):
    (tables / "one").mkdir()
    assert kept({"one": "a", "two": "b"}) == {"one": "a"}
    with pytest.raises(FileNotFoundError, match="none of two"):
        kept({"two": "b"})
