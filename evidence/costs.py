"""What the jobs of a table took, by the benchmarks beside their results."""

from collections.abc import Iterable
from pathlib import Path

import pandas as pd

from cbda.files.benchmarks import read_benchmark
from cbda.results.sheet import FILES, NONE, Row, read_rows

TRAININGS = ("pretrain", "finetune")
RETRAINED = "retrained"
NAMED_BY_FOLDER = {"full": "full", "source_only": "source_only", RETRAINED: "retrain"}
OF_DATA = "data"  # folder in which checks of data sets lie


def benchmarks(tables: Path, results: Path, sets: Path) -> set[Path]:
    """Of all jobs that made the tables in a folder, those of generated data sets included."""
    rows = read_rows(tables / "runs.csv")
    folders = {Path(path).parent for row in rows for path in _files(row)}
    folders |= {results / f"seed{row.seed}" / "pretrain" for row in rows}
    folders |= {folder / RETRAINED for folder in folders}
    found = [path for folder in folders for path in folder.glob("*.tsv")]
    found += [*tables.glob("*.tsv"), *(results / OF_DATA).rglob("*.tsv"), *sets.glob("*/*.tsv")]
    return {path.resolve() for path in found}


def _files(row: Row) -> list[str]:
    return [path for path in (getattr(row, name) for name in FILES) if path != NONE]


def rule_of(path: Path) -> str:
    """The rule whose benchmark a file is."""
    folder = path.parent.name
    if path.stem in TRAININGS and folder in NAMED_BY_FOLDER:
        return NAMED_BY_FOLDER[folder]
    return "data_check" if folder == OF_DATA else path.stem


def summarise(paths: Iterable[Path]) -> pd.DataFrame:
    """A row per rule: jobs, all their seconds, those of the median and longest, peak memory."""
    read = {path: read_benchmark(path) for path in sorted(paths)}
    rows = [(rule_of(path), job.seconds, job.peak_mib) for path, job in read.items() if job]
    jobs = pd.DataFrame(rows, columns=["rule", "seconds", "peak_mib"]).groupby("rule")
    seconds = jobs["seconds"].agg(jobs="size", total_s="sum", median_s="median", longest_s="max")
    table: pd.DataFrame = seconds.assign(peak_mib=jobs["peak_mib"].max()).reset_index()
    return table
