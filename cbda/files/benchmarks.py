"""Snakemake's benchmarks: how long a job took, and how much memory it needed."""

import csv
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from cbda.datasets.digest import describe_irregular


@dataclass(frozen=True)
class Benchmark:
    """A job that came to its end."""

    phase: str
    seconds: float
    peak_mib: float  # 0 where a job was too short for it to be measured
    stop_s: float  # when its benchmark was written, since the epoch


def read_benchmark(path: Path) -> Benchmark | None:
    """The benchmark of a job; None if it is not there or not written to its end."""
    if describe_irregular(path):
        return None
    with suppress(OSError, ValueError, StopIteration, KeyError):
        with path.open(encoding="utf-8", newline="") as stream:
            row = next(csv.DictReader(stream, delimiter="\t"))
        return Benchmark(path.stem, float(row["s"]), _memory(row), path.stat().st_mtime)
    return None


def _memory(row: dict[str, str]) -> float:
    try:
        return float(row["max_rss"])
    except ValueError:  # NA
        return 0.0


def covered_s(jobs: Iterable[Benchmark]) -> float:
    """Time in which at least one of some jobs ran: pauses between sittings don't count.

    A job ends when its benchmark was written, so that this holds only where files keep their times.
    """
    total_s, reached_s = 0.0, 0.0
    for start_s, stop_s in sorted((job.stop_s - job.seconds, job.stop_s) for job in jobs):
        total_s += max(stop_s - max(start_s, reached_s), 0.0)
        reached_s = max(reached_s, stop_s)
    return total_s


def duration(seconds: float) -> str:
    """A duration in the two units that say most."""
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    if hours:
        return f"{hours} h {minutes:02d} min"
    return f"{minutes} min {rest:02d} s" if minutes else f"{seconds:.1f} s"
