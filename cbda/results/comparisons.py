"""Paired tests over seeds of every method against those that it has to beat.

Pure: takes runs that are loaded, opens no file.
"""

import math
from collections.abc import Callable, Sequence
from functools import cache, partial
from itertools import product
from typing import NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from cbda.results.runs import PERCENT, Run

CONFIDENCE = 0.95
MAX_EXACT_PAIRS = 16  # 2^16 assignments of signs are enumerated; of more pairs as many are drawn
NUM_RESAMPLES = 2**MAX_EXACT_PAIRS
RESAMPLING_SEED = 0
DECIMALS = 9  # of differences, so that rounding is neither taken for a spread nor breaks a tie
NO_BUDGET = "-"
ALL_BUDGETS = "mean"
ENTROPY = "acquired_entropy"
NAN = math.nan
P_VALUES = ("p_t", "p_sign_flip")

Results = dict[tuple[str, str], dict[int, float]]
Metric = Callable[[Run], float | None]


class PairedTest(NamedTuple):
    """What paired differences say about their mean, in the unit of the differences.

    Attributes:
        diff_mean: mean; NaN without a pair.
        diff_std: standard deviation (n - 1). NaN for fewer than two pairs, as is all that follows.
        ci_low: lower end of the 95 % Student t interval of the mean; NaN if the spread is 0.
        ci_high: its upper end.
        p_t: of the two-sided paired t-test; NaN if the spread is 0.
        p_sign_flip: of the two-sided sign-flip permutation test of the mean.
        detectable_diff: half the width of the interval, the least observed mean whose interval
            leaves out zero; NaN if the spread is 0.
    """

    diff_mean: float = NAN
    diff_std: float = NAN
    ci_low: float = NAN
    ci_high: float = NAN
    p_t: float = NAN
    p_sign_flip: float = NAN
    detectable_diff: float = NAN


COLUMNS = ("metric", "method", "budget", "compared_with", "num_seeds", *PairedTest._fields)


def comparison_table(runs: list[Run], baseline: str) -> pd.DataFrame:
    """Tidy: one row per metric, method, budget and what the method is compared with.

    That is the baseline, every other method whose name starts with `random`, and the references,
    whose result is paired with every budget of its seed. Rows are in the order of the runs given;
    where there is more than one budget, rows of the budget `mean` follow, of a seed's mean over
    all budgets. Differences are in percentage points; those of `acquired_entropy`, which references
    do not have, are of the normalised entropy.
    """
    cells = dict.fromkeys((run.method, run.budget) for run in runs if run.budget != NO_BUDGET)
    budgets = list(dict.fromkeys(budget for _, budget in cells))
    if len(budgets) > 1:
        cells |= dict.fromkeys((method, ALL_BUDGETS) for method, _ in cells)
    rows = []
    for metric, measure in _metrics(runs).items():
        rivals = _rivals(runs, baseline, with_references=metric != ENTROPY)
        results = _with_means(_results(runs, measure), budgets)
        for (method, budget), rival in product(cells, rivals):
            if rival != method:
                differences = _paired_differences(results, method, budget, rival)
                test = paired_test(differences)
                rows.append((metric, method, budget, rival, len(differences), *test))
    return pd.DataFrame(rows, columns=list(COLUMNS))


def with_p_values_as_text(table: pd.DataFrame) -> pd.DataFrame:
    """The table for a file: p values keep six digits, as four decimals would make small ones 0."""
    texts = {name: [_six_digits(p) for p in table[name]] for name in P_VALUES}
    return table.assign(**texts)


def paired_test(differences: Sequence[float] | NDArray[np.float64]) -> PairedTest:
    """Test whether the mean of differences of pairs, (n,), is zero.

    Without a spread the t statistic is undefined, or infinite: only the sign flip is tested.
    """
    values: NDArray[np.float64] = np.asarray(differences, np.float64).round(DECIMALS)
    if len(values) == 0:
        return PairedTest()
    mean = float(values.mean())
    if len(values) == 1:
        return PairedTest(mean)
    p_sign_flip = _sign_flip_test(values)
    if np.ptp(values) == 0:
        return PairedTest(mean, 0.0, p_sign_flip=p_sign_flip)
    std = float(values.std(ddof=1))
    half_width, p_t = _student(mean, std, len(values))
    interval = (mean - half_width, mean + half_width)
    return PairedTest(mean, std, *interval, p_t, p_sign_flip, half_width)


