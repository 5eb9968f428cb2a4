"""Runs to tables: one row per method and budget, with spread over seeds and paired differences."""

import math
from collections import Counter
from collections.abc import Callable
from operator import methodcaller
from typing import Any

import numpy as np
import pandas as pd

from cbda.errors import UserError
from cbda.files.labels import LabelSummary
from cbda.results.pairs import by_seed, differences_to
from cbda.results.runs import METRICS, PERCENT, Run, has_metric
from cbda.results.saturation import saturated_budgets

OPTIONAL = ("mIoU_subset", "mIoU_retrained")  # results that only some experiments have


def class_table(runs: list[Run]) -> pd.DataFrame:
    """Tidy: method, budget, seed, class, IoU in percent (empty if the class is not present)."""
    rows = [
        (run.method, run.budget, run.seed, name, np.nan if iou is None else PERCENT * iou)
        for run in runs
        if run.evaluation is not None
        for name, iou in zip(run.evaluation["classes"], run.evaluation["class_iou"], strict=True)
    ]
    return pd.DataFrame(rows, columns=["method", "budget", "seed", "class", "IoU"])


def acquisition_table(runs: list[Run]) -> pd.DataFrame:
    """Tidy: method, budget, seed, round, class, pixels acquired in that round (void included)."""
    rows = []
    for run in runs:
        if run.labels is None or run.evaluation is None:
            continue
        names = [*run.evaluation["classes"], "void"]
        counts = np.column_stack([run.labels.class_counts, run.labels.void_counts])
        for (index, place), count in np.ndenumerate(counts):
            rows.append((run.method, run.budget, run.seed, index + 1, names[place], int(count)))
    return pd.DataFrame(rows, columns=["method", "budget", "seed", "round", "class", "num_px"])


def summary_table(runs: list[Run], baseline: str, saturation: float = math.inf) -> pd.DataFrame:
    """The main table: one row per method and budget, in the order in which they were given.

    IoU is in percent. A spread is the standard deviation over seeds (n - 1), empty for a single
    seed. Differences are to the baseline at the same budget, paired by seed; those of the
    references, which have no budget in common with it, are empty. Rows of budgets at which random
    reaches the share `saturation` of full supervision say so.
    """
    groups: dict[tuple[str, str], list[Run]] = {}
    for run in runs:
        groups.setdefault((run.method, run.budget), []).append(run)
    if len({(run.method, run.budget, run.seed) for run in runs}) != len(runs):
        raise UserError("a run is given twice")
    columns: dict[str, Any] = {
        "num_seeds": [
            sum(run.evaluation is not None for run in group) for group in groups.values()
        ],
        **_statistics("mIoU", runs, baseline),
        **_optional_statistics(runs, baseline),
        "worst_class": [_worst_classes(group) for group in groups.values()],
        **_statistics("worst_class_IoU", runs, baseline),
        "acquired_fraction": _mean_share(runs, lambda of: _acquired_px(of) / of.num_pool_px),
        "void_fraction": _mean_share(runs, lambda of: of.void_counts.sum() / _acquired_px(of)),
        "acquired_entropy": by_seed(runs, lambda run: run.acquired_entropy).mean(axis=1),
        "missing_seeds": [
            " ".join(str(run.seed) for run in group if run.evaluation is None)
            for group in groups.values()
        ],
    }
    if saturated := saturated_budgets(runs, saturation):
        columns["saturated"] = [_describe_saturation(saturated.get(name[1])) for name in groups]
    index = pd.MultiIndex.from_tuples(groups, names=["method", "budget"])
    return pd.DataFrame(columns, index).reset_index()


def _describe_saturation(reached: float | None) -> str:
    """What random reaches at the budget of a row that is saturated; else empty."""
    return "" if reached is None else f"random reaches {reached:.3f} of full"


def readable(table: pd.DataFrame) -> str:
    """The main table for people: mean +- spread over seeds, one decimal."""
    more = {
        name.replace("_", " "): _with_spread(table, name)
        for name in OPTIONAL
        if f"{name}_mean" in table
    }
    columns = {
        "method": table["method"],
        "budget": table["budget"],
        "seeds": table["num_seeds"].astype(str),
        "mIoU": _with_spread(table, "mIoU"),
        "difference": _with_spread(table, "mIoU_diff"),
        **more,
        "worst class": table["worst_class"],
        "IoU": _with_spread(table, "worst_class_IoU"),
        "IoU difference": _with_spread(table, "worst_class_IoU_diff"),
        "acquired %": _texts(PERCENT * table["acquired_fraction"], "{:.1f}"),
        "void %": _texts(PERCENT * table["void_fraction"], "{:.1f}"),
        "entropy": _texts(table["acquired_entropy"], "{:.3f}"),
        "missing seeds": table["missing_seeds"],
        **({"saturated": table["saturated"]} if "saturated" in table else {}),
    }
    return pd.DataFrame(columns).to_string(index=False)


def _with_spread(table: pd.DataFrame, name: str) -> "pd.Series[str]":
    return _texts(table[f"{name}_mean"], "{:.1f}") + _texts(table[f"{name}_std"], " +- {:.1f}")


def _texts(values: "pd.Series[float]", form: str) -> "pd.Series[str]":
    """Numbers as texts; what is not known is empty."""
    return values.map(lambda value: "" if np.isnan(value) else form.format(value))


def _statistics(name: str, runs: list[Run], baseline: str) -> dict[str, pd.Series]:
    """Mean and spread of a result, and of its difference to the baseline's of the same seed.

    There is no mean of a subset of the classes if one of the runs was measured on none of them.
    """
    values = by_seed(runs, methodcaller("percent", name))
    measured = by_seed(runs, lambda run: 1 if METRICS[name] in run.result(name) else None)
    values = values.where(values.count(axis=1) == measured.count(axis=1), axis=0)
    differences = differences_to(values, baseline)
    return {
        f"{name}_mean": values.mean(axis=1),
        f"{name}_std": values.std(axis=1),
        f"{name}_diff_mean": differences.mean(axis=1),
        f"{name}_diff_std": differences.std(axis=1),
    }


def _optional_statistics(runs: list[Run], baseline: str) -> dict[str, pd.Series]:
    """Those of the results that only some experiments have."""
    names = (name for name in OPTIONAL if has_metric(runs, name))
    return {k: values for name in names for k, values in _statistics(name, runs, baseline).items()}


def _worst_classes(group: list[Run]) -> str:
    """The worst class of every seed, the most frequent first."""
    names = Counter(run.evaluation["worst_class"] for run in group if run.evaluation)
    return "; ".join(sorted(names, key=lambda name: (-names[name], name)))


def _mean_share(runs: list[Run], share: Callable[[LabelSummary], float]) -> pd.Series:
    """Mean over seeds of a share among the labels; NaN for references."""
    return by_seed(runs, lambda run: share(run.labels) if run.labels else None).mean(axis=1)


def _acquired_px(labels: LabelSummary) -> float:
    return float(labels.class_counts.sum() + labels.void_counts.sum())
