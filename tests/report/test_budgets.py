"""The report where budgets count queries."""

import re
from dataclasses import replace

import pytest

from cbda.errors import UserError
from cbda.report.budgets import FRACTION, BudgetUnit
from cbda.report.chapters import draw_figures
from cbda.report.contents import page_content
from cbda.report.curves import difference_figure, entropy_figure, result_figure
from cbda.report.page import render_page
from cbda.results.runs import Run
from tests.report.test_report import TEMPLATE, make_experiment

QUERIES = BudgetUnit("queries")
NUMBERS = {"0.05": "60", "0.1": "120"}


@pytest.fixture(scope="module")
def experiment():
    """The made-up one at budgets of 60 and 120 queries."""
    made = make_experiment()
    runs = [replace(run, budget=NUMBERS.get(run.budget, run.budget)) for run in made.runs]
    assert isinstance(runs[0], Run)
    return replace(made, runs=runs, budget_unit=QUERIES)


@pytest.mark.parametrize(
    ("name", "number", "phrase"),
    [
        ("fraction", "5", "5 %"),
        ("queries", "0.05", "0.05 queries"),
        ("queries_per_image", "0.05", "0.05 queries per image"),
    ],
)
def test_budget_is_said_in_its_unit(name, number, phrase):
    unit = BudgetUnit(name)
    assert (unit.number("0.05"), unit.phrase("0.05"), unit.number("-")) == (number, phrase, "-")


def test_unknown_unit_is_refused():
    with pytest.raises(UserError, match="budget unit 'pixels' is unknown"):
        BudgetUnit("pixels")


def test_figures_count_queries(experiment):
    drawn = experiment.table, experiment.differences, experiment.line_styles
    table, differences, styles = drawn
    for figure in (
        result_figure(table, "mIoU", "mIoU", styles, QUERIES),
        entropy_figure(experiment.entropies, None, styles, QUERIES),
        difference_figure(differences, "ra", styles, QUERIES),
    ):
        axes = figure.axes[0]
        assert axes.get_xlabel() == "budget (queries in all)"
        assert list(axes.get_xticks()) == [60, 120]


@pytest.mark.usefixtures("one_format")
def test_page_speaks_of_queries(experiment, tmp_path):
    page = render_page(TEMPLATE, **page_content(experiment, draw_figures(experiment, tmp_path)))
    assert "at budgets of 60, 120 queries in all, 3 seeds" in page
    assert "at a budget of 120 queries, rare classes" in page
    assert ">budget (queries)</th>" in page
    assert "<td>60</td>" in page
    words = re.sub("data:[^\"']*", "", page)
    assert not re.search("budget[^.]{0,20}%|6000|12000", words)


def test_page_of_fractions_speaks_of_percent():
    page = render_page(TEMPLATE, **page_content(make_experiment(budget_unit=FRACTION), []))
    assert "at budgets of 5, 10 % of the pool&#39;s pixels" in page
    assert ">budget (%)</th>" in page