def _metrics(runs: list[Run]) -> dict[str, Metric]:
    """How every metric that the runs have is read from one of them."""
    keys = {"mIoU": "mIoU", "worst_class_IoU": "worst_class_iou"}
    if any(run.evaluation and "mIoU_subset" in run.evaluation for run in runs):
        keys["mIoU_subset"] = "mIoU_subset"
    metrics: dict[str, Metric] = {name: partial(_evaluated, key) for name, key in keys.items()}
    if any(run.labels is not None for run in runs):
        metrics[ENTROPY] = lambda run: run.acquired_entropy
    return metrics


def _evaluated(key: str, run: Run) -> float | None:
    """A result in percent."""
    value = None if run.evaluation is None else run.evaluation.get(key)
    return None if value is None else PERCENT * float(value)


def _rivals(runs: list[Run], baseline: str, with_references: bool) -> list[str]:
    methods = dict.fromkeys(run.method for run in runs if run.budget != NO_BUDGET)
    references = dict.fromkeys(run.method for run in runs if run.budget == NO_BUDGET)
    randoms = (name for name in methods if name.startswith("random"))
    expected = [baseline] if baseline in methods else []
    return list(dict.fromkeys([*expected, *randoms, *(references if with_references else ())]))


def _results(runs: list[Run], measure: Metric) -> Results:
    """Results by method and budget, then seed; those that are not there left out."""
    results: Results = {}
    for run in runs:
        value = measure(run)
        if value is not None:
            results.setdefault((run.method, run.budget), {})[run.seed] = value
    return results


def _with_means(results: Results, budgets: Sequence[str]) -> Results:
    """Results and, by method, the mean over budgets of the seeds that have one at each."""
    means: Results = {}
    for method in dict.fromkeys(name for name, budget in results if budget != NO_BUDGET):
        by_budget = [results.get((method, budget), {}) for budget in budgets]
        seeds = [seed for seed in by_budget[0] if all(seed in found for found in by_budget)]
        means[method, ALL_BUDGETS] = {
            seed: math.fsum(found[seed] for found in by_budget) / len(budgets) for seed in seeds
        }
    return {**results, **means}


def _paired_differences(results: Results, method: str, budget: str, rival: str) -> list[float]:
    """Differences of the seeds that both have."""
    ours = results.get((method, budget), {})
    others = results.get((rival, budget)) or results.get((rival, NO_BUDGET), {})
    return [ours[seed] - others[seed] for seed in ours if seed in others]


def _student(mean: float, std: float, num_pairs: int) -> tuple[float, float]:
    """Half width of the interval, and the p value of the two-sided t-test."""
    from scipy.stats import t

    standard_error, freedom = std / math.sqrt(num_pairs), num_pairs - 1
    half_width = t.ppf((1 + CONFIDENCE) / 2, freedom) * standard_error
    return float(half_width), float(2 * t.sf(abs(mean) / standard_error, freedom))


def _sign_flip_test(differences: NDArray[np.float64]) -> float:
    """Share of the assignments of signs whose mean is as far from zero as that of (n,) differences.

    If they are drawn, what was observed counts as one of them, so that p is never 0.
    """
    tie = 0.5 * 10.0**-DECIMALS
    sums = np.abs(_signs(len(differences)) @ differences)
    num_as_far = int(np.count_nonzero(sums >= abs(differences.sum()) - tie))
    num_observed = int(len(differences) > MAX_EXACT_PAIRS)
    return (num_as_far + num_observed) / (len(sums) + num_observed)


@cache
def _signs(num_pairs: int) -> NDArray[np.float64]:
    """Assignments of signs, (m,n): all 2^n of them, or `NUM_RESAMPLES` at random."""
    if num_pairs > MAX_EXACT_PAIRS:
        generator = np.random.default_rng(RESAMPLING_SEED)
        return generator.choice([-1.0, 1.0], size=(NUM_RESAMPLES, num_pairs))
    bits = np.arange(2**num_pairs)[:, None] >> np.arange(num_pairs) & 1
    return np.where(bits == 0, 1.0, -1.0)


def _six_digits(p: float) -> str:
    return "" if math.isnan(p) else f"{p:.6g}"
