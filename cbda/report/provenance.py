"""How long the jobs took, and how much memory they needed."""

from pathlib import Path

import pandas as pd

from cbda.files.benchmarks import Benchmark, covered_s, read_benchmark

PLACES = ("*.tsv", "data/*.tsv", "seed*/**/*.tsv")  # of benchmarks, below the results


def phase_times(folder: Path) -> pd.DataFrame:
    """Number, time and peak memory of the jobs below a folder; one row per phase."""
    columns = ["phase", "seconds", "peak_mib", "stop_s"]
    phases = pd.DataFrame(_read_jobs(folder), columns=columns).groupby("phase", sort=False)
    seconds = phases["seconds"].agg(num_jobs="size", total_s="sum", longest_s="max")
    times: pd.DataFrame = seconds.assign(peak_mib=phases["peak_mib"].max()).reset_index()
    return times


def wall_time_s(folder: Path) -> float:
    """Time in which at least one job ran."""
    return covered_s(_read_jobs(folder))


def _read_jobs(folder: Path) -> list[Benchmark]:
    """Benchmarks of an experiment, without those of others that lie in its folder."""
    paths = sorted(found for place in PLACES for found in folder.glob(place))
    return [job for job in map(read_benchmark, paths) if job is not None]
