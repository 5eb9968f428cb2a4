"""How far an experiment is: its jobs, which of them are done or under way, and the time left.

All is read from files: the sample sheet, which results are there, the benchmarks of their jobs, and
Snakemake's notes of what it has begun, which on a cluster is what it has submitted.
"""

import os
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

from cbda.acquisition.catalogue import REFERENCES
from cbda.files.benchmarks import Benchmark, covered_s, read_benchmark
from cbda.results.sheet import NONE, Row

UNDER_WAY_LEFT = 0.5  # of its time, on average, that a job under way still takes
PHASES = (
    *("pretrain", *REFERENCES, "score", "acquire", "finetune", "retrain", "evaluate"),
)  # as far as the sheet tells
TRAININGS = {"source_only": "pretrain", "full": "finetune", "retrain": "finetune"}


class Job(NamedTuple):
    """A job that an experiment needs, in whatever state."""

    phase: str
    output: str

    @property
    def benchmarks(self) -> list[Path]:
        """Where its benchmark may be: people answer in place of the labels of the pool."""
        name = TRAININGS.get(self.phase, self.phase)
        names = [name, "ask"] if name == "acquire" else [name]
        return [Path(self.output).parent / f"{name}.tsv" for name in names]


@dataclass(frozen=True)
class Progress:
    """The jobs of a phase."""

    phase: str
    num_jobs: int
    num_under_way: int
    done: list[Benchmark | None]  # of each that is done; None where nothing was measured

    @property
    def num_left(self) -> int:
        """Those that have not begun."""
        return self.num_jobs - self.num_under_way - len(self.done)

    @property
    def measured(self) -> list[Benchmark]:
        """Those that were."""
        return [job for job in self.done if job is not None]

    @property
    def mean_s(self) -> float | None:
        """Time of a job; None if none was measured."""
        seconds = [job.seconds for job in self.measured]
        return sum(seconds) / len(seconds) if seconds else None

    @property
    def left_s(self) -> float | None:
        """Time that is left, one job at a time; None if it is not known."""
        number = self.num_left + UNDER_WAY_LEFT * self.num_under_way
        return 0.0 if number == 0 else None if self.mean_s is None else number * self.mean_s


def list_jobs(rows: Iterable[Row]) -> list[Job]:
    """The jobs of the runs of a sample sheet, each once and before those that need it.

    Those of data and tables are left out.
    """
    return list(dict.fromkeys(job for row in rows for job in _jobs_of(row)))


def _jobs_of(row: Row) -> Iterator[Job]:
    if row.labels == NONE:
        yield Job(row.method, f"{os.path.dirname(row.evaluation)}/model.pt")
    elif row.diagnosis != NONE:  # of a run that acquires by itself
        folder = Path(row.labels).parent
        yield Job("pretrain", str(folder.parents[2] / "pretrain/model.pt"))
        for phase, name in (("score", "scores.h5"), ("acquire", ""), ("finetune", "model.pt")):
            yield Job(phase, str(folder / name) if name else row.labels)
    elif row.evaluation != NONE:
        folder = Path(row.evaluation).parent
        yield Job("pretrain", str(folder.parents[1] / "pretrain/model.pt"))
        yield Job("retrain", str(folder / "retrained/model.pt"))
    if row.retrained != NONE:
        yield Job("retrain", f"{os.path.dirname(row.retrained)}/model.pt")
    evaluations = [row.evaluation, row.round_evaluation, row.retrained]
    yield from (Job("evaluate", path) for path in evaluations if path != NONE)


def progress(
    jobs: Iterable[Job], is_begun: Callable[[str], bool], is_alive: bool
) -> list[Progress]:
    """The phases of some jobs that have any.

    A job that was begun is under way, or has to be begun again if the run of Snakemake is no more.
    """
    by_phase: dict[str, list[Job]] = {phase: [] for phase in PHASES}
    for job in jobs:
        by_phase[job.phase].append(job)
    return [_progress(name, of, is_begun, is_alive) for name, of in by_phase.items() if of]


def _progress(
    phase: str, jobs: list[Job], is_begun: Callable[[str], bool], is_alive: bool
) -> Progress:
    begun = {job.output for job in jobs if is_begun(job.output)}
    rest = {job: _benchmark(job) for job in jobs if job.output not in begun}
    done = [found for job, found in rest.items() if found or os.path.isfile(job.output)]
    return Progress(phase, len(jobs), len(begun) if is_alive else 0, done)


def next_job(jobs: Iterable[Job]) -> Job | None:
    """The first job that is not done; None if all are."""
    return next((job for job in jobs if not is_done(job)), None)


def is_done(job: Job) -> bool:
    """Whether a job has come to its end."""
    return _benchmark(job) is not None or os.path.isfile(job.output)


def _benchmark(job: Job) -> Benchmark | None:
    """What was measured of a job that is done; scores are deleted once they are used."""
    if job.phase != "score" and not os.path.isfile(job.output):
        return None
    return next(filter(None, map(read_benchmark, job.benchmarks)), None)


def concurrency(phases: Iterable[Progress], since_s: float) -> float:
    """Jobs at a time, on average over the time in which any ran; 1 before the first.

    Jobs count that began after a time since the epoch, such as the start of the run: before it,
    other resources may have been given, or files copied.
    """
    measured = [job for phase in phases for job in phase.measured]
    jobs = [job for job in measured if job.stop_s - job.seconds >= since_s]
    wall_s = covered_s(jobs)
    return max(sum(job.seconds for job in jobs) / wall_s, 1.0) if wall_s else 1.0
