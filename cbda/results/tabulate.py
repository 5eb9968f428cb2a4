"""Runs to tables: one row per method and budget, with spread over seeds and paired differences."""

from collections import Counter
from typing import Any

import numpy as np
import pandas as pd

from cbda.errors import UserError
from cbda.results.runs import PERCENT, Run


def class_table(runs: list[Run]) -> pd.DataFrame:
    """Tidy: method, budget, seed, class, IoU in percent (empty if the class is not present)."""
    rows = []
    for run in runs:
        if run.evaluation is None:
            continue
        for name, iou in zip(run.evaluation["classes"], run.evaluation["class_iou"], strict=True):
            value = np.nan if iou is None else PERCENT * iou
            rows.append((run.method, run.budget, run.seed, name, value))
    return pd.DataFrame(rows, columns=["method", "budget", "seed", "class", "IoU"])


def acquisition_table(runs: list[Run]) -> pd.DataFrame:
    """Tidy: method, budget, seed, round, class, pixels acquired in that round (void included)."""
    rows = []
    for run in runs:
        if run.labels is None or run.evaluation is None:
            continue
        names = [*run.evaluation["classes"], "void"]
        counts = np.column_stack([run.labels.class_counts, run.labels.void_counts])
        for index, per_class in enumerate(counts):
            for name, count in zip(names, per_class, strict=True):
                rows.append((run.method, run.budget, run.seed, index + 1, name, int(count)))
    return pd.DataFrame(rows, columns=["method", "budget", "seed", "round", "class", "num_px"])


def summary_table(runs: list[Run], baseline: str) -> pd.DataFrame:
    """The main table: one row per method and budget, in the order in which they were given.

    IoU is in percent. A spread is the standard deviation over seeds (n - 1), empty for a single
    seed. Differences are to the baseline at the same budget, paired by seed; those of the
    references, which have no budget in common with it, are empty.
    """
    groups: dict[tuple[str, str], list[Run]] = {}
    for run in runs:
        groups.setdefault((run.method, run.budget), []).append(run)
    if len({(run.method, run.budget, run.seed) for run in runs}) != len(runs):
        raise UserError("a run is given twice")
    with_subset = any(run.evaluation and "mIoU_subset" in run.evaluation for run in runs)
    rows = [
        _row(group, groups.get((baseline, key[1]), []), with_subset)
        for key, group in groups.items()
    ]
    return pd.DataFrame(rows)


def readable(table: pd.DataFrame) -> str:
    """The main table for people: mean +- spread over seeds, one decimal."""
    columns = {
        "method": table["method"],
        "budget": table["budget"],
        "seeds": table["num_seeds"].astype(str),
        "mIoU": _with_spread(table, "mIoU"),
        "difference": _with_spread(table, "mIoU_diff"),
        **(
            {"mIoU subset": _with_spread(table, "mIoU_subset")}
            if "mIoU_subset_mean" in table
            else {}
        ),
        "worst class": table["worst_class"],
        "IoU": _with_spread(table, "worst_class_IoU"),
        "IoU difference": _with_spread(table, "worst_class_IoU_diff"),
        "acquired %": (PERCENT * table["acquired_fraction"]).map(_one_decimal),
        "void %": (PERCENT * table["void_fraction"]).map(_one_decimal),
        "entropy": table["acquired_entropy"].map(lambda value: _decimals(value, 3)),
        "missing seeds": table["missing_seeds"],
    }
    return pd.DataFrame(columns).to_string(index=False)


def _with_spread(table: pd.DataFrame, name: str) -> "list[str]":
    means, spreads = table[f"{name}_mean"], table[f"{name}_std"]
    return [
        _one_decimal(mean) + ("" if np.isnan(spread) else f" +- {spread:.1f}")
        for mean, spread in zip(means, spreads, strict=True)
    ]


def _one_decimal(value: float) -> str:
    return _decimals(value, 1)


def _decimals(value: float, number: int) -> str:
    return "" if np.isnan(value) else f"{value:.{number}f}"


def _row(group: list[Run], baseline: list[Run], with_subset: bool) -> dict[str, Any]:
    done = [run for run in group if not run.is_missing]
    missing = [str(run.seed) for run in group if run.is_missing]
    return {
        "method": group[0].method,
        "budget": group[0].budget,
        "num_seeds": len(done),
        **_statistics("mIoU", done, baseline, "mIoU"),
        **(_statistics("mIoU_subset", done, baseline, "mIoU_subset") if with_subset else {}),
        "worst_class": _worst_classes(done),
        **_statistics("worst_class_IoU", done, baseline, "worst_class_iou"),
        **_acquisition(done),
        "missing_seeds": " ".join(missing),
    }


def _statistics(name: str, done: list[Run], baseline: list[Run], key: str) -> dict[str, float]:
    """Mean and spread of a result, and of its difference to the baseline's of the same seed."""
    values, others = _results(done, key), _results(baseline, key)
    differences = [values[seed] - others[seed] for seed in values if seed in others]
    return {
        f"{name}_mean": _mean(list(values.values())),
        f"{name}_std": _std(list(values.values())),
        f"{name}_diff_mean": _mean(differences),
        f"{name}_diff_std": _std(differences),
    }


def _results(runs: list[Run], key: str) -> dict[int, float]:
    """Results in percent of the seeds that have them."""
    found = ((run.seed, run.evaluation) for run in runs if run.evaluation is not None)
    return {seed: _percent(values[key]) for seed, values in found if key in values}


def _worst_classes(done: list[Run]) -> str:
    """The worst class of every seed, the most frequent first."""
    names = Counter(run.evaluation["worst_class"] for run in done if run.evaluation)
    return "; ".join(
        name for name, _ in sorted(names.items(), key=lambda item: (-item[1], item[0]))
    )


def _acquisition(done: list[Run]) -> dict[str, float]:
    """Means over seeds of what was acquired; empty for a reference."""
    summaries = [run.labels for run in done if run.labels is not None]
    acquired_px = [s.class_counts.sum() + s.void_counts.sum() for s in summaries]
    return {
        "acquired_fraction": _mean(
            [px / s.num_pool_px for px, s in zip(acquired_px, summaries, strict=True)]
        ),
        "void_fraction": _mean(
            [s.void_counts.sum() / px for px, s in zip(acquired_px, summaries, strict=True)]
        ),
        "acquired_entropy": _mean(
            [value for run in done if (value := run.acquired_entropy) is not None]
        ),
    }


def _percent(value: float | None) -> float:
    return float("nan") if value is None else PERCENT * value


def _mean(values: list[float]) -> float:
    return float(np.mean(values)) if values else float("nan")


def _std(values: list[float]) -> float:
    return float(np.std(values, ddof=1)) if len(values) > 1 else float("nan")
