"""What every class gained over the baseline."""

from itertools import pairwise

import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from cbda.report.style import GREY
from cbda.results.pairs import differences_to


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


def heat_map_figure(differences: pd.DataFrame, baseline: str) -> Figure:
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
    labels = [f"{method}, {100 * float(budget):g} %" for budget, method in differences.index]
    axes.set_yticks(range(num_rows), labels)
    for row, (one, other) in enumerate(pairwise(differences.index)):
        if one[0] != other[0]:  # another budget
            axes.axhline(row + 0.5, color=GREY, linewidth=1.5)
    bar = figure.colorbar(image, ax=axes, fraction=0.04, pad=0.02)
    bar.set_label(f"IoU, difference to {baseline} (points)")
    return figure
