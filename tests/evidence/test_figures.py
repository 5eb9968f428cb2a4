"""Figures of equal tables are equal, and show every effect."""

import pandas as pd

from cbda.report.style import drawing, write
from evidence.effects import COLUMNS
from evidence.figures import effects_figure

ROWS = [
    ["mIoU", "main", "unit", 1.25, 0.5, 0.001, 0.004, 0.7],
    ["mIoU", "main", "noise", -0.25, 0.5, 0.3, 0.3, 0.7],
]


def test_effects_of_data_sets_are_drawn_with_their_intervals(tmp_path):
    table = pd.DataFrame(ROWS, columns=COLUMNS)
    with drawing():
        for name in ("a.svg", "b.svg"):
            figure = effects_figure({"streets": table, "CamVid": table})
            write(figure, tmp_path / name)
    axes = figure.axes[0]
    assert [text.get_text() for text in axes.get_yticklabels()] == [
        "pixels, not windows",
        "power noise",
    ]
    assert len(axes.containers) == 2
    assert (tmp_path / "a.svg").read_bytes() == (tmp_path / "b.svg").read_bytes()
