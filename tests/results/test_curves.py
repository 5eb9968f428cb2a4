"""Learning curves, their areas and the labels that they save: computed by hand."""

import numpy as np
import pandas as pd
import pytest

from cbda.errors import UserError
from cbda.results.areas import area_table
from cbda.results.curves import (
    Curve,
    common_span,
    find_curves,
    labels_needed,
    labels_saved,
    learning_curve,
    mean_height,
    require_positive,
)
from cbda.results.runs import Run
from cbda.results.windows import WindowCounts
from cbda.settings.tables import ClickSettings
from tests.pools import summarise


def curve(*points):
    return Curve(*np.array(points, float).T)


RISING = curve((1, 20), (2, 40), (4, 60))
LOG = curve((1, 20), (10, 40), (100, 60))


@pytest.mark.parametrize(
    ("of", "span", "scale", "expected"),
    [
        (RISING, (1, 4), "linear", (30 * 1 + 50 * 2) / 3),
        (RISING, (1.5, 3), "linear", (35 * 0.5 + 45 * 1) / 1.5),
        (LOG, (1, 100), "log", 40),
        (LOG, (1, 100), "linear", (30 * 9 + 50 * 90) / 99),
        (RISING, (2, 4), "log", 50),  # one straight piece, whatever the scale
    ],
)
def test_area_is_that_of_trapezoids(of, span, scale, expected):
    assert mean_height(of, span, scale) == pytest.approx(expected)


def test_curves_are_compared_where_all_have_labels():
    assert common_span([RISING, curve((1.5, 0), (3, 0))]) == (1.5, 3)
    assert common_span([RISING, curve((5, 0), (6, 0))]) is None


@pytest.mark.parametrize(
    ("miou", "scale", "expected"),
    [(30, "linear", 1.5), (50, "linear", 3), (10, "linear", 1), (60, "linear", 4)],
)
def test_labels_needed_lie_between_points(miou, scale, expected):
    assert labels_needed(RISING, miou, scale) == pytest.approx(expected)


def test_labels_needed_on_a_logarithmic_axis_are_between_in_logarithms():
    assert labels_needed(LOG, 30, "log") == pytest.approx(10**0.5)


def test_miou_that_is_never_reached_needs_no_number_of_labels():
    assert np.isnan(labels_needed(RISING, 61, "linear"))


def test_curve_that_falls_reaches_an_miou_where_it_first_does():
    assert labels_needed(curve((1, 20), (2, 40), (3, 10), (4, 60)), 40, "linear") == 2


def test_labels_saved_are_a_share_of_the_others_at_the_highest_miou_of_both():
    """50 is reached at 3 by one, at 4 by the other; turned round, 4 / 3 - 1 more are needed."""
    other = curve((1, 20), (4, 50))
    assert labels_saved(RISING, other, "linear") == pytest.approx(0.25)
    assert labels_saved(other, RISING, "linear") == pytest.approx(-1 / 3)


def evaluation(iou):
    return {"mIoU": float(np.mean(iou)), "classes": ["road", "pole"], "class_iou": list(iou)}


def make_curve(method="ra", budget="0.2", seed=0, rounds=((0.4, 0.2), (0.6, 0.3))):
    """Two rounds of 60 + 40 and 50 + 30 px, with 20 px void in the second, of a pool of 1,000."""
    summary = summarise([[60, 40], [50, 30]], [0, 20], num_pool_px=1000)
    counts = WindowCounts(*np.array([[4, 8], [1, 3], [5, 12], [25, 75]]))
    by_round = {n + 1: evaluation(iou) for n, iou in enumerate(rounds)}
    return Run(method, budget, seed, by_round[2], summary), counts, by_round


def test_curve_table_has_a_row_for_every_round_and_class():
    table = learning_curve([make_curve()], ClickSettings())
    assert table["class"].tolist() == ["mIoU", "road", "pole"] * 2
    np.testing.assert_allclose(table["IoU"], [30, 40, 20, 45, 60, 30])
    spent = table[table["class"] == "mIoU"].iloc[1]
    names = ["labelled_fraction", "labelled_px", "queries", "pure_queries", "mixed_queries"]
    assert spent[names].tolist() == [0.2, 200, 8, 5, 3]
    assert spent["clicks"] == 12  # one a class


