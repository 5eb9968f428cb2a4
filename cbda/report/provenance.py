"""How long the jobs took, and how much memory they needed."""

from pathlib import Path

import pandas as pd

PLACES = ("*.tsv", "data/*.tsv", "seed*/**/*.tsv")  # of benchmarks, below the results


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
        if path.is_file()
    ]
    columns = ["phase", "s", "max_rss", "stop_s"]
    return pd.concat([pd.DataFrame(columns=columns), *jobs])[columns].fillna({"max_rss": 0.0})
