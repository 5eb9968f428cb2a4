"""What a report is made from."""

import math
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from cbda.report.budgets import FRACTION, BudgetUnit
from cbda.report.style import LineStyles, Names, method_line_styles
from cbda.results.areas import area_table
from cbda.results.curves import find_curves
from cbda.results.metrics import normalised_entropy
from cbda.results.pairs import by_seed, seed_differences
from cbda.results.ranks import acquired_results
from cbda.results.runs import NO_BUDGET, PERCENT, Run
from cbda.results.saturation import RANDOM, saturated_budgets
from cbda.results.sheet import Row
from cbda.results.tabulate import acquisition_table, summary_table
from cbda.settings.tables import AnalyseSettings


@dataclass(frozen=True)
class Experiment:
    """All that a report is made from but its gallery."""

    runs: list[Run]  # all that the table expects
    baseline: str
    classes: list[str]
    pool_counts: list[int] | None = None  # pixels by class in the pool's labels, if counted
    balance_targets: dict[str, list[str]] = field(default_factory=dict)  # method to shares
    config: dict[str, Any] = field(default_factory=dict)
    rows: list[Row] = field(default_factory=list)  # where their files are
    benchmarks: Path | None = None  # folder of those of the jobs; None without times
    made_with: dict[str, str] = field(default_factory=dict)  # commit, machines, versions
    curve: pd.DataFrame | None = None  # `learning_curve`, None if none was drawn up
    analyse: AnalyseSettings = field(default_factory=AnalyseSettings)
    budget_unit: BudgetUnit = FRACTION
    names: Names = field(default_factory=Names)  # under which methods are shown
    saturation: float = math.inf  # share of full supervision from which on budgets are saturated

    @cached_property
    def table(self) -> pd.DataFrame:
        """The main table."""
        return summary_table(self.runs, self.baseline, self.saturation)

    @cached_property
    def saturated(self) -> dict[str, float]:
        """Budgets at which methods can't be told apart, and what random reaches there."""
        return saturated_budgets(self.runs, self.saturation)

    @cached_property
    def ranked(self) -> pd.DataFrame:
        """Results of the methods at the budgets that are not saturated."""
        return acquired_results(self.runs, self.saturated)

    @cached_property
    def differences(self) -> pd.DataFrame:
        """Differences to the baseline by seed."""
        return seed_differences(self.runs, self.baseline)

    @property
    def entropies(self) -> pd.DataFrame:
        """The main table, with the spread of the entropy of what was acquired."""
        spread = by_seed(self.runs, lambda run: run.acquired_entropy).std(axis=1)
        return self.table.assign(acquired_entropy_std=spread.to_numpy())

    @cached_property
    def acquisition(self) -> pd.DataFrame:
        """Pixels acquired by round and class."""
        return acquisition_table(self.runs)

    @property
    def methods(self) -> list[str]:
        """Methods in the order given, references left out."""
        return list(dict.fromkeys(run.method for run in self.runs if run.budget != NO_BUDGET))

    @property
    def budgets(self) -> list[str]:
        """Budgets as written, the smallest first."""
        found = dict.fromkeys(run.budget for run in self.runs if run.budget != NO_BUDGET)
        return sorted(found, key=float)

    @property
    def seeds(self) -> list[int]:
        """Seeds that the experiment expects."""
        return sorted({run.seed for run in self.runs})

    @property
    def line_styles(self) -> LineStyles:
        """How every method is drawn."""
        return method_line_styles(self.methods)

    @cached_property
    def areas(self) -> pd.DataFrame:
        """Areas below the learning curves, compared with the baseline and random."""
        if self.curve is None:
            return area_table({}, [], "", "", ())
        axis, scale = self.analyse.axis, self.analyse.axis_scale
        return area_table(find_curves(self.curve, axis), self.runs, axis, scale, self.others)

    @property
    def others(self) -> list[str]:
        """Whom labels are saved against: the baseline, and random."""
        return list(dict.fromkeys([self.baseline, RANDOM]))

    def pool_shares(self) -> pd.Series | None:
        """Share of every class among the pool's labels, in percent."""
        if self.pool_counts is None:
            return None
        counts = np.array(self.pool_counts, np.float64)
        return pd.Series(PERCENT * counts / max(counts.sum(), 1), index=self.classes)

    def pool_entropy(self) -> float | None:
        """Normalised entropy of the pool's labels."""
        counts = self.pool_counts
        return None if counts is None else normalised_entropy(np.array(counts, np.int64))

    def target_shares(self) -> dict[str, NDArray[np.float64]]:
        """Shares in percent that balances aim at, where they are known beforehand."""
        shares = {}
        for method, words in self.balance_targets.items():
            wanted = ["1"] * len(self.classes) if words in ([], ["uniform"]) else words
            if len(wanted) == len(self.classes):
                parts = np.array(wanted, np.float64)
                shares[method] = PERCENT * parts / parts.sum()
        return shares
