"""What was acquired of every class, by method and round, and what it gained over the baseline."""

from collections.abc import Mapping
from itertools import pairwise
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from numpy.typing import NDArray

from cbda.report.budgets import FRACTION, BudgetUnit
from cbda.report.style import GREY, PLAIN, TWO_COLUMNS, Names, add_legend, round_colours
from cbda.results.pairs import differences_to

Targets = Mapping[str, NDArray[np.float64]]
NUM_COLUMNS = 3
LABEL_WIDTH, NARROWEST, WIDEST = 2.0, 0.28, 0.62  # inches, of the heat map's rows and columns
STRONG = 95  # percentile of the differences from which on colours grow no stronger


def shares_by_round(acquisition: pd.DataFrame, method: str, budget: str) -> pd.DataFrame:
    """Shares in percent of the classes (columns) in the labels of a round (row), without void."""
    arm = acquisition[(acquisition["method"] == method) & (acquisition["budget"] == budget)]
    known = arm[arm["class"] != "void"]
    counts = known.pivot_table("num_px", "round", "class", aggfunc="sum", sort=False)
    return 100 * counts.div(counts.sum(axis=1).clip(lower=1), axis=0)


def spread_by_round(acquisition: pd.DataFrame, method: str, budget: str) -> list[pd.DataFrame]:
    """The lowest and the highest of such shares among the seeds."""
    seeds = acquisition.groupby("seed", sort=False)
    shares = pd.concat([shares_by_round(rows, method, budget) for _, rows in seeds])
    by_round = shares.groupby(level="round")
    return [by_round.min(), by_round.max()]


