"""What was acquired of every class, by method and round."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from numpy.typing import NDArray

from cbda.report.style import round_colours

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
    rows = acquisition[acquisition["budget"] == budget]
    methods = list(dict.fromkeys(rows["method"]))
    classes = _classes_by_frequency(rows, pool)
    num_rows = -(-len(methods) // NUM_COLUMNS)
    figure = Figure(figsize=(9.5, num_rows * (1.1 + 0.2 * len(classes)) + 0.5))
    num_columns = min(NUM_COLUMNS, len(methods))
    grid = figure.subplots(num_rows, num_columns, sharex=True, sharey=True, squeeze=False)
    for axes in grid.flat[len(methods) :]:
        axes.set_axis_off()
    for axes, method in zip(grid.flat, methods, strict=False):
        _draw_shares(axes, shares_by_round(rows, method, budget)[classes], pool)
        if method in targets:
            names = list(dict.fromkeys(rows.loc[rows["class"] != "void", "class"]))
            wanted = pd.Series(targets[method], index=names)[classes]
            axes.plot(wanted, range(len(classes)), "x", color="#D55E00", ms=5, label="target")
        axes.set_title(method)
    _label_shares(figure, grid, classes, len(methods))
    return figure


def _classes_by_frequency(rows: pd.DataFrame, pool: pd.Series | None) -> list[str]:
    """The rarest first, which an axis shows at its bottom."""
    if pool is None:
        pool = rows[rows["class"] != "void"].groupby("class", sort=False)["num_px"].sum()
    return [str(name) for name in pool.sort_values(kind="stable").index]


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
