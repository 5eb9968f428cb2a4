"""Results against the budget: one line a method, the references as bands."""

from collections.abc import Mapping

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from cbda.report.style import GREY, REFERENCE_COLOURS, Look

SIZE = (7.0, 4.2)  # inches
DODGE = 0.012  # of the range of budgets, between the lines, so that spreads don't cover each other
MIN_HEIGHT = 1.0  # percentage points


def result_figure(table: pd.DataFrame, name: str, title: str, looks: Mapping[str, Look]) -> Figure:
    """A result of the main table against the budget, in percent.

    Args:
        table: the main table of `cbda.tabulate.summary_table`.
        name: `mIoU` or `worst_class_IoU`.
        title: label of the y axis.
        looks: of every method.
    """
    figure, axes = _axes(title)
    references = table[table["budget"] == "-"]
    columns = (references["method"], references[f"{name}_mean"], references[f"{name}_std"])
    for method, mean, spread in zip(*columns, strict=True):
        _draw_band(axes, method, mean, spread)
    _draw_lines(axes, table, f"{name}_mean", f"{name}_std", looks)
    _widen(axes)
    return _finish(figure, axes)


def entropy_figure(
    table: pd.DataFrame, pool_entropy: float | None, looks: Mapping[str, Look]
) -> Figure:
    """Normalised entropy of the classes of all acquired labels against the budget."""
    figure, axes = _axes("entropy of the acquired classes / log C\n(1 = all classes alike)")
    if pool_entropy is not None:
        axes.axhline(pool_entropy, color=GREY, linestyle=":", label="the whole pool", zorder=1)
    _draw_lines(axes, table, "acquired_entropy", None, looks)
    return _finish(figure, axes)


def difference_figure(
    differences: pd.DataFrame, baseline: str, looks: Mapping[str, Look]
) -> Figure:
    """Differences to the baseline: every seed a small mark, mean and spread beside it.

    Args:
        differences: method, budget, seed, mIoU, worst_class_IoU, in percentage points.
        baseline: what was subtracted.
        looks: of every method.
    """
    figure = Figure(figsize=(9.0, 4.2))
    panels = figure.subplots(1, 2)
    titles = {"mIoU": "mIoU", "worst_class_IoU": "IoU of the worst class"}
    for axes, (name, title) in zip(panels, titles.items(), strict=True):
        axes.axhline(0, color=GREY, linewidth=1)
        _draw_differences(axes, differences, name, looks)
        _label_budgets(axes, sorted({100 * float(budget) for budget in differences["budget"]}))
        _widen(axes)
        axes.set_ylabel(f"{title}, difference to {baseline} (points)")
    handles, names = panels[0].get_legend_handles_labels()
    figure.legend(handles, names, loc="outside right upper")
    return figure


def _draw_differences(
    axes: Axes, differences: pd.DataFrame, name: str, looks: Mapping[str, Look]
) -> None:
    budgets = sorted({100 * float(budget) for budget in differences["budget"]})
    groups = list(differences.groupby("method", sort=False))
    for place, (method, rows) in enumerate(groups):
        look = looks[str(method)]
        shift = _dodge(place, len(groups), budgets)
        x = 100 * rows["budget"].astype(float) + shift
        axes.plot(x, rows[name], linestyle="none", marker=look.marker, color=look.color, ms=3.5,
                  alpha=0.6)  # fmt: skip
        by_budget = rows.groupby(100 * rows["budget"].astype(float))[name]
        mean, spread = by_budget.mean(), by_budget.std().fillna(0.0)
        axes.errorbar(mean.index + shift, mean, spread, label=str(method), capsize=3,
                      **look._asdict())  # fmt: skip


def _axes(title: str) -> tuple[Figure, Axes]:
    figure = Figure(figsize=SIZE)
    axes = figure.subplots()
    axes.set_ylabel(title)
    return figure, axes


def _draw_lines(
    axes: Axes, table: pd.DataFrame, mean: str, spread: str | None, looks: Mapping[str, Look]
) -> None:
    acquired = table[table["budget"] != "-"]
    budgets = sorted({100 * float(budget) for budget in acquired["budget"]})
    groups = list(acquired.groupby("method", sort=False))
    for place, (method, rows) in enumerate(groups):
        x = 100 * rows["budget"].astype(float)
        error = None if spread is None or rows[spread].isna().all() else rows[spread].fillna(0.0)
        x = x if error is None else x + _dodge(place, len(groups), budgets)
        axes.errorbar(x, rows[mean], error, label=str(method), capsize=3,
                      **looks[str(method)]._asdict())  # fmt: skip
    _label_budgets(axes, budgets)


def _draw_band(axes: Axes, method: str, mean: float, spread: float) -> None:
    """A reference: a line at its mean, and a band as wide as its spread."""
    if np.isnan(mean):
        return
    color = REFERENCE_COLOURS.get(method, GREY)
    if not np.isnan(spread):
        axes.axhspan(mean - spread, mean + spread, color=color, alpha=0.2, linewidth=0)
    linestyle = "--" if method == "full" else ":"
    axes.axhline(mean, color=color, linestyle=linestyle, label=method, zorder=1)


def _dodge(place: int, number: int, budgets: list[float]) -> float:
    extent = (budgets[-1] - budgets[0]) or budgets[0]
    return DODGE * extent * (place - (number - 1) / 2)


def _label_budgets(axes: Axes, budgets: list[float]) -> None:
    axes.set_xticks(budgets, [f"{budget:g}" for budget in budgets])
    margin = 0.06 * ((budgets[-1] - budgets[0]) or 1)
    axes.set_xlim(budgets[0] - margin, budgets[-1] + margin)
    axes.set_xlabel("budget (% of the pool's pixels)")


def _widen(axes: Axes) -> None:
    """At least one point of height, so that noise doesn't look like a mountain range."""
    low, high = axes.get_ylim()
    lacking = max(MIN_HEIGHT - (high - low), 0.0)
    axes.set_ylim(low - lacking / 2, high + lacking / 2)


def _finish(figure: Figure, axes: Axes) -> Figure:
    handles, names = axes.get_legend_handles_labels()
    figure.legend(handles, names, loc="outside right upper")
    return figure
