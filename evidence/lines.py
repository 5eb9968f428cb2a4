"""Lines by budget, as the figures draw them."""

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.container import ErrorbarContainer
from numpy.typing import NDArray

from cbda.report.style import COLOURS, MARKERS

DODGE = 0.012  # of the axis, between the lines of a panel at one budget


def dodged(budgets: list[float], num: int) -> NDArray[np.float64]:
    """Places of the budgets for each of n lines, (n, budgets): side by side on their axis."""
    places = DODGE * (np.arange(num) - (num - 1) / 2)
    shifts = (max(budgets) / min(budgets)) ** places
    return np.asarray(np.outer(shifts, budgets), np.float64)


def draw_line(
    axes: Axes, x: NDArray[np.float64], rows: pd.DataFrame, place: int, is_second: bool
) -> ErrorbarContainer:
    """A line through `middle` as wide as `width`; the second that has a colour is dashed."""
    y, widths = (rows[name].to_numpy(dtype=np.float64) for name in ("middle", "width"))
    colour = COLOURS[place]
    return axes.errorbar(
        x, y, yerr=widths, color=colour, marker=MARKERS[place], capsize=1.5, elinewidth=0.8,
        linestyle="--" if is_second else "-", markerfacecolor="white" if is_second else colour,
    )  # fmt: skip


def draw_budget_axis(axes: Axes, budgets: list[float]) -> None:
    """Budgets in percent, on a logarithmic axis."""
    axes.set_xscale("log")
    axes.minorticks_off()
    axes.set_xticks(budgets, [f"{budget:g}" for budget in budgets])
