"""What a run says at its end: where its results are, or that it was stopped and not broken."""

import os
import signal
from contextlib import suppress
from pathlib import Path
from types import FrameType

from cbda.errors import UserError
from cbda.files.json_files import read_json
from cbda.workflow.costs import query_lines
from cbda.workflow.jobs import Jobs
from cbda.workflow.people import COUNTS, asks_people, last_models, predictions

RESULTS = {
    "the table": "table_mIoU.csv",
    "the learning curves": "learning_curve.csv",
    "the diagnosis": "diagnosis.csv",
    "the page": "report.html",
    "what people answered": COUNTS,
}
NUM_NAMED = 3  # methods and budgets of a plan


def name_results(jobs: Jobs, made: set[str]) -> str:
    """Where the results are that a run was asked for, among the files that it made."""
    paths = {what: os.path.join(jobs.folders["tables"], name) for what, name in RESULTS.items()}
    named = [f"{what}: {path}" for what, path in paths.items() if path in made]
    named += [
        f"a model: {path}" for path in last_models(jobs) if asks_people(jobs) and path in made
    ]
    masks = (f"{os.path.dirname(path)}/masks" for path in predictions(jobs) if path in made)
    named += [f"masks: {folder}" for folder in masks]
    plan = os.path.join(jobs.folders["results"], "plan.json")
    return "; ".join([*named, *([_describe_plan(plan)] if plan in made else [])])


def _describe_plan(path: str) -> str:
    """Where a plan is, and how many queries it counts; of many methods and budgets the first."""
    lines: list[str] = []
    with suppress(UserError):  # which the start of a run names
        lines = query_lines(read_json(Path(path)).get("queries", []))
    more = [f"{len(lines) - NUM_NAMED} more"] if len(lines) > NUM_NAMED else []
    told = f" ({'; '.join([*lines[:NUM_NAMED], *more])})" if lines else ""
    return f"the plan: {path.removesuffix('json')}log{told}"


def note_stops() -> list[int]:
    """Signals that the keyboard sends from now on, which still do what they did."""
    stops: list[int] = []

    def note(number: int, frame: FrameType | None) -> None:
        stops.append(number)
        signal.default_int_handler(number, frame)

    if signal.getsignal(signal.SIGINT) is signal.default_int_handler:
        signal.signal(signal.SIGINT, note)
    return stops


def describe_stop(stops: list[int]) -> str:
    """What to know after ctrl-c; empty if nobody pressed it."""
    advice = "the messages above are of the jobs that it ended; the same command goes on from there"
    return f"stopped by ctrl-c, which is no error: {advice}" if stops else ""
