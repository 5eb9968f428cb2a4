"""Where the numbers come from: versions, commit, machine, time."""

import csv
import os
import platform
import subprocess
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import NamedTuple

import cbda

PACKAGES = ("torch", "numpy", "h5py", "segmentation-models-pytorch", "snakemake", "matplotlib")
GIB = 2**30
PLACES = ("*.tsv", "data/*.tsv", "seed*/**/*.tsv")  # of benchmarks, below the results


class PhaseTime(NamedTuple):
    """Time of all jobs of a phase.

    Attributes:
        phase: name of the rule's log and benchmark.
        num_jobs: benchmarks found.
        total_s: sum over the jobs.
        longest_s: the longest job.
        peak_mib: the largest memory of a job.
    """

    phase: str
    num_jobs: int
    total_s: float
    longest_s: float
    peak_mib: float


class _Job(NamedTuple):
    phase: str
    start_s: float
    stop_s: float
    peak_mib: float


def describe_software() -> dict[str, str]:
    """Versions of what computes, and the commit of the package."""
    found = {"cbda": cbda.__version__, "commit": commit(), "Python": platform.python_version()}
    for name in PACKAGES:
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            found[name] = "not installed"
    return found


def describe_machine() -> dict[str, str]:
    """The machine that makes the report, which is the one that ran the jobs unless on a cluster."""
    return {
        "system": f"{platform.system()} {platform.release()} {platform.machine()}",
        "processor": _processor(),
        "cores": str(os.cpu_count()),
        "memory": f"{os.sysconf('SC_PAGE_SIZE') * os.sysconf('SC_PHYS_PAGES') / GIB:.0f} GiB",
        "GPUs": _gpus(),
    }


def commit() -> str:
    """Commit of the repository that the package lies in, and whether files have been changed."""
    folder = Path(cbda.__file__).parent
    number = _output(["git", "-C", str(folder), "rev-parse", "HEAD"])
    if not number:
        return "not in a git repository"
    changed = _output(["git", "-C", str(folder), "status", "--porcelain", "--untracked-files=no"])
    return f"{number} with changes" if changed else number


def phase_times(folder: Path) -> list[PhaseTime]:
    """Times by phase from the benchmarks below a folder."""
    jobs: dict[str, list[_Job]] = {}
    for job in _read_jobs(folder):
        jobs.setdefault(job.phase, []).append(job)
    return [
        PhaseTime(
            phase,
            len(group),
            sum(job.stop_s - job.start_s for job in group),
            max(job.stop_s - job.start_s for job in group),
            max(job.peak_mib for job in group),
        )
        for phase, group in jobs.items()
    ]


def wall_time_s(folder: Path) -> float:
    """Time in which at least one job ran: pauses between sittings don't count.

    A job ends when its benchmark was written, so that this holds only where files keep their times.
    """
    total_s, reached_s = 0.0, 0.0
    for job in sorted(_read_jobs(folder), key=lambda job: job.start_s):
        total_s += max(job.stop_s - max(job.start_s, reached_s), 0.0)
        reached_s = max(reached_s, job.stop_s)
    return total_s


def _read_jobs(folder: Path) -> list[_Job]:
    """Jobs of an experiment, without those of others that lie in its folder."""
    jobs = []
    for path in sorted(found for place in PLACES for found in folder.glob(place)):
        stop_s = path.stat().st_mtime
        with path.open(encoding="utf-8", newline="") as stream:
            for row in csv.DictReader(stream, delimiter="\t"):
                start_s = stop_s - float(row["s"])
                jobs.append(_Job(path.stem, start_s, stop_s, _number(row["max_rss"])))
    return jobs


def _number(text: str) -> float:
    """A measure of a benchmark; one of a very short job is missing."""
    try:
        return float(text)
    except ValueError:
        return 0.0


def _processor() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except OSError:
        return platform.processor() or "unknown"
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.machine()


def _gpus() -> str:
    names = _output(["nvidia-smi", "--query-gpu=name", "--format=csv,noheader"])
    return ", ".join(names.splitlines()) or "none"


def _output(command: list[str]) -> str:
    """What a program prints; nothing if it is not there or fails."""
    try:
        done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=20)
    except (OSError, subprocess.TimeoutExpired):
        return ""
    return done.stdout.strip() if done.returncode == 0 else ""
