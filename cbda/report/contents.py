"""The words and numbers of the page."""

from typing import Any

from cbda.report import published
from cbda.report.differences import compare, verdict
from cbda.report.experiment import Experiment
from cbda.report.page import Section, percent_of
from cbda.report.provenance import phase_times, wall_time_s


def page_content(experiment: Experiment, sections: list[Section]) -> dict[str, Any]:
    """Everything that the template of the page names."""
    import yaml

    folder, config = experiment.benchmarks, experiment.config
    missing = (run for run in experiment.runs if run.is_missing)
    return {
        "title": "Acquisition methods compared",
        "summary": _summary(experiment),
        "sections": sections,
        "verdict": verdict(experiment.num_seeds),
        "missing": ", ".join(f"{run.method} {run.budget} seed {run.seed}" for run in missing),
        "baseline": experiment.baseline,
        "rows": experiment.table.to_dict("records"),
        "with_subset": "mIoU_subset_mean" in experiment.table,
        "subset": ", ".join(config.get("evaluate", {}).get("subset", ())),
        "comparisons": compare(experiment.differences, experiment.baseline),
        "published_setting": published.SETTING,
        "config": yaml.safe_dump(config, sort_keys=False, default_flow_style=None, width=100),
        "made_with": experiment.made_with or {"records": "none, the results were given by hand"},
        "times": [] if folder is None else phase_times(folder).to_dict("records"),
        "wall_time_s": 0.0 if folder is None else wall_time_s(folder),
    }


def _summary(experiment: Experiment) -> str:
    seeds = sorted({run.seed for run in experiment.runs})
    budgets = ", ".join(map(percent_of, experiment.budgets))
    plural = "s" if len(seeds) > 1 else ""
    return (
        f"{len(experiment.methods)} methods ({', '.join(experiment.methods)}) at budgets of"
        f" {budgets} % of the pool's pixels, {len(seeds)} seed{plural}"
        f" ({', '.join(map(str, seeds))}), {len(experiment.classes)} classes."
    )
