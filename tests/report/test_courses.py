"""The course of trainings, read from what they left beside their checkpoints."""

import numpy as np
import pandas as pd
import pytest

from cbda.report.courses import NUM_POINTS, course_figure, read_courses, thin_out
from cbda.report.style import method_line_styles
from cbda.results.sheet import Row
from cbda.training.history import COLUMNS


def write(path, start, stop):
    path.parent.mkdir(parents=True, exist_ok=True)
    rows = [[iteration, 2.0, 1.0, 0.5, np.nan, 0.5, 0.1, 1, 1] for iteration in range(start, stop)]
    pd.DataFrame(rows, columns=list(COLUMNS)).to_csv(path, index=False)


@pytest.fixture
def runs(tmp_path):
    """One method with rounds 9 and 10, at two budgets, and a reference; of one nothing is left."""
    seed = tmp_path / "seed0"
    write(seed / "pretrain/history.csv", 0, 4)
    write(seed / "full/history.csv", 4, 12)
    made = [Row("full", "-", "0", evaluation=f"{seed}/full/evaluation.json")]
    for budget in ("0.1", "0.2"):
        folder = seed / f"ra/budget{budget}"
        for number in (9, 10):
            write(folder / f"round{number}/history.csv", 4 * (number - 8), 4 * (number - 7))
        files = (f"{folder}/evaluation.json", f"{folder}/round10/labels.h5")
        made.append(Row("ra", budget, "0", "10", *files))
    return [*made, Row("full", "-", "1", evaluation=f"{tmp_path}/seed1/full/evaluation.json")]


def test_course_of_a_run_is_that_of_its_jobs_in_order(runs):
    full, ra = read_courses(runs, "0.2")
    assert (full.method, ra.method) == ("full", "ra")
    assert ra.table["iteration"].tolist() == list(range(12))
    assert (full.starts, ra.starts) == ([4], [0, 4, 8])


def test_figure_marks_the_rounds_and_names_each_method_once(runs):
    figure = course_figure(read_courses(runs, "0.2"), method_line_styles(["ra"]))
    assert len(figure.axes) == 4
    lines = [np.asarray(line.get_xdata()) for line in figure.axes[0].lines]
    assert [line[0] for line in lines if len(line) == 2] == [4, 8]
    assert [text.get_text() for text in figure.legends[0].get_texts()] == ["full", "ra"]


def test_long_courses_are_thinned_out_to_means():
    table = pd.DataFrame({"iteration": range(10 * NUM_POINTS), "loss": [1.0, 3.0] * 5 * NUM_POINTS})
    line = thin_out(table, "loss")
    assert len(line) == NUM_POINTS
    assert set(line["loss"]) == {2.0}


def test_nothing_is_drawn_of_a_term_that_was_never_there(runs):
    (full,) = read_courses(runs[:1], "")
    assert thin_out(full.table, "target").empty


def test_reading_ends_where_there_is_nothing():
    assert read_courses([Row("ra", "0.1", "0", "1", "e.json", "labels.h5")], "0.1") == []
