"""What the job that plans an experiment is given."""

from pathlib import Path

from cbda.datasets.digest import content_digest
from cbda.settings.options import to_options
from cbda.workflow.jobs import Jobs
from cbda.workflow.layout import replay_from_tables


def measured_times(jobs: Jobs) -> str:
    """What tells of a change of the file of measured times; empty if there is none."""
    measured = jobs.config.plan.measured
    return content_digest(Path(measured)) if measured else ""


def plan_arguments(jobs: Jobs) -> list[str]:
    """What the cost of an experiment follows from."""
    return [
        *to_options("", jobs.experiment()),
        *to_options("replay", replay_from_tables(jobs)),
        *to_options("budget-unit", jobs.config.experiment.budget_unit),
        *jobs.starting_arguments(),
        *_query_arguments(jobs),
        *to_options("iterations", jobs.config.pretrain.iterations),
        *jobs.class_arguments(),
        *jobs.model_arguments(),
        *to_options("encode", jobs.config.encode),
        *to_options("training", jobs.config.training),
        *to_options("num-concurrent", jobs.config.plan.num_concurrent),
        *to_options("flip", jobs.config.evaluate.flip),
    ]


def _query_arguments(jobs: Jobs) -> list[str]:
    """What the queries of every method are."""
    words = []
    for name, method in jobs.methods.items():
        radius = jobs.radius_arguments(name)[1]
        words += ["--query", name, method.unit, radius, method.allocation]
    return words