def test_class_that_is_not_present_has_no_iou():
    run, counts, rounds = make_curve()
    rounds[1]["class_iou"][1] = None
    table = learning_curve([(run, counts, rounds)], ClickSettings())
    assert np.isnan(table["IoU"][2])


def test_clicks_are_a_sum_of_prices():
    """2 a query, 3 a class, 0.1 a pixel of a mixed window: 8 + 15 + 2.5, 16 + 36 + 7.5."""
    _, counts, _ = make_curve()
    prices = ClickSettings(per_query=2.0, per_class=3.0, per_mixed_px=0.1)
    np.testing.assert_allclose(counts.clicks(prices), [25.5, 59.5])


def test_curves_go_through_rounds_and_through_budgets():
    table = learning_curve([make_curve(), make_curve(budget="0.1")], ClickSettings())
    table.loc[table["budget"] == "0.1", "labelled_fraction"] /= 2
    curves = find_curves(table, "pixels")
    assert set(curves) == {("ra", "0.2", 0), ("ra", "0.1", 0), ("ra", "all", 0)}
    np.testing.assert_allclose(curves["ra", "0.2", 0].labels, [0.1, 0.2])
    np.testing.assert_allclose(curves["ra", "all", 0].labels, [0.1, 0.2])
    np.testing.assert_allclose(curves["ra", "all", 0].miou, [45, 45])


def test_run_of_one_evaluated_round_is_no_curve():
    run, counts, rounds = make_curve()
    table = learning_curve([(run, counts, {2: rounds[2]})], ClickSettings())
    assert find_curves(table, "queries") == {}


def areas(others=("ra", "random"), **options):
    """Areas of ra 30, 40 by seed and of cbda 34, 42; source_only is 20 and full 60."""
    curves = {
        **{("ra", "0.2", s): curve((1, 20 + 10 * s), (3, 40 + 10 * s)) for s in (0, 1)},
        **{("cbda", "0.2", s): curve((1, 24 + 8 * s), (3, 44 + 8 * s)) for s in (0, 1)},
    }
    fixed = {"source_only": 0.2, "full": 0.6}
    runs = [Run(n, "-", s, {"mIoU": v}) for n, v in fixed.items() for s in (0, 1)]
    table = area_table(curves, runs, "pixels", "linear", others)
    return table.set_index(["metric", "method", "compared_with"])


@pytest.mark.parametrize(
    ("metric", "method", "other", "mean", "std"),
    [
        ("aubc", "ra", "-", 35, 50**0.5),
        ("aubc", "cbda", "-", 38, 32**0.5),
        ("aubc", "cbda", "ra", 3, 2**0.5),  # 4 and 2
        ("gain", "ra", "-", 0.375, (2 * 0.125**2) ** 0.5),  # 0.25 and 0.5
        ("gain", "cbda", "ra", 0.075, (2 * 0.025**2) ** 0.5),  # 0.1 and 0.05
        # 40 at 2.6 in place of 3, and 50 at 2.8: 2 / 15 and 1 / 15.
        ("labels_saved", "cbda", "ra", 0.1, 2**0.5 / 30),
    ],
)
def test_areas_are_compared_by_seed(metric, method, other, mean, std):
    row = areas().loc[(metric, method, other)]
    assert (row["num_seeds"], row["budget"], row["axis"]) == (2, "0.2", "pixels")
    assert (row["diff_mean"], row["diff_std"]) == pytest.approx((mean, std))
    assert np.isnan(row["p_t"]) == (other == "-")


def test_area_without_references_has_no_gain():
    curves = {("ra", "0.2", 0): RISING}
    table = area_table(curves, [], "pixels", "linear", ["ra"])
    assert table["metric"].tolist() == ["aubc"]


def test_no_curve_gives_an_empty_table():
    table = area_table({}, [], "pixels", "linear", ["ra"])
    assert (len(table), "p_t_holm" in table) == (0, True)


def test_labels_that_cost_nothing_are_refused():
    with pytest.raises(UserError, match=r"analyse\.axis: clicks are 0"):
        require_positive([curve((0, 20), (1, 30))], "clicks")


def test_empty_curve_table_has_its_columns():
    table = learning_curve([], ClickSettings())
    assert find_curves(table, "pixels") == {}
    assert isinstance(table, pd.DataFrame)
