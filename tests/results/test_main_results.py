"""The tables of a paper, of results made up."""

import numpy as np
import pytest

from cbda.results.curves import learning_curve
from cbda.results.main_results import as_latex, as_markdown, main_results
from cbda.results.runs import Run
from cbda.results.windows import WindowCounts
from cbda.settings.tables import ClickSettings
from tests.pools import summarise

# cbda is 5, 5.1, 5.3 above ra at 0.1, and 1, -1, 2 at 0.2; cb_exact is 9, 9.1, 9.3 below at 0.1.
RESULTS = {
    ("full", "-"): (0.7, 0.7, 0.7),
    ("ra", "0.1"): (0.4, 0.4, 0.4),
    ("cbda", "0.1"): (0.45, 0.451, 0.453),
    ("cb_exact", "0.1"): (0.31, 0.309, 0.307),
    ("ra", "0.2"): (0.5, 0.5, 0.5),
    ("cbda", "0.2"): (0.51, 0.49, 0.52),
}
COUNTS = WindowCounts(*np.array([[10], [4], [15], [36]]))


def evaluation(miou):
    worst = {"worst_class": "road", "worst_class_iou": miou}
    return {"mIoU": miou, "classes": ["road"], "class_iou": [miou], **worst}


@pytest.fixture
def results():
    labels = summarise([[90]], num_pool_px=1000)
    runs = [
        Run(method, budget, seed, evaluation(miou), None if budget == "-" else labels)
        for (method, budget), mious in RESULTS.items()
        for seed, miou in enumerate(mious)
    ]
    measured = [(run, COUNTS, {1: run.result("mIoU")}) for run in runs if run.labels is not None]
    curve = learning_curve(measured, ClickSettings())
    return main_results(runs, curve, "ra", {"0.2": 0.995})


def test_markdown_is_a_table_in_which_what_is_better_is_bold(results):
    lines = as_markdown(results).splitlines()
    assert lines[:6] == [
        "| method | 10 % | 20 % * | queries | mixed queries | clicks |",
        "| --- | ---: | ---: | ---: | ---: | ---: |",
        "| full | 70.0 ± 0.0 | 70.0 ± 0.0 |  |  |  |",
        "| ra | 40.0 ± 0.0 | 50.0 ± 0.0 | 10 | 4 | 15 |",
        "| cbda | **45.1** ± 0.2 | 50.7 ± 1.5 | 10 | 4 | 15 |",
        "| cb_exact | 30.9 ± 0.2 |  |  |  |  |",
    ]
    assert "* Saturated: random reaches 0.995 at 20 % of full supervision." in lines


def test_latex_escapes_names_and_marks_the_same(results):
    text = as_latex(results)
    assert r"cbda & \textbf{45.1} $\pm$ 0.2 & 50.7 $\pm$ 1.5 & 10 & 4 & 15 \\" in text
    assert r"cb\_exact & 30.9 $\pm$ 0.2 &  &  &  &  \\" in text
    assert r"method & 10 \% & 20 \% * & queries" in text
    assert text.count(r"\toprule") == text.count(r"\bottomrule") == 1
    assert all(line.startswith("%") for line in text.splitlines()[:3])


def test_bold_is_by_the_corrected_test():
    """2, 2.3, 3.2 points above: p = 0.0202 alone; 0.0404 of two, still below, 0.06 of three."""
    results = {("ra", "0.1"): (0.4,) * 3, ("cb", "0.1"): (0.42, 0.423, 0.432)}
    noise = {(name, "0.1"): (0.4, 0.41, 0.39) for name in ("da", "pa")}
    found = []
    for given in (results, {**results, **noise}):
        runs = [
            Run(*name, seed, evaluation(miou))
            for name, mious in given.items()
            for seed, miou in enumerate(mious)
        ]
        table = main_results(runs, learning_curve([], ClickSettings()), "ra", {})
        found.append(table.rows["cb"][0].is_better)
    assert found == [True, False]
