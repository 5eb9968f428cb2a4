"""Differences to the baseline, paired by seed, and what may be said about them."""

from collections.abc import Sequence
from typing import NamedTuple

import pandas as pd

from cbda.report import published
from cbda.results.pairs import PairedTest, paired_test
from cbda.results.runs import PERCENT, Run

MEASURES = {"mIoU": "mIoU", "worst_class_IoU": "worst_class_iou"}
MIN_SEEDS = 3  # repetitions of one seed elsewhere are 0.7 mIoU apart: fewer pairs say nothing


class Comparison(NamedTuple):
    """A method against the baseline at one budget, in percentage points.

    Attributes:
        method: its name.
        budget: as written in the configuration.
        num_seeds: pairs.
        tests: of the differences of each measure: mean, spread, interval and p.
        num_higher: pairs in which the method is above the baseline.
        published: what the CBDA paper reports; None where it reports nothing.
    """

    method: str
    budget: str
    num_seeds: int
    tests: dict[str, PairedTest]
    num_higher: dict[str, int]
    published: dict[str, float] | None


def seed_differences(runs: Sequence[Run], baseline: str) -> pd.DataFrame:
    """One row per method, budget and seed that the baseline has too: differences in points."""
    base = {
        (run.budget, run.seed): run.evaluation
        for run in runs
        if run.method == baseline and run.evaluation is not None
    }
    rows = []
    for run in runs:
        other = base.get((run.budget, run.seed))
        if run.evaluation is not None and other is not None and run.method != baseline:
            values = (PERCENT * (run.evaluation[key] - other[key]) for key in MEASURES.values())
            rows.append((run.method, run.budget, run.seed, *values))
    return pd.DataFrame(rows, columns=["method", "budget", "seed", *MEASURES])


def compare(differences: pd.DataFrame, baseline: str) -> list[Comparison]:
    """Mean over seeds of the table of `seed_differences`, with its spread and test."""
    comparisons = []
    for (method, budget), rows in differences.groupby(["method", "budget"], sort=False):
        values = rows[list(MEASURES)]
        comparisons.append(
            Comparison(
                str(method),
                str(budget),
                len(rows),
                tests={name: paired_test(values[name].tolist()) for name in MEASURES},
                num_higher={name: int((values[name] > 0).sum()) for name in MEASURES},
                published=_published(str(method), str(budget), baseline),
            )
        )
    return comparisons


def verdict(num_seeds: int) -> str:
    """What a reader may take from differences over so many seeds."""
    if num_seeds == 1:
        return (
            "One seed: no claim is made about any difference between methods."
            " Set experiment.seeds to three or more."
        )
    if num_seeds < MIN_SEEDS:
        return (
            f"{num_seeds} seeds: the spread is shown, but no claim is made;"
            f" that takes {MIN_SEEDS} seeds or more."
        )
    return (
        f"{num_seeds} seeds, each a pair with the baseline's run of the same seed. A difference"
        " whose interval holds zero is no finding."
    )


def _published(method: str, budget: str, baseline: str) -> dict[str, float] | None:
    if (method, baseline) != (published.METHOD, published.BASELINE):
        return None
    fraction = float(budget)
    if fraction not in published.MIOU:
        return None
    return {
        "mIoU": published.MIOU[fraction],
        "worst_class_IoU": published.WORST_CLASS_IOU[fraction],
    }


def is_clear(comparison: Comparison, measure: str) -> bool:
    """Whether there are seeds enough and the 95 % interval of the mean leaves out zero."""
    test = comparison.tests[measure]
    return comparison.num_seeds >= MIN_SEEDS and (test.ci_low > 0 or test.ci_high < 0)