def shares_figure(
    acquisition: pd.DataFrame,
    budget: str,
    pool: pd.Series | None,
    targets: Targets,
    names: Names = PLAIN,
) -> Figure:
    """Class shares of the `acquisition_table`: a panel per method, a dot per round.

    A line from the lowest to the highest of the seeds. Those of the pool, None if not counted, and
    those that balances aim at are in percent.
    """
    rows = acquisition[(acquisition["budget"] == budget) & (acquisition["class"] != "void")]
    methods = list(dict.fromkeys(rows["method"]))
    known = rows.groupby("class", sort=False)["num_px"].sum() if pool is None else pool
    classes = list(known.sort_values(kind="stable").index)  # the rarest first, at the bottom
    num_rows = -(-len(methods) // NUM_COLUMNS)
    figure = Figure(figsize=(TWO_COLUMNS, num_rows * (0.7 + 0.13 * len(classes)) + 0.6))
    num_columns = min(NUM_COLUMNS, len(methods))
    grid = figure.subplots(num_rows, num_columns, sharex=True, sharey=True, squeeze=False)
    for axes in grid.flat[len(methods) :]:
        axes.set_axis_off()
    for axes, method in zip(grid.flat, methods, strict=False):
        spread = [of[classes] for of in spread_by_round(rows, method, budget)]
        _draw_shares(axes, shares_by_round(rows, method, budget)[classes], spread, pool)
        if method in targets:
            wanted = pd.Series(targets[method], index=rows["class"].unique())[classes]
            axes.plot(wanted, range(len(classes)), "x", color="#D55E00", ms=4, label="target")
        axes.set_title(names[method])
    _label_shares(figure, grid, classes, len(methods))
    return figure


def _draw_shares(
    axes: Axes, shares: pd.DataFrame, spread: list[pd.DataFrame], pool: pd.Series | None
) -> None:
    positions = range(shares.shape[1])
    if pool is not None:
        axes.barh(positions, pool[list(shares.columns)], color="#DDDDDD", label="the whole pool")
    colours = round_colours(len(shares))
    for colour, (number, row) in zip(colours, shares.iterrows(), strict=True):
        low, high = (of.loc[[number]].iloc[0] for of in spread)
        axes.hlines(positions, low, high, color=colour, linewidth=0.8)
        axes.plot(row, positions, "o", color=colour, ms=4, mec="white", mew=0.4,
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
    add_legend(figure, handles.values(), handles)


class ClassDifferences(NamedTuple):
    """Mean and standard deviation over seeds; a row per budget and method, a column per class."""

    means: pd.DataFrame
    spreads: pd.DataFrame


def class_differences(class_iou: pd.DataFrame, baseline: str) -> ClassDifferences:
    """IoU differences of `class_table` to the baseline in points, paired by seed.

    The baseline itself is left out.
    """
    values = class_iou.set_index(["method", "budget", "class", "seed"])["IoU"].unstack("seed")
    differences = differences_to(values, baseline)
    means = differences.mean(axis=1).unstack("class").dropna(how="all")
    others = class_iou[class_iou["method"] != baseline]
    order = pd.MultiIndex.from_frame(others[["method", "budget"]].drop_duplicates())
    rows, columns = order[order.isin(means.index)], class_iou["class"].unique()
    both = (means, differences.std(axis=1).unstack("class"))
    return ClassDifferences(*(of.reindex(index=rows, columns=columns).swaplevel() for of in both))


def colour_limit(differences: pd.DataFrame) -> float:
    """The difference, in points, from which on the colours of the heat map grow no stronger."""
    found = np.abs(differences.to_numpy(dtype=float))
    known = found[~np.isnan(found)]
    return max(float(np.percentile(known, STRONG)) if len(known) else 0.0, 1.0)


def heat_map_figure(
    differences: ClassDifferences,
    baseline: str,
    unit: BudgetUnit = FRACTION,
    names: Names = PLAIN,
) -> Figure:
    """Heat map of `class_differences`, numbers written in with their spread below."""
    means, limit = differences.means, colour_limit(differences.means)
    num_rows, num_columns = means.shape
    cell = float(np.clip((TWO_COLUMNS - LABEL_WIDTH) / num_columns, NARROWEST, WIDEST))
    figure = Figure(figsize=(LABEL_WIDTH + cell * num_columns, max(1.2 + 0.3 * num_rows, 2.6)))
    axes = figure.subplots()
    axes.grid(visible=False)
    values = means.to_numpy(dtype=float)
    image = axes.imshow(values, "RdBu", vmin=-limit, vmax=limit, aspect="auto")
    _write_numbers(axes, values, differences.spreads.to_numpy(dtype=float), limit)
    axes.set_xticks(range(num_columns), means.columns, rotation=40, ha="right")
    labels = [f"{names[method]}, {unit.phrase(budget)}" for budget, method in means.index]
    axes.set_yticks(range(num_rows), labels)
    for row, (one, other) in enumerate(pairwise(means.index)):
        if one[0] != other[0]:  # another budget
            axes.axhline(row + 0.5, color=GREY, linewidth=1.5)
    ends: Any = "both" if (np.abs(values) > limit).any() else "neither"
    bar = figure.colorbar(image, ax=axes, fraction=0.04, pad=0.02, extend=ends)
    bar.set_label(f"IoU, difference to {names[baseline]} (points)")
    return figure


def _write_numbers(
    axes: Axes,
    values: NDArray[np.float64],
    spreads: NDArray[np.float64],
    limit: float,
) -> None:
    """Means, and spreads below them, in the cells of a heat map."""
    for (row, column), value in np.ndenumerate(values):
        spread = spreads[row, column]
        colour = "white" if abs(value) > 0.6 * limit else "black"
        place: dict[str, Any] = {"ha": "center", "color": colour}
        if np.isnan(value):
            continue
        if np.isnan(spread):
            axes.text(column, row, f"{value:+.1f}", va="center", fontsize=6, **place)
        else:
            axes.text(column, row, f"{value:+.1f}", va="bottom", fontsize=6, **place)
            axes.text(column, row + 0.05, f"±{spread:.1f}", va="top", fontsize=5, **place)
