"""Runs of an experiment and their results."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from cbda.errors import UserError
from cbda.files.json_files import read_evaluation
from cbda.files.labels import LabelSummary, read_label_summary
from cbda.results.metrics import normalised_entropy

PERCENT = 100.0
NO_BUDGET = "-"  # of a reference
METRICS = {"mIoU": "mIoU", "mIoU_subset": "mIoU_subset", "worst_class_IoU": "worst_class_iou"}


@dataclass(frozen=True)
class Run:
    """One cell of the experiment: a method or reference at a budget with a seed."""

    method: str
    budget: str  # fraction of the pool's pixels, as written in the configuration
    seed: int
    evaluation_path: Path  # a file that is not there if the run is not finished
    labels_path: Path | None  # of the last round; None for a reference
    evaluation: dict[str, Any] | None = None  # None if the run is missing
    labels: LabelSummary | None = None  # None for a reference or a missing run

    @classmethod
    def parse(cls, words: list[str]) -> "Run":
        """From the five words of the option `--run`."""
        method, budget, seed, evaluation, labels = words
        if not seed.isdecimal():
            raise UserError(f"run {method} {budget}: seed {seed!r} is not a number")
        labels_path = None if labels == "-" else Path(labels)
        return cls(method, budget, int(seed), Path(evaluation), labels_path)

    @property
    def paths(self) -> list[Path]:
        """The files of its result."""
        return [path for path in (self.evaluation_path, self.labels_path) if path is not None]

    @property
    def is_missing(self) -> bool:
        """Whether the run has no result."""
        return self.evaluation is None

    def percent(self, metric: str) -> float | None:
        """A result of `METRICS` in percent; None if it is missing."""
        value = None if self.evaluation is None else self.evaluation.get(METRICS[metric])
        return None if value is None else PERCENT * float(value)

    @property
    def acquired_entropy(self) -> float | None:
        """Normalised entropy of the classes of all acquired pixels; None if none has a class."""
        if self.labels is None or not self.labels.class_counts.any():
            return None
        return normalised_entropy(self.labels.class_counts.sum(axis=0))


def has_subset(runs: Iterable[Run]) -> bool:
    """Whether evaluations have a mean over a subset of the classes."""
    return any(run.evaluation and "mIoU_subset" in run.evaluation for run in runs)


def load_run(run: Run) -> Run:
    """Read the files of a run; one whose files are not there stays without a result."""
    if not all(path.is_file() for path in run.paths):
        return run
    labels = None if run.labels_path is None else read_label_summary(run.labels_path)
    return replace(run, evaluation=read_evaluation(run.evaluation_path), labels=labels)
