"""Tell how far an experiment is: jobs done, under way and left by phase, what is next, time left.

Reads only, so that it may be asked at any time: while Snakemake runs, on a cluster too, and when it
has stopped. Run it in the folder in which Snakemake runs, or name that of the tables. Jobs are
those that the last run was asked for; the command to go on by is that of the whole experiment if
this was a part of it. A result that a change of settings has made stale counts as
done; `snakemake --dry-run` knows of those.
"""

import argparse
import os
from collections.abc import Iterator
from contextlib import chdir
from pathlib import Path
from typing import TYPE_CHECKING

from cbda.errors import UserError, counted

if TYPE_CHECKING:
    from cbda.workflow.progress import Job, Progress
    from cbda.workflow.request import Request

NOTES = Path(".snakemake")
RESULTS = Path("results")
SHEET = "runs.csv"
EVALUATE = "evaluate"  # the phase that a run to its end may do without
COLUMNS = "{:12} {:>6} {:>10} {:>6} {:>14} {:>14}"
HEAD = ("phase", "done", "under way", "left", "mean", "left, in all")
MADE = ("table_mIoU.csv", "table_mIoU.partial.csv", "learning_curve.csv", "answers.csv",
        "report.html")  # fmt: skip


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options."""
    what = "with runs.csv, that of the tables (default: the one of an experiment of this folder)"
    parser.add_argument("folder", nargs="?", type=Path, help=what)


def run(args: argparse.Namespace) -> None:
    """Read, count, print."""
    home, folder = (Path(), None) if args.folder is None else _home(args.folder)
    if home != Path():
        print(f"in {home}:")
    with chdir(home):
        _tell(folder)


def _home(folder: Path) -> tuple[Path, Path]:
    """Where Snakemake ran for an experiment, if above its tables, and what it calls these."""
    from cbda.workflow.request import read_requests

    tables = Path(os.path.abspath(folder))
    for above in tables.parents:
        for request in read_requests(above / NOTES):
            if above / os.path.normpath(request.tables) == tables and above != Path.cwd():
                return above, Path(request.tables)
    return Path(), folder


def _tell(folder: Path | None) -> None:
    """What there is to tell of an experiment, or of all of the working folder."""
    from cbda.workflow.request import read_requests

    requests = {Path(request.tables): request for request in read_requests(NOTES)}
    known = [path for path in _places(list(requests)) if path in requests or _has_sheet(path)]
    found = known if folder is None else [folder]
    if not (found and (found[0] in requests or _has_sheet(found[0]))):
        advice = "Snakemake writes it first; start it, or name the folder of the tables"
        hint = f"; there is: {', '.join(map(str, known))}" if known else ""
        raise UserError(f"{(folder or RESULTS) / SHEET}: no such file: {advice}{hint}")
    if len(found) > 1:
        print("\n".join(["experiments of this folder:", *(_short(f, requests) for f in found)]))
    else:
        print("\n".join(_describe(found[0], requests.get(found[0]))))


def _places(requested: list[Path]) -> list[Path]:
    """Folders in which there may be the tables of an experiment, each once."""
    return list(dict.fromkeys([RESULTS, *sorted(RESULTS.glob("*/")), *requested]))


def _has_sheet(folder: Path) -> bool:
    return (folder / SHEET).is_file()


def _short(folder: Path, requests: "dict[Path, Request]") -> str:
    if not _has_sheet(folder):
        return f"no run is listed yet: cbda status {folder}"
    try:
        jobs, others = _jobs(folder, requests.get(folder))
        phases, _ = _progress(jobs)
    except UserError as error:  # the others can be told of
        return str(error)
    return f"{_count(phases, others)}: cbda status {folder}"


def _describe(folder: Path, request: "Request | None") -> Iterator[str]:
    if request and not _has_sheet(folder):
        yield from _beginning(folder, request)
        return
    jobs, others = _jobs(folder, request)
    phases, alive = _progress(jobs)
    yield from (*_table(phases), "", *_summary(phases, others))
    yield from _next(jobs, others, alive, request)
    if request and others:
        phases_left = sorted({job.phase for job in others})
        more = f"{counted(len(others), 'more jobs')}, of {', '.join(phases_left)}"
        by = "" if alive else f": {request.whole}"
        yield f"not asked for: {more}, such as for {others[0].output}{by}"
    for name in MADE:
        if (folder / name).is_file():
            yield f"there is: {folder / name}"


def _beginning(folder: Path, request: "Request") -> Iterator[str]:
    """Of an experiment whose runs are not listed yet, or were not asked for."""
    from cbda.workflow.locks import is_at_work

    kept = [output for output in request.outputs if not _is_temporary(output)]
    num_made = sum(map(os.path.exists, kept))
    yield f"{folder}: no run is listed yet"
    yield f"{num_made} of {len(kept)} files that were asked for are there"
    again = request.command if str(folder / SHEET) in request.outputs else request.whole
    where = "Snakemake is at work in this folder"
    yield where if is_at_work(NOTES) else f"Snakemake is not at work: go on by {again}"


def _jobs(folder: Path, request: "Request | None") -> "tuple[list[Job], list[Job]]":
    """The jobs that were asked for, and those of the sample sheet that were not, nor are done."""
    from cbda.results.sheet import read_rows
    from cbda.workflow.progress import is_done, list_jobs

    jobs = list_jobs(read_rows(folder / SHEET))
    asked = [job for job in jobs if request is None or job.output in request.outputs]
    if not asked:  # such as for a check of the data alone
        return jobs, []
    return asked, [job for job in jobs if job not in asked and not is_done(job)]


def _progress(jobs: "list[Job]") -> "tuple[list[Progress], bool]":
    """The phases, and whether Snakemake is at work."""
    from cbda.workflow.locks import is_at_work
    from cbda.workflow.progress import progress
    from cbda.workflow.start import Notes

    alive = is_at_work(NOTES)
    return progress(jobs, Notes(NOTES).is_under_way, alive), alive


def _table(phases: "list[Progress]") -> Iterator[str]:
    from cbda.files.benchmarks import duration

    yield COLUMNS.format(*HEAD).rstrip()
    for phase in phases:
        times = ("" if s is None else duration(s) for s in (phase.mean_s, phase.left_s))
        numbers = len(phase.done), phase.num_under_way, phase.num_left
        yield COLUMNS.format(phase.phase, *numbers, *times).rstrip()


def _count(phases: "list[Progress]", others: "list[Job]") -> str:
    of_what = "of what was asked for last: " if others else ""
    num_done = sum(len(phase.done) for phase in phases)
    return f"{of_what}{num_done} of {sum(phase.num_jobs for phase in phases)} jobs done"


def _summary(phases: "list[Progress]", others: "list[Job]") -> Iterator[str]:
    from cbda.files.benchmarks import duration
    from cbda.workflow.locks import last_start_s
    from cbda.workflow.progress import concurrency

    yield f"{_count(phases, others)}, beside those of data and tables"
    if not any(phase.num_left or phase.num_under_way for phase in phases):
        return
    unknown = [phase.phase for phase in phases if phase.left_s is None]
    left_s = sum(phase.left_s or 0.0 for phase in phases)
    at_a_time = concurrency(phases, last_start_s(NOTES))
    known = f"{duration(left_s / at_a_time)} at {at_a_time:.1f} jobs at a time"
    parts = [known] if left_s else []
    parts += [f"that of {', '.join(unknown)}, not measured yet"] if unknown else []
    yield f"time left: {', and '.join(parts)}"


def _next(
    jobs: "list[Job]", others: "list[Job]", alive: bool, request: "Request | None"
) -> Iterator[str]:
    """What comes next, and what to type for it."""
    from cbda.workflow.progress import next_job

    job = next_job(jobs)
    waiting = "" if job is None or alive else _waiting(job)
    if waiting:
        yield waiting
    elif job is not None:
        yield f"next: {job.phase}, for {job.output}"
    if alive:
        yield "Snakemake is at work in this folder"
    elif job is not None:
        yield f"Snakemake is not at work in this folder: {_again([*jobs, *others], request)}"
    elif request and all(map(_is_made, request.outputs)):
        is_told = others or request.whole == request.command
        whole = "" if is_told else f"; all of the experiment: {request.whole}"
        yield f"nothing is left of what was asked for last{whole}"
    elif request:
        yield f"tables and what else was asked for: {request.command}"


def _again(jobs: "list[Job]", request: "Request | None") -> str:
    """By what the runs go on to their end: what was asked for last may have been a part of them."""
    if request is None:
        return "the same command goes on from here"
    unasked = {job.phase for job in jobs if job.output not in request.outputs}
    return f"go on by {request.whole if unasked - {EVALUATE} else request.command}"


def _is_made(output: str) -> bool:
    """Whether a file is there, or has been used and deleted."""
    return os.path.exists(output) or _is_temporary(output)


def _is_temporary(output: str) -> bool:
    from cbda.workflow.start import TEMPORARY

    return os.path.basename(output) == TEMPORARY


def _waiting(job: "Job") -> str:
    """What people are asked for before a job can go on; empty if nothing."""
    from cbda.annotation.counting import count_round
    from cbda.files.answers import AnswerFile
    from cbda.files.queries import load_queries
    from cbda.workflow.waiting import page_of, waiting_line

    command = page_of(waiting_line(Path(job.output).with_name("ask.log")))
    if not command:
        return ""
    if not command.queries.exists():
        return f"next: {command.queries} is gone, so that the round's queries are chosen anew"
    try:
        queries, answers = load_queries(command.queries), AnswerFile(command.answers)
    except UserError as error:
        return f"next: what waits for people can't be read: {error}"
    num_open = count_round(queries, answers).open
    if not num_open or queries.digest in answers.finished:
        return f"next: round {queries.round} is answered, all {len(queries)} queries"
    waits = f"{num_open} of {len(queries)} queries of round {queries.round} wait for an answer"
    return f"next: {waits}: {command.text}"
