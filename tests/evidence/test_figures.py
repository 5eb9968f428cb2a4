"""Figures of equal tables are equal, and show every value."""

import numpy as np
import pytest

from cbda.report.style import drawing
from evidence import figures
from evidence.figures import FIGURES, draw_figure


def drawn(name):
    """A figure of the tables that are there, and its values."""
    values = FIGURES[name].read()
    with drawing():
        return FIGURES[name].draw(values), values


@pytest.mark.parametrize("name", FIGURES)
def test_figures_of_the_same_tables_are_the_same(name, made_up, tmp_path):
    for file in ("a.svg", "b.svg"):
        draw_figure(name, tmp_path / file)
    content = (tmp_path / "a.svg").read_bytes()
    assert content == (tmp_path / "b.svg").read_bytes()
    assert b"<text" in content


def test_effects_of_data_sets_are_drawn_with_their_intervals(made_up):
    figure, tables = drawn("effects")
    axes = figure.axes[0]
    names = [text.get_text() for text in axes.get_yticklabels()]
    assert names[:2] == ["pixels, not windows", "power noise"]
    assert names[-1] == "margin - random"
    assert len(axes.containers) == len(tables) == 2


def test_every_score_has_a_line_a_unit_and_data_set(made_up):
    figure, _ = drawn("budgets")
    assert [len(axes.containers) for axes in figure.axes] == [6] * 4
    assert len(figure.legends[0].get_texts()) == 6


def test_every_seed_is_a_point_beside_its_mean(made_up):
    figure, tests = drawn("confirmation")
    axes = figure.axes[0]
    points = [line.get_xdata() for line in axes.lines if len(line.get_xdata()) == 16]
    assert np.array_equal(points, [found.values for found in tests])
    assert len(axes.containers) == 4


def test_every_method_has_a_line_a_measure(made_up):
    figure, _ = drawn("large")
    assert [len(axes.containers) for axes in figure.axes] == [7] * 4


def test_ranks_are_those_of_means(made_up):
    figure, variants = drawn("ranks")
    line = next(line for line in figure.axes[0].lines if line.get_label() == "margin_pixel")
    expected = [
        values.mean(axis=1).rank(ascending=False)["margin_pixel"] for values in variants.values()
    ]
    assert list(line.get_ydata()) == expected


def test_figures_without_values_are_named(tables, tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(figures, "FOLDER", tmp_path / "figures")
    figures.main()
    assert list((tmp_path / "figures").iterdir()) == []
    assert capsys.readouterr().out.count("is not drawn") == len(FIGURES)
