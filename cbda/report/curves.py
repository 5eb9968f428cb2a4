"""Results against the budget: one line a method, the references as bands."""

from collections.abc import Iterator
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from cbda.report.budgets import FRACTION, BudgetUnit
from cbda.report.style import (
    GREY,
    ONE_COLUMN,
    PLAIN,
    REFERENCE_COLOURS,
    TWO_COLUMNS,
    LineStyles,
    Names,
    add_legend,
)
from cbda.results.runs import NO_BUDGET

HEIGHTS = {ONE_COLUMN: 3.8, TWO_COLUMNS: 3.8}  # by width, in inches
DODGE = 0.012  # of the axis of budgets, between the lines, so that spreads don't cover each other
MARGIN = 0.06  # of the axis of budgets, on either side
CLOSEST = 0.04  # of it, between two budgets whose labels don't cover each other
MIN_HEIGHT = 1.0  # percentage points


def _place_methods(
    axes: Axes, table: pd.DataFrame, unit: BudgetUnit
) -> Iterator[tuple[str, pd.DataFrame, "pd.Series[float]"]]:
    """The rows of each method, and their places moved apart; then draw the axis of budgets.

    The axis is logarithmic if labels would cover each other otherwise.
    """
    ticks = sorted(set(_numbers(table["budget"], unit)))
    low, high = ticks[0], ticks[-1]
    is_log = bool((np.diff(ticks) < CLOSEST * (high - low)).any())

    def shift(number: Any, share: float) -> Any:
        return number * (high / low) ** share if is_log else number + share * (high - low or low)

    groups = list(table.groupby("method", sort=False))
    for place, (method, rows) in enumerate(groups):
        share = DODGE * (place - (len(groups) - 1) / 2)
        yield str(method), rows, shift(_numbers(rows["budget"], unit), share)
    if is_log:
        axes.set_xscale("log")
        axes.minorticks_off()
    axes.set_xticks(ticks, [f"{budget:g}" for budget in ticks])
    axes.set_xlim(shift(low, -MARGIN), shift(high, MARGIN))
    axes.set_xlabel(f"budget ({unit.meaning})")


def result_figure(
    table: pd.DataFrame,
    name: str,
    title: str,
    line_styles: LineStyles,
    unit: BudgetUnit = FRACTION,
    names: Names = PLAIN,
    width: float = TWO_COLUMNS,
) -> Figure:
    """A result of `summary_table`, in percent, against the budget: `mIoU` or `worst_class_IoU`.

    A reference is a line at its mean, and a band as wide as its spread. The width, in inches, is
    one of `HEIGHTS`.
    """
    figure, axes = _axes(title, width)
    columns = table[table["budget"] == NO_BUDGET][["method", f"{name}_mean", f"{name}_std"]]
    for method, mean, spread in columns.dropna(subset=f"{name}_mean").itertuples(index=False):
        color = REFERENCE_COLOURS.get(method, GREY)
        if not np.isnan(spread):
            axes.axhspan(mean - spread, mean + spread, color=color, alpha=0.2, linewidth=0)
        linestyle = "--" if method == "full" else ":"
        axes.axhline(mean, color=color, linestyle=linestyle, label=names[method], zorder=1)
    _draw_lines(axes, table, f"{name}_mean", f"{name}_std", line_styles, unit, names)
    _widen(axes)
    return _with_legend(figure, axes)


def entropy_figure(
    table: pd.DataFrame,
    pool_entropy: float | None,
    line_styles: LineStyles,
    unit: BudgetUnit = FRACTION,
    names: Names = PLAIN,
    width: float = TWO_COLUMNS,
) -> Figure:
    """Normalised entropy of the classes of all acquired labels against the budget.

    Of a table with columns of means and spreads, `acquired_entropy` and `acquired_entropy_std`.
    """
    figure, axes = _axes("entropy of the acquired classes\n/ log C (1 = all classes alike)", width)
    if pool_entropy is not None:
        axes.axhline(pool_entropy, color=GREY, linestyle=":", label="the whole pool", zorder=1)
    columns = "acquired_entropy", "acquired_entropy_std"
    _draw_lines(axes, table, *columns, line_styles, unit, names)
    return _with_legend(figure, axes)


def difference_figure(
    differences: pd.DataFrame,
    baseline: str,
    line_styles: LineStyles,
    unit: BudgetUnit = FRACTION,
    names: Names = PLAIN,
) -> Figure:
    """The table of `seed_differences`: every seed a small mark, mean and spread beside it."""
    figure = Figure(figsize=(TWO_COLUMNS, HEIGHTS[TWO_COLUMNS]))
    panels = figure.subplots(1, 2)
    titles = {"mIoU": "mIoU", "worst_class_IoU": "IoU of the worst class"}
    for axes, (name, title) in zip(panels, titles.items(), strict=True):
        axes.axhline(0, color=GREY, linewidth=1)
        for method, rows, x in _place_methods(axes, differences, unit):
            style = line_styles[method]
            axes.plot(x, rows[name], linestyle="none", marker=style.marker, color=style.color,
                      ms=2.5, alpha=0.6)  # fmt: skip
            by_budget = rows[name].groupby(x)
            mean, spread = by_budget.mean(), by_budget.std().fillna(0.0)
            shown = {"label": names[method], "capsize": 2, **style._asdict()}
            axes.errorbar(mean.index, mean, spread, **shown)
        _widen(axes)
        axes.set_ylabel(f"{title}, difference to {names[baseline]} (points)")
    return _with_legend(figure, panels[0])


def _axes(title: str, width: float) -> tuple[Figure, Axes]:
    figure = Figure(figsize=(width, HEIGHTS[width]))
    axes = figure.subplots()
    axes.set_ylabel(title)
    return figure, axes


def _draw_lines(
    axes: Axes,
    table: pd.DataFrame,
    mean: str,
    spread: str,
    line_styles: LineStyles,
    unit: BudgetUnit,
    names: Names,
) -> None:
    acquired = table[table["budget"] != NO_BUDGET]
    acquired = acquired.sort_values("budget", key=lambda b: b.astype(float), kind="stable")
    for method, rows, x in _place_methods(axes, acquired, unit):
        style = line_styles[method]._asdict()
        error = None if rows[spread].isna().all() else rows[spread].fillna(0.0)
        x = _numbers(rows["budget"], unit) if error is None else x
        axes.errorbar(x, rows[mean], error, label=names[method], capsize=2, **style)


def _numbers(budgets: pd.Series, unit: BudgetUnit) -> pd.Series:
    return unit.scale * budgets.astype(float)


def _widen(axes: Axes) -> None:
    """At least one point of height, so that noise doesn't style like a mountain range."""
    low, high = axes.get_ylim()
    lacking = max(MIN_HEIGHT - (high - low), 0.0)
    axes.set_ylim(low - lacking / 2, high + lacking / 2)


def _with_legend(figure: Figure, axes: Axes) -> Figure:
    add_legend(figure, *axes.get_legend_handles_labels())
    return figure
