"""Learning curves compared, seed by seed: area, normalised gain, labels saved at equal mIoU."""

from collections.abc import Iterable, Sequence

import numpy as np
import pandas as pd

from cbda.results.curves import (
    Curve,
    common_span,
    labels_saved,
    mean_height,
    references,
    require_positive,
)
from cbda.results.pairs import PairedTest, paired_test, with_corrected
from cbda.results.runs import NO_BUDGET, Run

AUBC, GAIN, SAVED = "aubc", "gain", "labels_saved"
NAMES = ("metric", "axis", "scale", "method", "budget", "compared_with", "num_seeds")
OWN = NO_BUDGET  # compared with nothing

Curves = dict[tuple[str, str, int], Curve]  # by method, budget and seed
BySeed = dict[int, float]


def area_table(
    curves: Curves, runs: Iterable[Run], axis: str, scale: str, others: Sequence[str]
) -> pd.DataFrame:
    """Tidy: one row per metric, method, budget, and what a method is compared with.

    `aubc` is the mean height of a curve over the labels that all curves of a budget and seed have
    in common, in percent of mIoU; `gain` the same with `source_only` at 0 and `full` at 1 of its
    seed; `labels_saved` the share of the other's labels that a method does without at an mIoU
    that both reach. Rows compared with nothing hold mean and spread of a method's own value, the
    others those of differences paired by seed, with their tests.
    """
    require_positive(curves.values(), axis)
    known = references(runs)
    rows: list[tuple[object, ...]] = []
    for budget in dict.fromkeys(key[1] for key in curves):
        at_budget = {(m, s): curve for (m, b, s), curve in curves.items() if b == budget}
        values = _values(at_budget, known, scale)
        for metric, by_method in values.items():
            for method, of_seeds in by_method.items():
                own = paired_test(list(of_seeds.values()))[:2]
                rows.append((metric, method, budget, OWN, len(of_seeds), *PairedTest(*own)))
                for other in (name for name in others if name != method and name in by_method):
                    apart = _apart(of_seeds, by_method[other])
                    rows.append((metric, method, budget, other, len(apart), *paired_test(apart)))
        rows += _saved_rows(at_budget, budget, scale, others)
    names = [name for name in NAMES if name not in ("axis", "scale")]
    table = with_corrected(pd.DataFrame(rows, columns=[*names, *PairedTest._fields]))
    table = table.assign(axis=axis, scale=scale)
    return table[[*NAMES, *(name for name in table.columns if name not in NAMES)]]


def _values(
    curves: dict[tuple[str, int], Curve], known: dict[tuple[str, int], float], scale: str
) -> dict[str, dict[str, BySeed]]:
    """Values by metric, method and seed of the curves of one budget."""
    areas: dict[str, BySeed] = {}
    gains: dict[str, BySeed] = {}
    for seed in sorted({seed for _, seed in curves}):
        of_seed = {method: curve for (method, s), curve in curves.items() if s == seed}
        span = common_span(list(of_seed.values()))
        low, high = (known.get((name, seed), np.nan) for name in ("source_only", "full"))
        if span is None:
            continue
        for method, curve in of_seed.items():
            area = mean_height(curve, span, scale)
            areas.setdefault(method, {})[seed] = area
            if high > low:
                gains.setdefault(method, {})[seed] = (area - low) / (high - low)
    return {AUBC: areas, GAIN: gains}


def _apart(values: BySeed, others: BySeed) -> list[float]:
    """Differences of the seeds that both have."""
    return [value - others[seed] for seed, value in values.items() if seed in others]


def _saved_rows(
    curves: dict[tuple[str, int], Curve], budget: str, scale: str, others: Sequence[str]
) -> list[tuple[object, ...]]:
    rows: list[tuple[object, ...]] = []
    for method in dict.fromkeys(method for method, _ in curves):
        for other in (name for name in others if name != method):
            shares = [
                labels_saved(curve, curves[other, seed], scale)
                for (name, seed), curve in curves.items()
                if name == method and (other, seed) in curves
            ]
            if shares:
                rows.append((SAVED, method, budget, other, len(shares), *paired_test(shares)))
    return rows
