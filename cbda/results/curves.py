"""Learning curves: IoU against labels, from round to round of a run or from budget to budget."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from cbda.errors import UserError
from cbda.results.runs import NO_BUDGET, PERCENT, Run
from cbda.results.windows import WindowCounts
from cbda.settings.tables import ClickSettings

AXES = {"pixels": "labelled_fraction", "queries": "queries", "clicks": "clicks"}
WHOLE = "mIoU"  # in the column of classes
ACROSS_BUDGETS = "all"  # the budget of a curve through the last rounds of all budgets
KEYS = ["method", "budget", "seed"]
COLUMNS = (
    *(*KEYS, "round", "labelled_fraction", "labelled_px", "queries", "pure_queries"),
    *("mixed_queries", "clicks", "class", "IoU"),
)

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Curve:
    """mIoU in percent against labels, (n,) each with labels that grow."""

    labels: Floats
    miou: Floats


def learning_curve(
    runs: Iterable[tuple[Run, WindowCounts, dict[int, dict[str, Any]]]], prices: ClickSettings
) -> pd.DataFrame:
    """Tidy: one row per method, budget, seed, round that was evaluated, and class; IoU in percent.

    The class `mIoU` is the mean. Labels are all of the run up to the round: queries, those whose
    windows hold one class or several, and clicks.

    Args:
        runs: each with what it labelled and the evaluations of its rounds, the last included.
        prices: of the clicks.
    """
    rows = [row for run, counts, rounds in runs for row in _rows(run, counts, rounds, prices)]
    return pd.DataFrame(rows, columns=list(COLUMNS))


def _rows(
    run: Run, counts: WindowCounts, rounds: dict[int, dict[str, Any]], prices: ClickSettings
) -> Iterator[tuple[Any, ...]]:
    if run.labels is None:
        return
    acquired = (run.labels.class_counts.sum(axis=1) + run.labels.void_counts).cumsum()
    clicks = counts.clicks(prices)
    for number, evaluation in sorted(rounds.items()):
        index = number - 1
        queries, mixed = int(counts.queries[index]), int(counts.mixed_queries[index])
        fraction = acquired[index] / run.labels.num_pool_px
        spent = (fraction, int(acquired[index]), queries, queries - mixed, mixed, clicks[index])
        values = {WHOLE: evaluation["mIoU"]}
        values |= dict(zip(evaluation["classes"], evaluation["class_iou"], strict=True))
        for name, iou in values.items():
            percent = np.nan if iou is None else PERCENT * iou
            yield (run.method, run.budget, run.seed, number, *spent, name, percent)


def read_curve(path: Path) -> pd.DataFrame:
    """Read a `learning_curve`, budgets as written; a `UserError` if a file is none."""
    try:
        table = pd.read_csv(path, dtype={"budget": str, "method": str, "class": str})
    except (OSError, ValueError) as error:
        raise UserError(f"{path}: not a learning curve ({error})") from error
    if missing := [name for name in COLUMNS if name not in table]:
        raise UserError(f"{path}: not a learning curve: lacks {', '.join(missing)}")
    return table


def find_curves(table: pd.DataFrame, axis: str) -> dict[tuple[str, str, int], Curve]:
    """Curves by method, budget and seed, of a `learning_curve`, against one of `AXES`.

    Those of a budget go through the rounds of one run; those of the budget `all` through the last
    rounds of the runs at all budgets. A curve has two points or more.
    """
    means = table[table["class"] == WHOLE].assign(labels=lambda rows: rows[AXES[axis]])
    last = means.loc[sorted(means.groupby(KEYS)["round"].idxmax())] if len(means) else means
    both = pd.concat([means, last.assign(budget=ACROSS_BUDGETS)])
    curves = {}
    for key, rows in both.groupby(KEYS, sort=False):
        method, budget, seed = map(str, key)
        points = rows.sort_values("labels", kind="stable")[["labels", "IoU"]].dropna()
        if len(points) > 1:
            curves[method, budget, int(seed)] = Curve(*points.to_numpy(np.float64).T)
    return curves


def on_scale(labels: Floats, scale: str) -> Floats:
    """Places of labels on a linear or logarithmic axis."""
    return np.log10(labels) if scale == "log" else labels


def common_span(curves: Sequence[Curve]) -> tuple[float, float] | None:
    """The labels that all curves have in common; None if there is no such stretch."""
    first = max(curve.labels[0] for curve in curves)
    last = min(curve.labels[-1] for curve in curves)
    return (float(first), float(last)) if first < last else None


def mean_height(curve: Curve, span: tuple[float, float], scale: str) -> float:
    """Area below a curve within a span, over its width: mIoU in percent; trapezoids on the scale.

    Between its points a curve is straight on that scale.
    """
    places = on_scale(curve.labels, scale)
    low, high = on_scale(np.array(span), scale)
    inner = places[(places > low) & (places < high)]
    ends = np.concatenate([[low], inner, [high]])
    return float(np.trapezoid(np.interp(ends, places, curve.miou), ends) / (high - low))


def labels_needed(curve: Curve, miou: float, scale: str) -> float:
    """Labels at which a curve first reaches an mIoU, at least those of its first point; else NaN.

    Between its points a curve is straight on the scale.
    """
    reached = np.flatnonzero(curve.miou >= miou)
    if not len(reached):
        return float("nan")
    place, last = on_scale(curve.labels, scale), int(reached[0])
    if last == 0:
        return float(curve.labels[0])
    lower, upper = curve.miou[last - 1], curve.miou[last]
    share = (miou - lower) / (upper - lower)
    found = place[last - 1] + share * (place[last] - place[last - 1])
    return float(10**found if scale == "log" else found)


def labels_saved(curve: Curve, other: Curve, scale: str) -> float:
    """Share of another curve's labels that a curve does without, at an mIoU that both reach.

    The highest such mIoU; below 0 if it takes more labels.
    """
    miou = float(min(curve.miou.max(), other.miou.max()))
    return 1 - labels_needed(curve, miou, scale) / labels_needed(other, miou, scale)


def require_positive(curves: Iterable[Curve], axis: str) -> None:
    """Raise a `UserError` if labels that are to be counted cost nothing."""
    if any(curve.labels[0] <= 0 for curve in curves):
        allowed = "set one of analyse.clicks above 0, or another analyse.axis"
        raise UserError(f"analyse.axis: {axis} are 0 at the first point of a curve; {allowed}")


def references(runs: Iterable[Run]) -> dict[tuple[str, int], float]:
    """The mIoU of references in percent, by name and seed."""
    known = {(run.method, run.seed): run.percent("mIoU") for run in runs if run.budget == NO_BUDGET}
    return {name: value for name, value in known.items() if value is not None}
