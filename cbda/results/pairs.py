"""Results by seed, and paired tests over seeds of every method against those that it has to beat.

Pure: takes runs that are loaded, opens no file.
"""

import math
from collections.abc import Callable, Collection, Iterable, Sequence
from itertools import product
from operator import methodcaller
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from cbda.results.correction import correct
from cbda.results.runs import METRICS, NO_BUDGET, Run, has_metric

CONFIDENCE = 0.95
NUM_RESAMPLES = 2**16  # so that the assignments of signs of up to 16 pairs are enumerated
RESAMPLING_SEED = 0
DECIMALS = 9  # of differences, so that rounding is neither taken for a spread nor breaks a tie
NAN = math.nan
ALL_BUDGETS = "mean"
ENTROPY, GAIN = "acquired_entropy", "gain"
BETWEEN_METHODS = (ENTROPY, GAIN)  # metrics that references don't have
CORRECTED = {"p_t": "p_t_holm", "p_sign_flip": "p_sign_flip_holm"}
P_VALUES = (*CORRECTED, *CORRECTED.values())
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


TESTED = ("metric", "method", "budget", "compared_with", "num_seeds", *PairedTest._fields)
COLUMNS = (*TESTED, *CORRECTED.values(), "left_out")


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


def comparison_table(
    runs: list[Run],
    baseline: str,
    comparators: Sequence[str],
    saturated: Collection[str] = (),
) -> pd.DataFrame:
    """Tidy: one row per metric, method, budget and what the method is compared with.

    That is the baseline, the comparators among the methods, and the references, whose result is
    paired with every budget of its seed. Rows are in the order of the runs given; where there is
    more than one budget, rows of the budget `mean` follow, of a seed's mean over all budgets but
    the saturated ones. Differences are in percentage points; those of `acquired_entropy` and
    `gain`, which references do not have, are of the normalised entropy and gain.
    """
    methods = dict.fromkeys(run.method for run in runs if run.budget != NO_BUDGET)
    references = dict.fromkeys(run.method for run in runs if run.budget == NO_BUDGET)
    others = [name for name in methods if name in comparators and name != baseline]
    others = [baseline, *others] if baseline in methods else others
    rows = []
    for name, metric in _metrics(runs).items():
        values = _with_means(by_seed(runs, metric), saturated)
        rivals = others if name in BETWEEN_METHODS else [*others, *references]
        apart = {other: differences_to(values, other) for other in rivals}
        for (method, budget), other in product(values.index, rivals):
            if budget != NO_BUDGET and other != method:
                differences = apart[other].loc[(method, budget)].dropna()
                test = paired_test(differences.to_numpy())
                rows.append((name, method, budget, other, len(differences), *test))
    table = with_corrected(pd.DataFrame(rows, columns=list(TESTED)))
    means = table["budget"] == ALL_BUDGETS
    return table.assign(left_out=means.map({True: " ".join(sorted(saturated)), False: ""}))


def with_corrected(table: pd.DataFrame) -> pd.DataFrame:
    """The table with every p corrected by Holm's method.

    A family is what one question asks: does anything beat this one by this metric? Means over
    budgets are another question.
    """
    means = table["budget"] == ALL_BUDGETS
    families: list[object] = [*zip(table["metric"], table["compared_with"], means, strict=True)]
    return table.assign(**{new: correct(table[p], families) for p, new in CORRECTED.items()})


def with_p_values_as_text(table: pd.DataFrame) -> pd.DataFrame:
    """The table for a file: p values keep six digits, as four decimals would make small ones 0."""
    texts = {name: table[name].map("{:.6g}".format).replace("nan", "") for name in P_VALUES}
    return table.assign(**texts)


def normalised_gain(runs: Iterable[Run]) -> Metric:
    """How far a run's mIoU is on the way from `source_only`, 0, to `full`, 1, of its seed."""
    known = {(run.method, run.seed): run.percent("mIoU") for run in runs if run.budget == NO_BUDGET}

    def gain(run: Run) -> float | None:
        low, high = (known.get((name, run.seed)) for name in ("source_only", "full"))
        value = run.percent("mIoU")
        if value is None or low is None or high is None or high <= low:
            return None
        return (value - low) / (high - low)

    return gain


def _metrics(runs: list[Run]) -> dict[str, Metric]:
    """How every metric that the runs have is read from one of them."""
    names = [name for name in METRICS if name in MEASURES or has_metric(runs, name)]
    metrics: dict[str, Metric] = {name: methodcaller("percent", name) for name in names}
    if any(run.labels is not None for run in runs):
        metrics[ENTROPY] = lambda run: run.acquired_entropy
    gain = normalised_gain(runs)
    if any(gain(run) is not None for run in runs if run.budget != NO_BUDGET):
        metrics[GAIN] = gain
    return metrics


def _with_means(values: pd.DataFrame, saturated: Collection[str]) -> pd.DataFrame:
    """Results and, by method, the mean over budgets of the seeds that have one at each.

    Saturated budgets, at which methods can't be told apart, are left out of the mean.
    """
    acquired = values.drop(index=NO_BUDGET, level="budget", errors="ignore")
    if acquired.index.get_level_values("budget").nunique() < 2:
        return values
    counted = acquired.drop(index=list(saturated), level="budget", errors="ignore")
    num_budgets = counted.index.get_level_values("budget").nunique()
    if num_budgets == 0:
        return values
    sums = counted.groupby(level="method", sort=False).sum(min_count=num_budgets)
    means = pd.concat({ALL_BUDGETS: sums / num_budgets}, names=["budget"]).swaplevel()
    return pd.concat([values, means])
