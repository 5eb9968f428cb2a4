"""Draws the figures of docs/evidence.md from the CSV files in tables/.

python -m evidence.figures
"""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import matplotlib
import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.container import ErrorbarContainer
from matplotlib.figure import Figure

from cbda.report.style import (
    COLOURS,
    GREY,
    MARKERS,
    TWO_COLUMNS,
    add_legend,
    drawing,
    method_line_styles,
    write,
)
from evidence import confirmation, parts, reach
from evidence.cells import in_words
from evidence.confirmation import Confirmed
from evidence.lines import dodged, draw_budget_axis, draw_line
from evidence.values import DATA, at, budgets_of, kept, paired, seeds_of

FOLDER = Path(__file__).with_name("figures")
ROW = 0.28  # inches
DODGE = 0.18  # of a row, between the data sets
SPREAD = 0.3  # of a row, over which the seeds of a test are spread
PANEL = 2.3  # inches, the height of a panel
EXACT = "_exact"
ZERO: dict[str, Any] = {"color": GREY, "linewidth": 0.8, "zorder": 1}
SETTINGS: dict[Any, Any] = {
    "svg.fonttype": "none"
}  # text as text, which readers can find and select


def main_effects() -> dict[str, pd.DataFrame]:
    """The primary table of every data set."""
    return {
        shown: table[table["measure"].eq("mIoU") & table["family"].isin(["main", "random"])]
        for shown, table in parts.read_effects().items()
    }


def effects_figure(tables: dict[str, pd.DataFrame]) -> Figure:
    """Main effects and differences of scores on each data set, with their intervals."""
    figure = Figure(figsize=(TWO_COLUMNS, 1.0 + ROW * len(next(iter(tables.values())))))
    axes = figure.add_subplot()
    drawn = [
        _draw_effects(axes, table, place, (place - (len(tables) - 1) / 2) * 2 * DODGE)
        for place, table in enumerate(tables.values())
    ]
    names = [in_words(effect) for effect in next(iter(tables.values()))["effect"]]
    axes.set_yticks(range(len(names)), names)
    axes.invert_yaxis()
    axes.axvline(0, **ZERO)
    axes.set_xlabel("points of mIoU at 0.2 %, with 95 % intervals")
    add_legend(figure, drawn, tables)
    return figure


def _draw_effects(axes: Axes, table: pd.DataFrame, place: int, shift: float) -> ErrorbarContainer:
    """The effects of one data set."""
    heights = np.arange(len(table)) + shift
    widths = table["half_width"].to_numpy(dtype=np.float64)
    colour, marker = COLOURS[place], MARKERS[place]
    values = table["estimate"].to_numpy(dtype=np.float64)
    return axes.errorbar(values, heights, xerr=widths, color=colour, fmt=marker, capsize=2.0)


def budget_differences() -> dict[str, pd.DataFrame]:
    """By data set, a row for every score with and without noise, unit and budget."""
    tables = {}
    for name, shown in kept({f"budgets_{data}": shown for data, shown in DATA.items()}).items():
        values = seeds_of(name)
        tests = {
            (label, 100 * float(budget)): paired(at(values, budget), pair)
            for label, pair in parts.of_same_unit().items()
            for budget in budgets_of(values)
        }
        index = pd.MultiIndex.from_tuples(tests, names=["label", "budget"])
        found = [(test.diff_mean, test.detectable_diff) for test in tests.values()]
        tables[shown] = pd.DataFrame(found, index, ["middle", "width"])
    return tables


def budgets_figure(tables: dict[str, pd.DataFrame]) -> Figure:
    """Differences to random of the same unit by budget: a row of panels a unit, a column a set."""
    figure = Figure(figsize=(TWO_COLUMNS, 2 * PANEL + 0.6))
    panels = figure.subplots(2, len(tables), sharex=True, sharey="row", squeeze=False)
    drawn: dict[str, ErrorbarContainer] = {}
    for row, unit in zip(panels, parts.UNITS.values(), strict=True):
        for axes, (shown, table) in zip(row, tables.items(), strict=True):
            drawn |= _draw_budgets(axes, table, unit)
            axes.set_title(f"{unit}, {shown}")
        row[0].set_ylabel(f"mIoU minus random {unit}")
    for axes in panels[-1]:
        axes.set_xlabel("budget in % of the pool's pixels")
    add_legend(figure, drawn.values(), drawn)
    return figure


def _draw_budgets(axes: Axes, table: pd.DataFrame, unit: str) -> dict[str, ErrorbarContainer]:
    """The lines of a unit, by score and noise."""
    axes.axhline(0, **ZERO)
    names = [str(name) for name in table.index.unique("label") if f", {unit}" in str(name)]
    budgets = [float(value) for value in table.index.unique("budget")]
    drawn = {}
    for number, (name, x) in enumerate(zip(names, dodged(budgets, len(names)), strict=True)):
        place, is_noisy = divmod(number, len(parts.NOISES))
        label = name.replace(f", {unit}", "")
        drawn[label] = draw_line(axes, x, table.loc[[name]], place, bool(is_noisy))
    draw_budget_axis(axes, budgets)
    return drawn


