"""Who beats whom over all budgets, and how stable the order of the methods is."""

from collections.abc import Collection, Iterable, Sequence
from itertools import permutations
from operator import methodcaller

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from cbda.results.correction import SIGNIFICANT, holm
from cbda.results.pairs import ALL_BUDGETS, by_seed, paired_test
from cbda.results.runs import NO_BUDGET, Run

RESAMPLING_SEED = 0
LIMITS = (2.5, 97.5)  # percentiles of the ranks of resampled seeds
RANKS = ("budget", "method", "num_seeds", "rank", "rank_low", "rank_high", "share_best")

Floats = NDArray[np.float64]


def acquired_results(runs: Iterable[Run], saturated: Collection[str] = ()) -> pd.DataFrame:
    """The mIoU in percent of all methods but references, by method and budget, and by seed.

    Saturated budgets are left out.
    """
    values = by_seed(runs, methodcaller("percent", "mIoU"))
    budgets = values.index.get_level_values("budget")
    return values[~budgets.isin([NO_BUDGET, *saturated])]


def penalty_matrix(values: pd.DataFrame, methods: Sequence[str] = ()) -> pd.DataFrame:
    """Share of the budgets at which the method of a row beats that of a column.

    To beat is a higher mean mIoU, with a p of the paired t-test below 0.05 after Holm's
    correction over all pairs at all budgets. The row `penalty` has the means of the columns: the
    lower, the better. NaN where no pair of seeds could be tested. Methods that are named have a
    row and a column in any case.
    """
    tests = _pair_tests(values)
    methods = list(dict.fromkeys([*methods, *values.index.get_level_values("method")]))
    shares = pd.DataFrame(np.nan, index=methods, columns=methods)
    if len(tests):
        tests["won"] = (tests["diff"] > 0) & (tests["p"] < SIGNIFICANT)
        for (winner, loser), rows in tests.groupby(["winner", "loser"]):
            shares.loc[winner, loser] = rows["won"].mean()
    shares.loc["penalty"] = shares.mean()
    return shares


def _pair_tests(values: pd.DataFrame) -> pd.DataFrame:
    """Every ordered pair at every budget that could be tested; p corrected once per pair."""
    rows = []
    for budget, group in values.groupby(level="budget", sort=False):
        by_method = group.droplevel("budget")
        for one, other in permutations(by_method.index, 2):
            test = paired_test((by_method.loc[one] - by_method.loc[other]).dropna().to_numpy())
            rows.append((one, other, budget, test.diff_mean, test.p_t))
    table = pd.DataFrame(rows, columns=["winner", "loser", "budget", "diff", "p"]).dropna()
    once = table["diff"] >= 0  # the same test turned round is no test of its own
    pairs = [frozenset(pair) for pair in zip(table["winner"], table["loser"], strict=True)]
    keys = pd.Series(list(zip(pairs, table["budget"], strict=True)), table.index, dtype=object)
    first = table[once & ~keys.where(once).duplicated()]
    corrected = dict(zip(keys[first.index], holm(first["p"].to_numpy(np.float64)), strict=True))
    return table.assign(p=[corrected[key] for key in keys])


def rank_table(values: pd.DataFrame, num_resamples: int) -> pd.DataFrame:
    """Rank of every method by its mean mIoU, 1 the best, at each budget and over all.

    Only seeds count that every method has. `rank_low` and `rank_high` are the 2.5 and 97.5
    percentiles of the ranks when seeds are drawn with replacement, by a fixed seed, and
    `share_best` is the share of the draws in which a method is the best, a tie shared out.
    """
    groups = {str(b): g.droplevel("budget") for b, g in values.groupby(level="budget", sort=False)}
    if len(groups) > 1:
        means = values.groupby(level="method", sort=False).sum(min_count=len(groups)) / len(groups)
        groups[ALL_BUDGETS] = means
    rows = [row for budget, group in groups.items() for row in _ranks(budget, group, num_resamples)]
    return pd.DataFrame(rows, columns=list(RANKS))


def _ranks(budget: str, group: pd.DataFrame, num_resamples: int) -> list[tuple[object, ...]]:
    known = group.dropna(axis=1)
    num_seeds = known.shape[1]
    if num_seeds == 0:
        return [(budget, method, 0, *[np.nan] * 4) for method in group.index]
    results = known.to_numpy(np.float64)  # (methods, seeds)
    drawn = np.random.default_rng(RESAMPLING_SEED).integers(
        num_seeds, size=(num_resamples, num_seeds)
    )
    ranks = _rank(results[:, drawn].mean(axis=2))  # (methods, resamples)
    best = ranks == ranks.min(axis=0)
    shares = (best / best.sum(axis=0)).mean(axis=1)
    spread = (
        np.percentile(ranks, LIMITS, axis=1) if num_seeds > 1 else np.full((2, len(known)), np.nan)
    )
    shares = shares if num_seeds > 1 else np.full(len(known), np.nan)
    observed = _rank(results.mean(axis=1)[:, None])[:, 0]
    columns = zip(known.index, observed, *spread, shares, strict=True)
    return [(budget, method, num_seeds, *rest) for method, *rest in columns]


def _rank(means: Floats) -> Floats:
    """Ranks in every column, 1 the highest; ties share the mean of theirs."""
    from scipy.stats import rankdata

    return np.asarray(rankdata(-means.round(9), axis=0), np.float64)
