"""Tell how far an experiment is: jobs done, under way and left by phase, and the time left.

Reads only, so that it may be asked at any time: while Snakemake runs, on a cluster too, and when it
has stopped. Run it in the folder in which Snakemake runs. A result that a change of settings has
made stale counts as done; `snakemake --dry-run` knows of those.
"""

import argparse
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from cbda.errors import UserError

if TYPE_CHECKING:
    from cbda.workflow.progress import Progress

NOTES = Path(".snakemake")
COLUMNS = "{:12} {:>6} {:>10} {:>6} {:>14} {:>14}"
HEAD = ("phase", "done", "under way", "left", "mean", "left, in all")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options."""
    what = "with runs.csv, that of the tables (default: results)"
    parser.add_argument("folder", nargs="?", type=Path, default=Path("results"), help=what)


def run(args: argparse.Namespace) -> None:
    """Read, count, print."""
    from cbda.results.sheet import read_rows
    from cbda.workflow.locks import is_at_work
    from cbda.workflow.progress import list_jobs, progress
    from cbda.workflow.start import Notes

    sheet = args.folder / "runs.csv"
    if not sheet.is_file():
        advice = "Snakemake writes it first; start it, or name the folder of the tables"
        raise UserError(f"{sheet}: no such file: {advice}")
    alive = is_at_work(NOTES)
    phases = progress(list_jobs(read_rows(sheet)), Notes(NOTES).is_under_way, alive)
    print("\n".join([*_table(phases), "", *_summary(phases, alive, args.folder)]))


def _table(phases: "list[Progress]") -> Iterator[str]:
    from cbda.files.benchmarks import duration

    yield COLUMNS.format(*HEAD).rstrip()
    for phase in phases:
        times = ("" if s is None else duration(s) for s in (phase.mean_s, phase.left_s))
        numbers = len(phase.done), phase.num_under_way, phase.num_left
        yield COLUMNS.format(phase.phase, *numbers, *times).rstrip()


def _summary(phases: "list[Progress]", alive: bool, folder: Path) -> Iterator[str]:
    from cbda.files.benchmarks import duration
    from cbda.workflow.locks import last_start_s
    from cbda.workflow.progress import concurrency

    num_jobs = sum(phase.num_jobs for phase in phases)
    num_done = sum(len(phase.done) for phase in phases)
    yield f"{num_done} of {num_jobs} jobs done, beside those of data and tables"
    unknown = [phase.phase for phase in phases if phase.left_s is None]
    if num_done < num_jobs:
        left_s = sum(phase.left_s or 0.0 for phase in phases)
        at_a_time = concurrency(phases, last_start_s(NOTES))
        known = f"{duration(left_s / at_a_time)} at {at_a_time:.1f} jobs at a time"
        parts = [known] if left_s else []
        parts += [f"that of {', '.join(unknown)}, not measured yet"] if unknown else []
        yield f"time left: {', and '.join(parts)}"
        where = "in this folder" if alive else "in this folder: the same command goes on from here"
        yield f"Snakemake is {'at work' if alive else 'not at work'} {where}"
    for name in ("table_mIoU.csv", "table_mIoU.partial.csv", "report.html"):
        if (folder / name).is_file():
            yield f"there is: {folder / name}"
