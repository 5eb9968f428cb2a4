"""Differences to the baseline, paired by seed, and what may be said about them."""

from collections.abc import Sequence
from operator import methodcaller
from typing import NamedTuple

import pandas as pd

from cbda.report import published
from cbda.results.pairs import PairedTest, by_seed, differences_to, paired_test
from cbda.results.runs import Run

MEASURES = ("mIoU", "worst_class_IoU")
MIN_SEEDS = 3  # repetitions of one seed elsewhere are 0.7 mIoU apart: fewer pairs say nothing


class Comparison(NamedTuple):
    """A method against the baseline at one budget, in percentage points by measure."""

    method: str
    budget: str  # as written in the configuration
    num_seeds: int
    tests: dict[str, PairedTest]
    num_higher: dict[str, int]  # pairs in which the method is above the baseline
    published: dict[str, float]  # by the CBDA paper; NaN where it reports nothing

    def is_clear(self, measure: str) -> bool:
        """Whether there are seeds enough and the 95 % interval of the mean leaves out zero."""
        test = self.tests[measure]
        return self.num_seeds >= MIN_SEEDS and (test.ci_low > 0 or test.ci_high < 0)


def seed_differences(runs: Sequence[Run], baseline: str) -> pd.DataFrame:
    """One row per method, budget and seed that the baseline has too: differences in points."""
    values = {name: by_seed(runs, methodcaller("percent", name)) for name in MEASURES}
    columns = {name: differences_to(frame, baseline).stack() for name, frame in values.items()}
    table = pd.DataFrame(columns).drop(index=baseline, level="method", errors="ignore")
    return table.dropna().reset_index()


def compare(differences: pd.DataFrame, baseline: str) -> list[Comparison]:
    """Every method at every budget, the smallest first, from the table of `seed_differences`."""
    comparisons = [
        Comparison(
            str(method),
            str(budget),
            len(rows),
            tests={name: paired_test(rows[name].to_numpy()) for name in MEASURES},
            num_higher={name: int((rows[name] > 0).sum()) for name in MEASURES},
            published=published.differences(str(method), str(budget), baseline),
        )
        for (method, budget), rows in differences.groupby(["method", "budget"], sort=False)
    ]
    return sorted(comparisons, key=lambda item: float(item.budget))


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
