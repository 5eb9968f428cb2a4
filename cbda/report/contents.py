"""The words and numbers of the page."""

import math
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
import yaml

from cbda.report.budgets import BudgetUnit
from cbda.report.experiment import Experiment
from cbda.report.page import Section
from cbda.report.provenance import phase_times, wall_time_s
from cbda.results.correction import SIGNIFICANT, holm
from cbda.results.curves import ACROSS_BUDGETS
from cbda.results.pairs import MEASURES, PairedTest, paired_test

MIN_SEEDS = 3  # repetitions of one seed elsewhere are 0.7 mIoU apart: fewer pairs say nothing

# What the CBDA paper reports, to stand beside what is measured here: CBDA minus region acquisition,
# in percentage points by budget, of abstract and project page. Absolute values are not known.
PUBLISHED_SETTING = "GTAV to Cityscapes, arXiv 2311.14146"
PUBLISHED_PAIR = ("cbda", "ra")
PUBLISHED = {
    "mIoU": {0.05: 0.6, 0.1: 1.7, 0.2: 2.4},
    "worst_class_IoU": {0.05: 0.5, 0.1: 2.9, 0.2: 4.6},
}


def page_content(experiment: Experiment, sections: list[Section]) -> dict[str, Any]:
    """Everything that the template of the page names."""
    folder, config = experiment.benchmarks, experiment.config
    names = experiment.names
    comparisons = compare(experiment.differences, experiment.baseline)
    missing = (run for run in experiment.runs if run.evaluation is None)
    return {
        "title": "Acquisition methods compared",
        "summary": _summary(experiment),
        "sections": sections,
        "verdict": verdict(len(experiment.seeds)),
        "names": names,
        "renamed": {name: names[name] for name in experiment.table["method"] if name in names},
        "missing": ", ".join(f"{run.method} {run.budget} seed {run.seed}" for run in missing),
        "baseline": experiment.baseline,
        "rows": experiment.table.to_dict("records"),
        "with_subset": "mIoU_subset_mean" in experiment.table,
        "subset": ", ".join(config.get("evaluate", {}).get("subset", ())),
        "budget_unit": experiment.budget_unit,
        "areas": area_rows(experiment.areas, experiment.budget_unit),
        "area_others": [name for name in experiment.others if name in experiment.methods],
        "axis": experiment.analyse.axis,
        "axis_scale": experiment.analyse.axis_scale,
        "saturated": list(experiment.saturated.items()),
        "comparisons": comparisons,
        "with_published": any(
            not math.isnan(points) for item in comparisons for points in item.published.values()
        ),
        "published_setting": PUBLISHED_SETTING,
        "config": yaml.safe_dump(config, sort_keys=False, default_flow_style=None, width=100),
        "made_with": experiment.made_with or {"records": "none, the results were given by hand"},
        "times": [] if folder is None else phase_times(folder).to_dict("records"),
        "wall_time_s": 0.0 if folder is None else wall_time_s(folder),
    }


def _summary(experiment: Experiment) -> str:
    seeds, methods = experiment.seeds, [experiment.names[name] for name in experiment.methods]
    unit = experiment.budget_unit
    budgets = ", ".join(map(unit.number, experiment.budgets))
    plural = "s" if len(seeds) > 1 else ""
    return (
        f"{len(experiment.methods)} methods ({', '.join(methods)}) at budgets of"
        f" {budgets} {unit.meaning}, {len(seeds)} seed{plural}"
        f" ({', '.join(map(str, seeds))}), {len(experiment.classes)} classes."
    )


class Comparison(NamedTuple):
    """A method against the baseline at one budget, in percentage points by measure."""

    method: str
    budget: str  # as written in the configuration
    num_seeds: int
    tests: dict[str, PairedTest]
    num_higher: dict[str, int]  # pairs in which the method is above the baseline
    published: dict[str, float]  # by the CBDA paper; NaN where it reports nothing
    corrected: dict[str, float]  # p of the paired t-test, corrected for all rows

    def is_clear(self, measure: str) -> bool:
        """Whether there are seeds enough and the corrected test tells the mean from zero."""
        return self.num_seeds >= MIN_SEEDS and self.corrected[measure] < SIGNIFICANT


def compare(differences: pd.DataFrame, baseline: str) -> list[Comparison]:
    """Every method at every budget, the smallest first, from the table of `seed_differences`."""
    groups = list(differences.groupby(["method", "budget"], sort=False))
    tests = [{name: paired_test(rows[name].to_numpy()) for name in MEASURES} for _, rows in groups]
    corrected = {name: holm(np.array([of[name].p_t for of in tests])) for name in MEASURES}
    comparisons = [
        Comparison(
            str(method),
            str(budget),
            len(rows),
            tests=tests[place],
            num_higher={name: int((rows[name] > 0).sum()) for name in MEASURES},
            published=_published(str(method), str(budget), baseline),
            corrected={name: float(corrected[name][place]) for name in MEASURES},
        )
        for place, ((method, budget), rows) in enumerate(groups)
    ]
    return sorted(comparisons, key=lambda item: float(item.budget))


def area_rows(areas: pd.DataFrame, unit: BudgetUnit) -> list[dict[str, Any]]:
    """One row per budget and method of an `area_table`: its own values, and labels saved."""
    rows: dict[tuple[str, str], dict[str, Any]] = {}
    for item in areas.to_dict("records"):
        budget, method = str(item["budget"]), str(item["method"])
        where = "all" if budget == ACROSS_BUDGETS else unit.number(budget)
        row = rows.setdefault((budget, method), {"budget": where, "method": method})
        row[f"{item['metric']} {item['compared_with']}"] = item
    return list(rows.values())


def _published(method: str, budget: str, baseline: str) -> dict[str, float]:
    """By measure; NaN where the paper reports nothing."""
    fraction = float(budget) if (method, baseline) == PUBLISHED_PAIR else math.nan
    return {name: points.get(fraction, math.nan) for name, points in PUBLISHED.items()}


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
        " whose corrected p is 0.05 or more is no finding."
    )
