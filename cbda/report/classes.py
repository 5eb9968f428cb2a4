"""What was acquired of every class, by method and round, and what it gained over the baseline."""

from collections.abc import Mapping
from itertools import pairwise
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from numpy.typing import NDArray

from cbda.report.budgets import FRACTION, BudgetUnit
from cbda.report.style import GREY, round_colours
from cbda.results.pairs import differences_to

Targets = Mapping[str, NDArray[np.float64]]
NUM_COLUMNS = 3


def shares_by_round(acquisition: pd.DataFrame, method: str, budget: str) -> pd.DataFrame:
    """Shares in percent of the classes (columns) in the labels of a round (row), without void."""
    arm = acquisition[(acquisition["method"] == method) & (acquisition["budget"] == budget)]
    known = arm[arm["class"] != "void"]
    counts = known.pivot_table("num_px", "round", "class", aggfunc="sum", sort=False)
    return 100 * counts.div(counts.sum(axis=1).clip(lower=1), axis=0)


def shares_figure(
    acquisition: pd.DataFrame, budget: str, pool: pd.Series | None, targets: Targets
) -> Figure:
    """Class shares of the `acquisition_table`: a panel per method, a dot per round.

    Those of the pool, None if not counted, and those that balances aim at are in percent.
    """
    rows = acquisition[(acquisition["budget"] == budget) & (acquisition["class"] != "void")]
    methods = list(dict.fromkeys(rows["method"]))
    known = rows.groupby("class", sort=False)["num_px"].sum() if pool is None else pool
    classes = list(known.sort_values(kind="stable").index)  # the rarest first, at the bottom
    num_rows = -(-len(methods) // NUM_COLUMNS)
    figure = Figure(figsize=(9.5, num_rows * (1.1 + 0.2 * len(classes)) + 0.5))
    num_columns = min(NUM_COLUMNS, len(methods))
    grid = figure.subplots(num_rows, num_columns, sharex=True, sharey=True, squeeze=False)
    for axes in grid.flat[len(methods) :]:
        axes.set_axis_off()
    for axes, method in zip(grid.flat, methods, strict=False):
        _draw_shares(axes, shares_by_round(rows, method, budget)[classes], pool)
        if method in targets:
            wanted = pd.Series(targets[method], index=rows["class"].unique())[classes]
            axes.plot(wanted, range(len(classes)), "x", color="#D55E00", ms=5, label="target")
        axes.set_title(method)
    _label_shares(figure, grid, classes, len(methods))
    return figure


def _draw_shares(axes: Axes, shares: pd.DataFrame, pool: pd.Series | None) -> None:
    positions = range(shares.shape[1])
    if pool is not None:
        axes.barh(positions, pool[list(shares.columns)], color="#DDDDDD", label="the whole pool")
    colours = round_colours(len(shares))
    for colour, (number, row) in zip(colours, shares.iterrows(), strict=True):
        axes.plot(row, positions, "o", color=colour, ms=5, mec="white", mew=0.4,
                  label=f"round {number}")  # fmt: skip


def _label_shares(
    figure: Figure, grid: NDArray[np.object_], classes: list[str], num_methods: int
) -> None:
    panels: list[Any] = list(grid.flat)[:num_methods]
    # A square root, so that rare classes get room; margins may lie below 0.
    root = (lambda x: np.sign(x) * np.sqrt(np.abs(x)), np.square)
    panels[0].set_xscale("function", functions=root)
    highest = max(axes.get_xlim()[1] for axes in panels)
    ticks = [tick for tick in (0, 1, 5, 10, 20, 40, 60, 80, 100) if tick <= highest]
    panels[0].set_xticks(ticks, [str(tick) for tick in ticks])
    panels[0].set_xlim(0, highest)
    panels[0].set_yticks(range(len(classes)), classes)
    for axes in panels[-grid.shape[1] :]:
        axes.set_xlabel("share of the labels (%)")
        axes.tick_params(labelbottom=True)
    entries = (axes.get_legend_handles_labels() for axes in panels)
    handles = {n: handle for entry in entries for handle, n in zip(*entry, strict=True)}
    figure.legend(list(handles.values()), list(handles), loc="outside upper center", ncols=6)


def class_differences(class_iou: pd.DataFrame, baseline: str) -> pd.DataFrame:
    """IoU differences of `class_table` to the baseline in points, paired by seed, mean over seeds.

    One row per budget and method, one column per class; the baseline itself is left out.
    """
    values = class_iou.set_index(["method", "budget", "class", "seed"])["IoU"].unstack("seed")
    means = differences_to(values, baseline).mean(axis=1).unstack("class").dropna(how="all")
    others = class_iou[class_iou["method"] != baseline]
    order = pd.MultiIndex.from_frame(others[["method", "budget"]].drop_duplicates())
    rows = order[order.isin(means.index)]
    return means.reindex(index=rows, columns=class_iou["class"].unique()).swaplevel()


def heat_map_figure(
    differences: pd.DataFrame, baseline: str, unit: BudgetUnit = FRACTION
) -> Figure:
    """Heat map of `class_differences`, numbers written in."""
    values = differences.to_numpy(dtype=float)
    limit = max(float(np.nanmax(np.abs(values), initial=0.0)), 1.0)
    num_rows, num_columns = values.shape
    figure = Figure(figsize=(2.6 + 0.62 * num_columns, 1.6 + 0.3 * num_rows))
    axes = figure.subplots()
    axes.grid(visible=False)
    image = axes.imshow(values, "RdBu", vmin=-limit, vmax=limit, aspect="auto")
    for (row, column), value in np.ndenumerate(values):
        shown = "" if np.isnan(value) else f"{value:+.1f}"
        colour = "white" if abs(value) > 0.6 * limit else "black"
        axes.text(column, row, shown, ha="center", va="center", color=colour, fontsize=8)
    axes.set_xticks(range(num_columns), differences.columns, rotation=40, ha="right")
    labels = [f"{method}, {unit.phrase(budget)}" for budget, method in differences.index]
    axes.set_yticks(range(num_rows), labels)
    for row, (one, other) in enumerate(pairwise(differences.index)):
        if one[0] != other[0]:  # another budget
            axes.axhline(row + 0.5, color=GREY, linewidth=1.5)
    bar = figure.colorbar(image, ax=axes, fraction=0.04, pad=0.02)
    bar.set_label(f"IoU, difference to {baseline} (points)")
    return figure
