"""Results by seed, differences paired by seed, and tests of their mean."""

import math
from collections.abc import Callable, Iterable, Sequence
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from cbda.results.runs import NO_BUDGET, Run

CONFIDENCE = 0.95
NUM_RESAMPLES = 2**16  # so that the assignments of signs of up to 16 pairs are enumerated
RESAMPLING_SEED = 0
DECIMALS = 9  # of differences, so that rounding is neither taken for a spread nor breaks a tie
NAN = math.nan

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

    Args:
        values: one column per seed. The first level of rows is the method, and rows that agree in
            all other levels are compared; a reference, which has no budget, is compared with all.
        other: a method or reference; without any row of it there are no differences.
    """
    others = values[values.index.get_level_values(0) == other].droplevel(0)
    if list(others.index) == [NO_BUDGET]:
        return values.sub(others.iloc[0])
    return values.sub(others.reindex(values.droplevel(0).index).to_numpy())


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
