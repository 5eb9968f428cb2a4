"""Learning curves, who beats whom, and how stable the ranks of the methods are."""

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, LogLocator, MaxNLocator

from cbda.report.budgets import FRACTION, BudgetUnit
from cbda.report.style import (
    GREY,
    PLAIN,
    REFERENCE_COLOURS,
    TWO_COLUMNS,
    LineStyles,
    Names,
    add_legend,
)
from cbda.results.curves import ACROSS_BUDGETS, find_curves

AXIS_TITLES = {
    "pixels": "labelled pixels (% of the pool)",
    "queries": "queries",
    "clicks": "clicks",
}
PANEL_HEIGHT, LEGEND_HEIGHT = 2.6, 0.7  # inches
NUM_COLUMNS = 2
References = dict[str, tuple[float, float]]  # mean and spread of the mIoU in percent, by name


def learning_figure(
    curve: pd.DataFrame,
    references: References,
    axis: str,
    scale: str,
    line_styles: LineStyles,
    unit: BudgetUnit = FRACTION,
    names: Names = PLAIN,
) -> Figure | None:
    """The curves of a `learning_curve`, one panel per budget whose rounds were evaluated.

    A last panel goes through the last rounds at all budgets. Means over seeds, and bands as wide
    as their standard deviation; lines across are references. None if no run has two points.
    """
    curves = find_curves(curve.assign(labelled_fraction=100 * curve["labelled_fraction"]), axis)
    budgets = sorted({budget for _, budget, _ in curves}, key=_order)
    if not budgets:
        return None
    num_columns = min(len(budgets), NUM_COLUMNS)
    num_rows = -(-len(budgets) // num_columns)
    figure = Figure(figsize=(TWO_COLUMNS, PANEL_HEIGHT * num_rows + LEGEND_HEIGHT))
    panels = figure.subplots(num_rows, num_columns, sharey=True, squeeze=False).flat
    for axes in panels[len(budgets) :]:
        axes.remove()
    for axes, budget in zip(panels, budgets, strict=False):
        points = [
            pd.DataFrame({"method": m, "seed": s, "x": c.labels, "y": c.miou}).reset_index()
            for (m, b, s), c in curves.items()
            if b == budget
        ]
        _draw_references(axes, references, names)
        _draw_curves(axes, pd.concat(points), line_styles, names)
        axes.set_title(_title(budget, unit))
        axes.set_xlabel(AXIS_TITLES[axis])
        if scale == "log":
            _use_logarithms(axes)
    for axes in panels[::num_columns]:
        axes.set_ylabel("mIoU (%)")
    add_legend(figure, *panels[0].get_legend_handles_labels())
    return figure


def _use_logarithms(axes: Axes) -> None:
    """A logarithmic axis of labels, with ticks that are plain numbers."""
    axes.set_xscale("log")
    axes.xaxis.set_major_locator(LogLocator(subs=(1, 2, 5)))
    axes.xaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
    axes.minorticks_off()


def _order(budget: str) -> float:
    return np.inf if budget == ACROSS_BUDGETS else float(budget)


def _title(budget: str, unit: BudgetUnit) -> str:
    if budget == ACROSS_BUDGETS:
        return "from budget to budget, last rounds"
    return f"from round to round, budget {unit.phrase(budget)}"


def _draw_references(axes: Axes, references: References, names: Names) -> None:
    for name, (mean, spread) in references.items():
        style = "--" if name == "full" else ":"
        color = REFERENCE_COLOURS.get(name, GREY)
        axes.axhline(mean, color=color, linestyle=style, label=names[name], zorder=1)
        if not np.isnan(spread):
            axes.axhspan(mean - spread, mean + spread, color=color, alpha=0.2, linewidth=0)


def _draw_curves(axes: Axes, points: pd.DataFrame, line_styles: LineStyles, names: Names) -> None:
    """A line per method through the means of the points of each number, with bands."""
    for method, rows in points.groupby("method", sort=False):
        groups = rows.groupby("index")
        place, mean = groups["x"].mean(), groups["y"].mean()
        spread = groups["y"].std().fillna(0.0)
        style = line_styles[str(method)]
        axes.plot(place, mean, label=names[str(method)], **style._asdict())
        low, high = mean - spread, mean + spread
        axes.fill_between(place, low, high, color=style.color, alpha=0.15, linewidth=0)


def penalty_figure(matrix: pd.DataFrame, names: Names = PLAIN) -> Figure:
    """Heat map of a `penalty_matrix`, numbers written in; the last row holds the penalties."""
    shares = matrix.to_numpy(dtype=float)
    num_rows, num_columns = shares.shape
    cell = float(np.clip((TWO_COLUMNS - 2.4) / num_columns, 0.3, 0.7))
    figure = Figure(figsize=(2.4 + cell * num_columns, 1.3 + 0.26 * num_rows))
    axes = figure.subplots()
    axes.grid(visible=False)
    image = axes.imshow(shares, "Blues", vmin=0, vmax=1, aspect="auto")
    for (row, column), share in np.ndenumerate(shares):
        colour = "white" if share > 0.6 else "black"
        shown = "" if np.isnan(share) else f"{share:.2f}"
        axes.text(column, row, shown, ha="center", va="center", color=colour, fontsize=7)
    axes.axhline(num_rows - 1.5, color=GREY, linewidth=1.5)
    columns, rows = ([names[name] for name in of] for of in (matrix.columns, matrix.index))
    axes.set_xticks(range(num_columns), columns, rotation=40, ha="right")
    axes.set_yticks(range(num_rows), rows)
    axes.set_xlabel("is beaten")
    axes.set_ylabel("beats")
    bar = figure.colorbar(image, ax=axes, fraction=0.04, pad=0.02)
    bar.set_label("share of the budgets")
    return figure


def rank_figure(
    ranks: pd.DataFrame,
    line_styles: LineStyles,
    unit: BudgetUnit = FRACTION,
    names: Names = PLAIN,
) -> Figure:
    """The ranks of a `rank_table`, a panel per budget: a mark, and a bar for its stability."""
    budgets = list(dict.fromkeys(ranks["budget"]))
    methods = list(line_styles)
    width = max(min(1.6 + 2.0 * len(budgets), TWO_COLUMNS), 1.6 + 0.9 * len(budgets))
    figure = Figure(figsize=(width, 0.9 + 0.22 * len(methods)))
    num_panels = max(len(budgets), 1)  # an empty one if all budgets are saturated
    panels = figure.subplots(1, num_panels, sharex=True, sharey=True, squeeze=False)[0]
    for axes, budget in zip(panels, budgets, strict=False):
        for row in ranks[ranks["budget"] == budget].dropna(subset="rank").itertuples():
            place, style = methods.index(row.method), line_styles[str(row.method)]
            axes.plot([row.rank_low, row.rank_high], [place] * 2, color=style.color, alpha=0.5)
            axes.plot(row.rank, place, style.marker, color=style.color)
        is_mean = not str(budget)[0].isdigit()
        axes.set_title("mean" if is_mean else unit.phrase(str(budget)))
        axes.set_xlabel("rank")
    panels[0].set_yticks(range(len(methods)), [names[method] for method in methods])
    panels[0].set_ylim(len(methods) - 0.5, -0.5)
    panels[0].xaxis.set_major_locator(MaxNLocator(8, integer=True))
    panels[0].set_xlim(0.7, len(methods) + 0.3)
    return figure
