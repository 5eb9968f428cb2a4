"""Draws the figures of docs/evidence.md from the CSV files in tables/.

python -m evidence.figures
"""

from pathlib import Path

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.container import ErrorbarContainer
from matplotlib.figure import Figure

from cbda.report.style import COLOURS, GREY, MARKERS, TWO_COLUMNS, add_legend, drawing, write
from evidence import page
from evidence.effects import TABLES

FIGURES = Path(__file__).with_name("figures")
ROW = 0.28  # inches
DODGE = 0.18  # of a row, between the data sets


def effects_figure(tables: dict[str, pd.DataFrame]) -> Figure:
    """Main effects and differences of scores on each data set, with their intervals."""
    figure = Figure(figsize=(TWO_COLUMNS, 1.0 + ROW * len(next(iter(tables.values())))))
    axes = figure.add_subplot()
    drawn = [
        _draw_row(axes, table, place, (place - (len(tables) - 1) / 2) * 2 * DODGE)
        for place, table in enumerate(tables.values())
    ]
    names = [page.in_words(effect) for effect in next(iter(tables.values()))["effect"]]
    axes.set_yticks(range(len(names)), names)
    axes.invert_yaxis()
    axes.axvline(0, color=GREY, linewidth=0.8)
    axes.set_xlabel("points of mIoU at 0.2 %, with 95 % intervals")
    add_legend(figure, drawn, tables)
    return figure


def _draw_row(axes: Axes, table: pd.DataFrame, place: int, shift: float) -> ErrorbarContainer:
    """The effects of one data set."""
    heights = np.arange(len(table)) + shift
    widths = table["half_width"].to_numpy(dtype=np.float64)
    colour, marker = COLOURS[place], MARKERS[place]
    values = table["estimate"].to_numpy(dtype=np.float64)
    return axes.errorbar(values, heights, xerr=widths, color=colour, fmt=marker, capsize=2.0)


def main_effects(data: str) -> pd.DataFrame:
    """The primary table of a data set."""
    table = pd.read_csv(TABLES / f"effects_{data}.csv")
    return table[table["measure"].eq("mIoU") & table["family"].isin(["main", "random"])]


if __name__ == "__main__":
    FIGURES.mkdir(exist_ok=True)
    with drawing():
        shown = {name: main_effects(data) for data, name in page.DATA.items()}
        write(effects_figure(shown), FIGURES / "effects.svg")
