"""Runs of an experiment and their results."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from cbda.errors import UserError
from cbda.files.json_files import read_evaluation
from cbda.files.labels import LabelFile, LabelSummary
from cbda.results.metrics import normalised_entropy
from cbda.results.sheet import NONE, Row, result_paths

PERCENT = 100.0
NO_BUDGET = NONE  # of a reference
METRICS = {
    "mIoU": "mIoU",
    "worst_class_IoU": "worst_class_iou",
    "mIoU_subset": "mIoU_subset",
    "mIoU_retrained": "mIoU",  # of the model that was trained anew
}


@dataclass(frozen=True)
class Run:
    """One cell of the experiment: a method or reference at a budget with a seed."""

    method: str
    budget: str  # as written in the configuration
    seed: int
    evaluation: dict[str, Any] | None = None  # None if the run is missing
    labels: LabelSummary | None = None  # None for a reference or a missing run
    retrained: dict[str, Any] | None = None  # evaluation of a model trained anew on the last labels

    def result(self, metric: str) -> dict[str, Any]:
        """The evaluation that a metric is of; empty if there is none."""
        return (self.retrained if metric == "mIoU_retrained" else self.evaluation) or {}

    def percent(self, metric: str) -> float | None:
        """A result of `METRICS` in percent; None if it is missing."""
        value = self.result(metric).get(METRICS[metric])
        return None if value is None else PERCENT * float(value)

    @property
    def acquired_entropy(self) -> float | None:
        """Normalised entropy of the classes of all acquired pixels; NaN if none has a class."""
        labels = self.labels
        return None if labels is None else normalised_entropy(labels.class_counts.sum(axis=0))


def has_metric(runs: Iterable[Run], metric: str) -> bool:
    """Whether any run was measured by one of `METRICS`."""
    return any(METRICS[metric] in run.result(metric) for run in runs)


def load_run(row: Row) -> Run:
    """Read the files of a row; a run whose files are not there stays without a result."""
    if not row.seed.isdecimal():
        raise UserError(f"run {row.method} {row.budget}: seed {row.seed!r} is not a number")
    run = Run(row.method, row.budget, int(row.seed))
    if not all(path.is_file() for path in result_paths(row)):
        return run
    if row.labels != NONE:
        with LabelFile.open(Path(row.labels)) as file:
            run = replace(run, labels=file.summary)
    if row.retrained != NONE:
        run = replace(run, retrained=read_evaluation(Path(row.retrained)))
    return replace(run, evaluation=read_evaluation(Path(row.evaluation)))
