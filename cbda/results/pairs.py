"""Results by seed, and paired tests over seeds of every method against those that it has to beat.

Pure: takes runs that are loaded, opens no file.
"""

import math
from collections.abc import Callable, Iterable, Sequence
from itertools import product
from operator import methodcaller
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from cbda.results.runs import NO_BUDGET, Run, has_subset

CONFIDENCE = 0.95
NUM_RESAMPLES = 2**16  # so that the assignments of signs of up to 16 pairs are enumerated
RESAMPLING_SEED = 0
DECIMALS = 9  # of differences, so that rounding is neither taken for a spread nor breaks a tie
NAN = math.nan
ALL_BUDGETS = "mean"
ENTROPY = "acquired_entropy"
P_VALUES = ("p_t", "p_sign_flip")
MEASURES = ("mIoU", "worst_class_IoU")

Metric = Callable[[Run], float | None]


class PairedTest(NamedTuple):
    """What paired differences say about their mean, in the unit of the differences.

    Without a pair all is NaN; with one, all but the mean; without a spread, interval and p_t.
    """

    diff_mean: float = NAN
    diff_std: float = NAN  # n - 1
    ci_low: float = NAN  # of the 95 % Student t interval of the mean
    ci_high: float = NAN
    p_t: float = NAN  # of the two-sided paired t-test
    p_sign_flip: float = NAN  # of the two-sided sign-flip permutation test of the mean
    detectable_diff: float = NAN  # half the interval: the least mean whose interval leaves out 0


COLUMNS = ("metric", "method", "budget", "compared_with", "num_seeds", *PairedTest._fields)


def by_seed(runs: Iterable[Run], metric: Metric) -> pd.DataFrame:
    """One row per method and budget, one column per seed, in the order given; NaN for no result."""
    cells: dict[tuple[str, str], dict[int, float]] = {}
    for run in runs:
        value = metric(run)
        cells.setdefault((run.method, run.budget), {})[run.seed] = NAN if value is None else value
    frame = pd.DataFrame.from_dict(cells, orient="index", dtype=float)
    frame.index = pd.MultiIndex.from_tuples(cells, names=["method", "budget"])
    return frame.rename_axis(columns="seed")


def differences_to(values: pd.DataFrame, other: str) -> pd.DataFrame:
    """What every row has more than that of another method, seed by seed; NaN if one is missing.

    Columns are seeds. The first level of rows is the method, and rows that agree in all other
    levels are compared; the other may be a reference, which is compared with every budget.
    """
    others = values[values.index.get_level_values(0) == other].droplevel(0)
    if list(others.index) == [NO_BUDGET]:
        return values.sub(others.iloc[0])
    return values.sub(others.reindex(values.droplevel(0).index).to_numpy())


def seed_differences(runs: Sequence[Run], baseline: str) -> pd.DataFrame:
    """One row per method, budget and seed that the baseline has too: differences in points."""
    values = {name: by_seed(runs, methodcaller("percent", name)) for name in MEASURES}
    columns = {name: differences_to(frame, baseline).stack() for name, frame in values.items()}
    table = pd.DataFrame(columns).drop(index=baseline, level="method", errors="ignore")
    return table.dropna().reset_index()


def paired_test(differences: Sequence[float] | NDArray[np.float64]) -> PairedTest:
    """Test whether the mean of differences of pairs, (n,), is zero.

    Without a spread the t statistic is undefined, or infinite: only the sign flip is tested.
    """
    from scipy.stats import ttest_1samp

    values: NDArray[np.float64] = np.asarray(differences, np.float64).round(DECIMALS)
    if len(values) < 2:
        return PairedTest(*values.tolist())
    mean, std = float(values.mean()), float(values.std(ddof=1))
    p_sign_flip = _sign_flip_test(values)
    if np.ptp(values) == 0:
        return PairedTest(mean, 0.0, p_sign_flip=p_sign_flip)
    test = ttest_1samp(values, 0)
    low, high = map(float, test.confidence_interval(CONFIDENCE))
    return PairedTest(mean, std, low, high, float(test.pvalue), p_sign_flip, (high - low) / 2)


def _sign_flip_test(differences: NDArray[np.float64]) -> float:
    """Share of the assignments of signs whose mean is as far from zero as that of (n,) differences.

    If they are drawn, what was observed counts as one of them, so that p is never 0.
    """
    from scipy.stats import permutation_test

    def distance(sample: NDArray[np.float64], axis: int) -> Any:
        return np.abs(sample.sum(axis=axis))

    whole = (differences * 10**DECIMALS).round()  # whole numbers, whose sums tie exactly
    test = permutation_test((whole,), distance, permutation_type="samples", vectorized=True,
                            n_resamples=NUM_RESAMPLES, alternative="greater",
                            rng=RESAMPLING_SEED)  # fmt: skip
    return float(test.pvalue)


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
    names = [*MEASURES, *(["mIoU_subset"] if has_subset(runs) else [])]
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
