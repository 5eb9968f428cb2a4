"""Paired tests over seeds of every method against those that it has to beat.

Pure: takes runs that are loaded, opens no file.
"""

from collections.abc import Sequence
from itertools import product
from operator import methodcaller

import pandas as pd

from cbda.results.pairs import Metric, PairedTest, by_seed, differences_to, paired_test
from cbda.results.runs import NO_BUDGET, Run, has_subset

ALL_BUDGETS = "mean"
ENTROPY = "acquired_entropy"
P_VALUES = ("p_t", "p_sign_flip")
COLUMNS = ("metric", "method", "budget", "compared_with", "num_seeds", *PairedTest._fields)


def comparison_table(runs: list[Run], baseline: str, comparators: Sequence[str]) -> pd.DataFrame:
    """Tidy: one row per metric, method, budget and what the method is compared with.

    That is the baseline, the comparators among the methods, and the references, whose result is
    paired with every budget of its seed. Rows are in the order of the runs given; where there is
    more than one budget, rows of the budget `mean` follow, of a seed's mean over all budgets.
    Differences are in percentage points; those of `acquired_entropy`, which references do not
    have, are of the normalised entropy.
    """
    methods = dict.fromkeys(run.method for run in runs if run.budget != NO_BUDGET)
    references = dict.fromkeys(run.method for run in runs if run.budget == NO_BUDGET)
    others = [name for name in methods if name in comparators and name != baseline]
    others = [baseline, *others] if baseline in methods else others
    rows = []
    for name, metric in _metrics(runs).items():
        values = _with_means(by_seed(runs, metric))
        rivals = others if name == ENTROPY else [*others, *references]
        apart = {other: differences_to(values, other) for other in rivals}
        for (method, budget), other in product(values.index, rivals):
            if budget != NO_BUDGET and other != method:
                differences = apart[other].loc[(method, budget)].dropna()
                test = paired_test(differences.to_numpy())
                rows.append((name, method, budget, other, len(differences), *test))
    return pd.DataFrame(rows, columns=list(COLUMNS))


def with_p_values_as_text(table: pd.DataFrame) -> pd.DataFrame:
    """The table for a file: p values keep six digits, as four decimals would make small ones 0."""
    texts = {name: table[name].map("{:.6g}".format).replace("nan", "") for name in P_VALUES}
    return table.assign(**texts)


def _metrics(runs: list[Run]) -> dict[str, Metric]:
    """How every metric that the runs have is read from one of them."""
    names = ["mIoU", "worst_class_IoU", *(["mIoU_subset"] if has_subset(runs) else [])]
    metrics: dict[str, Metric] = {name: methodcaller("percent", name) for name in names}
    if any(run.labels is not None for run in runs):
        metrics[ENTROPY] = lambda run: run.acquired_entropy
    return metrics


def _with_means(values: pd.DataFrame) -> pd.DataFrame:
    """Results and, by method, the mean over budgets of the seeds that have one at each."""
    acquired = values.drop(index=NO_BUDGET, level="budget", errors="ignore")
    num_budgets = acquired.index.get_level_values("budget").nunique()
    if num_budgets < 2:
        return values
    sums = acquired.groupby(level="method", sort=False).sum(min_count=num_budgets)
    means = pd.concat({ALL_BUDGETS: sums / num_budgets}, names=["budget"]).swaplevel()
    return pd.concat([values, means])
