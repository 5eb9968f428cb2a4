"""Figures and tables of learning curves and ranks, in the report of runs made up."""

import numpy as np
import pandas as pd
import pytest

from cbda.report.budgets import FRACTION
from cbda.report.chapters import draw_figures
from cbda.report.contents import area_rows, page_content
from cbda.report.experiment import Experiment
from cbda.report.learning import learning_figure, penalty_figure, rank_figure
from cbda.report.page import render_page
from cbda.report.style import TWO_COLUMNS, method_line_styles
from cbda.results.curves import learning_curve
from cbda.results.ranks import RANKS
from cbda.results.runs import Run
from cbda.results.windows import WindowCounts
from cbda.settings.tables import AnalyseSettings, ClickSettings
from tests.pools import summarise
from tests.report.test_report import TEMPLATE

METHODS = ["random", "ra", "cbda"]
COUNTS = WindowCounts(*np.array([[10, 20], [2, 6], [12, 30], [18, 54]]))


def evaluation(miou):
    worst = {"worst_class": "pole", "worst_class_iou": miou - 0.1}
    return {
        "mIoU": miou,
        "classes": ["road", "pole"],
        "class_iou": [miou + 0.1, miou - 0.1],
        **worst,
    }


def make_experiment(full=0.9, **options):
    """Two rounds: random is 40 and 50 with seed 0, ra and cbda are 2 and 5 above."""
    runs, measured = [Run("full", "-", seed, evaluation(full)) for seed in (0, 1, 2)], []
    runs += [Run("source_only", "-", seed, evaluation(0.3)) for seed in (0, 1, 2)]
    for place, method in enumerate(METHODS):
        for seed in (0, 1, 2):
            more = (0, 0.02, 0.05)[place] + 0.01 * seed + 0.001 * seed * place
            rounds = {n: evaluation(0.3 + 0.1 * n + more) for n in (1, 2)}
            labels = summarise([[30, 20], [30, 20]], num_pool_px=1000)
            run = Run(method, "0.1", seed, rounds[2], labels)
            runs.append(run)
            measured.append((run, COUNTS, rounds))
    curve = learning_curve(measured, ClickSettings())
    return Experiment(runs, "ra", ["road", "pole"], curve=curve, **options)


def draw(axis="pixels", scale="linear"):
    curve = make_experiment().curve
    references = {"full": (90.0, np.nan)}
    return learning_figure(curve, references, axis, scale, method_line_styles(METHODS))


@pytest.mark.parametrize(
    ("axis", "expected"), [("pixels", [5, 10]), ("queries", [10, 20]), ("clicks", [12, 30])]
)
def test_curve_is_drawn_against_any_count_of_labels(axis, expected):
    (axes,) = draw(axis).axes
    lines = {line.get_label(): line.get_xydata() for line in axes.lines}
    assert set(lines) == {"full", *METHODS}
    np.testing.assert_allclose(lines["random"][:, 0], expected)
    np.testing.assert_allclose(lines["random"][:, 1], [41, 51])
    assert len(axes.collections) == len(METHODS)  # a band each


def test_references_have_their_spread_too():
    styles = method_line_styles(METHODS)
    references = {"full": (90.0, 1.0)}
    figure = learning_figure(make_experiment().curve, references, "pixels", "linear", styles)
    assert figure is not None
    (band,) = figure.axes[0].patches
    assert band.get_extents().transformed(figure.axes[0].transData.inverted()).height == (
        pytest.approx(2)
    )


def test_panels_of_many_budgets_lie_in_rows_of_two():
    curve = make_experiment().curve
    budgets = [curve.assign(budget=budget) for budget in ("0.05", "0.1")]
    figure = learning_figure(
        pd.concat(budgets), {}, "pixels", "linear", method_line_styles(METHODS)
    )
    assert figure is not None
    assert len(figure.axes) == 3
    assert figure.get_figwidth() == TWO_COLUMNS


def test_logarithmic_ticks_are_plain_numbers():
    figure = draw("queries", "log")
    figure.canvas.draw()
    (axes,) = figure.axes
    assert axes.get_xscale() == "log"
    shown = {label.get_text() for label in axes.get_xticklabels()}
    assert {"10", "20"} <= shown


def test_without_two_points_there_is_no_curve():
    curve = make_experiment().curve
    last = curve[curve["round"] == 2]
    assert learning_figure(last, {}, "pixels", "linear", method_line_styles(METHODS)) is None


def test_curve_of_rounds_and_of_budgets_have_panels_of_their_own():
    curve = make_experiment().curve
    smaller = curve[curve["round"] == 1].assign(budget="0.05")
    both = pd.concat([smaller, curve])
    figure = learning_figure(both, {}, "pixels", "linear", method_line_styles(METHODS))
    assert figure is not None
    titles = [axes.get_title() for axes in figure.axes]
    assert titles == ["from round to round, budget 10 %", "from budget to budget, last rounds"]


@pytest.mark.usefixtures("one_format")
def test_all_figures_are_drawn(tmp_path):
    sections = draw_figures(make_experiment(), tmp_path)
    assert {"curves", "ranks"} <= {section.anchor for section in sections}
    assert {"learning_curve.svg", "penalties.svg", "ranks.svg"} <= {
        path.name for path in tmp_path.iterdir()
    }


@pytest.mark.usefixtures("one_format")
def test_figures_are_drawn_if_all_budgets_are_saturated(tmp_path):
    sections = draw_figures(make_experiment(full=0.5, saturation=0.99), tmp_path)
    captions = [picture.caption for s in sections if s.anchor == "ranks" for picture in s.pictures]
    assert len(captions) == 2
    assert all("Saturated budgets are left out: 10 %." in caption for caption in captions)


def test_empty_ranks_are_drawn_as_an_empty_panel():
    figure = rank_figure(pd.DataFrame(columns=list(RANKS)), method_line_styles(METHODS))
    assert len(figure.axes) == 1


def test_penalties_are_written_in():
    matrix = pd.DataFrame([[np.nan, 0.5], [0, np.nan], [0, 0.5]], ["a", "b", "penalty"], ["a", "b"])
    axes = penalty_figure(matrix).axes[0]
    assert [text.get_text() for text in axes.texts] == ["", "0.50", "0.00", "", "0.00", "0.50"]


def render(experiment):
    return render_page(TEMPLATE, **page_content(experiment, []))


def test_page_has_areas_and_labels_saved():
    """The first is 2 above random, 2.1 and 2.2 with other seeds: it reaches 50 at 18 of 20."""
    page = render(make_experiment(analyse=AnalyseSettings(axis="queries")))
    assert '<h2 id="areas">' in page
    assert "labels saved against random" in page
    assert "mIoU against queries, on a linear axis" in page
    rows = area_rows(make_experiment().areas, FRACTION)
    (row,) = (row for row in rows if row["method"] == "ra")
    assert row["aubc -"]["diff_mean"] == pytest.approx(48.1)
    assert row["labels_saved random"]["diff_mean"] == pytest.approx(0.105, abs=0.001)


def test_page_without_a_curve_has_no_areas():
    experiment = make_experiment()
    assert '<h2 id="areas">' not in render(Experiment(experiment.runs, "ra", experiment.classes))


def test_page_names_saturated_budgets_on_their_rows_and_at_its_head():
    page = render(make_experiment(full=0.5, saturation=0.99))
    assert "Budget of 10 %: saturated, random reaches 1.020 of full supervision" in page
    assert page.count("random reaches 1.020 of full</td>") == len(METHODS)
    assert "saturated" not in render(make_experiment(saturation=0.99))