def confirmation_figure(tests: Sequence[Confirmed]) -> Figure:
    """Every seed's difference as a point, mean and interval beside them."""
    figure = Figure(figsize=(TWO_COLUMNS, 1.0 + 2 * ROW * len(tests)))
    axes = figure.add_subplot()
    axes.axvline(0, **ZERO)
    sets = list(dict.fromkeys(found.shown for found in tests))
    for height, found in enumerate(tests):
        place, num = sets.index(found.shown), len(found.values)
        heights = height + SPREAD * (np.arange(num) / max(num - 1, 1) - 0.5) + SPREAD / 2
        style: dict[str, Any] = {"color": COLOURS[place], "marker": MARKERS[place]}
        axes.plot(found.values, heights, linestyle="none", ms=2.5, alpha=0.6, **style)
        width = found.test.detectable_diff
        axes.errorbar(found.test.diff_mean, height - SPREAD / 2, xerr=width, capsize=3.0, **style)
    names = [f"{a}\nminus {b}\n{shown}" for (a, b), shown, *_ in tests]
    axes.set_yticks(range(len(tests)), names)
    axes.invert_yaxis()
    axes.set_xlabel("points of mIoU at 0.2 %: mean with its 95 % interval, and below it every seed")
    return figure


def large_values() -> dict[str, pd.DataFrame]:
    """Question 3's measures, by what they are called."""
    return {title: seeds_of("large", measured) for measured, (title, _) in reach.MEASURES.items()}


def large_figure(measures: dict[str, pd.DataFrame]) -> Figure:
    """Balance and pure windows by budget, mIoU and the lowest IoU below."""
    figure = Figure(figsize=(TWO_COLUMNS, 2 * PANEL + 0.8))
    panels = figure.subplots(2, 2, sharex=True)
    drawn: dict[str, ErrorbarContainer] = {}
    for axes, (title, values) in zip(panels.flat, measures.items(), strict=True):
        drawn |= _draw_methods(axes, values)
        axes.set_title(title)
    for axes in panels[-1]:
        axes.set_xlabel("budget in % of the pool's pixels")
    add_legend(figure, drawn.values(), drawn)
    return figure


def _draw_methods(axes: Axes, values: pd.DataFrame) -> dict[str, ErrorbarContainer]:
    """A line a method, mean and standard deviation over seeds; dashed for an exact score."""
    budgets = budgets_of(values)
    numbers = [100 * float(budget) for budget in budgets]
    table = pd.DataFrame({"middle": values.mean(axis=1), "width": values.std(axis=1)})
    names = [str(name) for name in at(values, budgets[0]).index]
    colours = [name for name in names if not name.endswith(EXACT)]
    drawn = {}
    for name, x in zip(names, dodged(numbers, len(names)), strict=True):
        rows = [(name, budget) for budget in budgets]
        place, is_exact = colours.index(name.removesuffix(EXACT)), name.endswith(EXACT)
        drawn[name] = draw_line(axes, x, table.loc[rows], place, is_exact)
    draw_budget_axis(axes, numbers)
    return drawn


def ranks_figure(variants: dict[str, pd.DataFrame]) -> Figure:
    """The rank of every method under every training, the highest mean on top."""
    means = pd.DataFrame({name: values.mean(axis=1) for name, values in variants.items()})
    ranks = means.rank(ascending=False)
    figure = Figure(figsize=(TWO_COLUMNS, PANEL + 0.9))
    axes = figure.add_subplot()
    for name, style in method_line_styles(list(ranks.index)).items():
        places = ranks.loc[name].to_numpy(dtype=np.float64)
        axes.plot(range(len(places)), places, label=name, **style._asdict())
        axes.annotate(
            name, (len(places) - 1, places[-1]), xytext=(8, 0), textcoords="offset points",
            va="center",
        )  # fmt: skip
    axes.set_xticks(range(len(ranks.columns)), [str(name).replace(" ", "\n") for name in ranks])
    axes.set_yticks(range(1, len(ranks) + 1))
    axes.invert_yaxis()
    axes.set_ylabel("rank by mean mIoU")
    return figure


class Drawing(NamedTuple):
    """A figure: its values, FileNotFoundError if they are not there, and how they are drawn."""

    read: Callable[[], Any]
    draw: Callable[[Any], Figure]


FIGURES = {
    "effects": Drawing(main_effects, effects_figure),
    "budgets": Drawing(budget_differences, budgets_figure),
    "confirmation": Drawing(confirmation.confirmed, confirmation_figure),
    "large": Drawing(large_values, large_figure),
    "ranks": Drawing(reach.variants, ranks_figure),
}


def draw_figure(name: str, path: Path) -> None:
    """Write a figure."""
    values = FIGURES[name].read()
    with drawing():
        matplotlib.rcParams.update(SETTINGS)
        write(FIGURES[name].draw(values), path)


def main() -> None:
    """All whose values are there."""
    FOLDER.mkdir(exist_ok=True)
    for name in FIGURES:
        try:
            draw_figure(name, FOLDER / f"{name}.svg")
        except FileNotFoundError as error:
            print(f"{name} is not drawn: {error}")


if __name__ == "__main__":
    main()
