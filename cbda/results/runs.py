"""Runs of an experiment and their results."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from cbda.errors import UserError
from cbda.files.json_files import read_evaluation
from cbda.files.labels import LabelFile, LabelSummary
from cbda.results.metrics import normalised_entropy
from cbda.results.sheet import NONE, Row

PERCENT = 100.0
NO_BUDGET = NONE  # of a reference
METRICS = {"mIoU": "mIoU", "mIoU_subset": "mIoU_subset", "worst_class_IoU": "worst_class_iou"}


@dataclass(frozen=True)
class Run:
    """One cell of the experiment: a method or reference at a budget with a seed."""

    method: str
    budget: str  # fraction of the pool's pixels, as written in the configuration
    seed: int
    evaluation: dict[str, Any] | None = None  # None if the run is missing
    labels: LabelSummary | None = None  # None for a reference or a missing run

    def percent(self, metric: str) -> float | None:
        """A result of `METRICS` in percent; None if it is missing."""
        value = None if self.evaluation is None else self.evaluation.get(METRICS[metric])
        return None if value is None else PERCENT * float(value)

    @property
    def acquired_entropy(self) -> float | None:
        """Normalised entropy of the classes of all acquired pixels; NaN if none has a class."""
        labels = self.labels
        return None if labels is None else normalised_entropy(labels.class_counts.sum(axis=0))


def has_subset(runs: Iterable[Run]) -> bool:
    """Whether evaluations have a mean over a subset of the classes."""
    return any(run.evaluation and "mIoU_subset" in run.evaluation for run in runs)


def result_paths(row: Row) -> list[Path]:
    """The files of the result of a row; references have no labels."""
    return [Path(path) for path in (row.evaluation, row.labels) if path != NONE]


def load_run(row: Row) -> Run:
    """Read the files of a row; a run whose files are not there stays without a result."""
    if not row.seed.isdecimal():
        raise UserError(f"run {row.method} {row.budget}: seed {row.seed!r} is not a number")
    run = Run(row.method, row.budget, int(row.seed))
    evaluation, *labels = result_paths(row)
    if not all(path.is_file() for path in (evaluation, *labels)):
        return run
    for path in labels:
        with LabelFile.open(path) as file:
            run = replace(run, labels=file.summary)
    return replace(run, evaluation=read_evaluation(evaluation))
