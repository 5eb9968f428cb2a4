"""Where the numbers come from: versions, commit, machine, time."""

import os
import platform
import subprocess
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

import pandas as pd

import cbda
from cbda.compute.commit import source_commit

PACKAGES = ("torch", "numpy", "h5py", "segmentation-models-pytorch", "snakemake", "matplotlib")
GIB = 2**30
PLACES = ("*.tsv", "data/*.tsv", "seed*/**/*.tsv")  # of benchmarks, below the results


def describe_software() -> dict[str, str]:
    """Versions of what computes, and the commit of the package."""
    commit = source_commit() or "not in a git repository"
    found = {"cbda": cbda.__version__, "commit": commit, "Python": platform.python_version()}
    for name in PACKAGES:
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            found[name] = "not installed"
    return found


def describe_machine() -> dict[str, str]:
    """The machine that makes the report, which is the one that ran the jobs unless on a cluster."""
    gpus = _output(["nvidia-smi", "--query-gpu=name", "--format=csv,noheader"])
    return {
        "system": f"{platform.system()} {platform.release()} {platform.machine()}",
        "processor": _processor(),
        "cores": str(os.cpu_count()),
        "memory": f"{os.sysconf('SC_PAGE_SIZE') * os.sysconf('SC_PHYS_PAGES') / GIB:.0f} GiB",
        "GPUs": ", ".join(gpus.splitlines()) or "none",
    }


def phase_times(folder: Path) -> pd.DataFrame:
    """Number, time and peak memory of the jobs below a folder; one row per phase."""
    phases = _read_jobs(folder).groupby("phase", sort=False)
    seconds = phases["s"].agg(num_jobs="size", total_s="sum", longest_s="max")
    times: pd.DataFrame = seconds.assign(peak_mib=phases["max_rss"].max()).reset_index()
    return times


def wall_time_s(folder: Path) -> float:
    """Time in which at least one job ran: pauses between sittings don't count.

    A job ends when its benchmark was written, so that this holds only where files keep their times.
    """
    total_s, reached_s = 0.0, 0.0
    jobs = _read_jobs(folder)
    for start_s, stop_s in sorted(zip(jobs["stop_s"] - jobs["s"], jobs["stop_s"], strict=True)):
        total_s += max(stop_s - max(start_s, reached_s), 0.0)
        reached_s = max(reached_s, stop_s)
    return total_s


def _read_jobs(folder: Path) -> pd.DataFrame:
    """Benchmarks of an experiment, without those of others that lie in its folder.

    Memory, in MiB, is 0 where a job was too short for it to be measured.
    """
    jobs = [
        pd.read_csv(path, sep="\t").assign(phase=path.stem, stop_s=path.stat().st_mtime)
        for path in sorted(found for place in PLACES for found in folder.glob(place))
    ]
    columns = ["phase", "s", "max_rss", "stop_s"]
    return pd.concat([pd.DataFrame(columns=columns), *jobs])[columns].fillna({"max_rss": 0.0})


def _processor() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except OSError:
        return platform.processor() or "unknown"
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.machine()


def _output(command: list[str]) -> str:
    """What a program prints; nothing if it is not there or fails."""
    try:
        done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=20)
    except (OSError, subprocess.TimeoutExpired):
        return ""
    return done.stdout.strip() if done.returncode == 0 else ""
