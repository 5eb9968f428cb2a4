"""The words and numbers of the page."""

from pathlib import Path
from typing import Any

from cbda.report import published
from cbda.report.differences import compare, verdict
from cbda.report.experiment import Experiment
from cbda.report.page import Section, comparison_rows, duration, percent_of, table_rows, time_rows
from cbda.report.provenance import (
    describe_machine,
    describe_software,
    phase_times,
    wall_time_s,
)


def page_content(experiment: Experiment, sections: list[Section]) -> dict[str, Any]:
    """Everything that the template of the page names."""
    comparisons = compare(experiment.differences, experiment.baseline)
    anchors = [(section.anchor, section.title) for section in sections]
    return {
        "title": "Acquisition methods compared",
        "summary": _summary(experiment),
        "sections": [("table", "Table"), ("differences", "Differences"), *anchors,
                     ("run", "What was run")],
        "verdict": verdict(experiment.num_seeds),
        "missing": _missing_runs(experiment),
        "baseline": experiment.baseline,
        "rows": table_rows(experiment.table, experiment.baseline),
        "with_subset": "mIoU_subset_mean" in experiment.table,
        "subset": ", ".join(experiment.config.get("evaluate", {}).get("subset", ())),
        "comparisons": comparison_rows(comparisons),
        "published_setting": published.SETTING,
        "figure_sections": sections,
        "config": _as_yaml(experiment.config),
        "software": describe_software(),
        "machine": describe_machine(),
        **_times(experiment.benchmarks),
    }  # fmt: skip


def _missing_runs(experiment: Experiment) -> str:
    missing = (run for run in experiment.runs if run.is_missing)
    return ", ".join(f"{run.method} {run.budget} seed {run.seed}" for run in missing)


def _times(folder: Path | None) -> dict[str, Any]:
    times = [] if folder is None else phase_times(folder)
    return {
        "times": time_rows(times),
        "total_time": duration(sum(item.total_s for item in times)),
        "wall_time": duration(0.0 if folder is None else wall_time_s(folder)),
    }


def _summary(experiment: Experiment) -> str:
    seeds = sorted({run.seed for run in experiment.runs})
    budgets = ", ".join(percent_of(budget) for budget in experiment.budgets)
    plural = "s" if len(seeds) > 1 else ""
    return (
        f"{len(experiment.methods)} methods ({', '.join(experiment.methods)}) at budgets of"
        f" {budgets} % of the pool's pixels, {len(seeds)} seed{plural}"
        f" ({', '.join(map(str, seeds))}), {len(experiment.classes)} classes."
    )


def _as_yaml(config: dict[str, Any]) -> str:
    import yaml

    return yaml.safe_dump(config, sort_keys=False, default_flow_style=None, width=100)
