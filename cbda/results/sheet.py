"""`runs.csv`, the sample sheet: every round of every run, and where its files are.

Imports nothing heavy, so that the workflow can list the runs whenever it starts.
"""

import csv
import os
from collections.abc import Iterable, Sequence
from io import StringIO
from itertools import product
from pathlib import Path
from typing import NamedTuple

from cbda.datasets.digest import require_regular
from cbda.errors import UserError

NONE = "-"  # as the budget of a reference in the tables
FILES = ("evaluation", "labels", "diagnosis", "round_evaluation", "retrained")  # hold paths
ROUNDS = ("last", "largest_budget", "all")  # which are evaluated, of which runs
NUM_REQUIRED = 7  # columns, the first; the others came with evaluations of rounds
MISSING = "missing"  # in place of an evaluation that is not there, or is out of date


class Row(NamedTuple):
    """A round of a run, or a reference. All is text, as in the file."""

    method: str
    budget: str  # as written in the configuration
    seed: str
    round: str = NONE
    evaluation: str = NONE  # evaluation.json, in the last round of a run
    labels: str = NONE
    diagnosis: str = NONE  # made on demand
    round_evaluation: str = NONE  # of the round's own model, if it is evaluated
    retrained: str = NONE  # evaluation of a model trained anew, in the last round of a run


def list_rows(
    *,
    seeds: Sequence[object],
    methods: Sequence[str],
    budgets: Sequence[object],
    references: Sequence[str],
    rounds: int,
    results: str,
    evaluated_rounds: str = "last",
    retrain: bool = False,
    replay: str = "",
) -> list[Row]:
    """Rows of an experiment below its folder of results, in the order of its tables.

    `evaluated_rounds` is one of `ROUNDS`; `replay` the folder of the results whose labels are
    learned from, if they are another experiment's.
    """
    rows = []
    curves = {"last": (), "largest_budget": (max(budgets, key=_number),), "all": budgets}
    followed = curves[evaluated_rounds]
    for seed in map(str, seeds):
        folder = f"{results}/seed{seed}"
        for name in references:
            rows.append(Row(name, NONE, seed, evaluation=f"{folder}/{name}/evaluation.json"))
        for budget, name in product(budgets, methods):
            run, with_curve = f"{name}/budget{budget}", budget in followed
            places = f"{folder}/{run}", f"{replay or results}/seed{seed}/{run}"
            for number in range(1, rounds + 1):
                files = _run_files(*places, number, rounds, with_curve, retrain)
                rows.append(Row(name, str(budget), seed, str(number), **files))
    return rows


def _run_files(
    run: str, acquired: str, number: int, rounds: int, with_curve: bool, retrain: bool
) -> dict[str, str]:
    """Files of a round by column, of a run that acquires or learns from what another acquired."""
    files = {"labels": f"{acquired}/round{number}/labels.h5"}
    if acquired == run:
        files["diagnosis"] = f"{run}/round{number}/diagnosis.json"
    if number == rounds:
        files["evaluation"] = f"{run}/evaluation.json"
    elif with_curve and acquired == run:
        files["round_evaluation"] = f"{run}/round{number}/evaluation.json"
    if number == rounds and retrain and acquired == run:
        files["retrained"] = f"{run}/retrained/evaluation.json"
    return files


def _number(budget: object) -> float:
    return float(str(budget))


def without_evaluations(rows: Iterable[Row]) -> list[Row]:
    """Rows of an experiment with nothing to measure by: its runs, whose evaluations never are."""
    never = dict.fromkeys(("evaluation", "round_evaluation", "retrained"), NONE)
    return [row._replace(**never) for row in rows if row.labels != NONE]


def evaluated(rows: Iterable[Row]) -> list[Row]:
    """One row of each run, that of the model which is evaluated."""
    return [row for row in rows if row.evaluation != NONE]


def result_paths(row: Row) -> list[Path]:
    """The files of the result of a row; references have no labels."""
    files = (row.evaluation, row.labels, row.retrained)
    return [Path(path) for path in files if path != NONE]


def format_rows(rows: Iterable[Row]) -> str:
    """The content of `runs.csv`."""
    stream = StringIO()
    csv.writer(stream, lineterminator="\n").writerows([Row._fields, *rows])
    return stream.getvalue()


def read_rows(path: Path) -> list[Row]:
    """Read a sample sheet, whatever other columns it has; `UserError` if it is none, or empty.

    Paths in it are from its own folder on; those of the rows, from the working folder.
    """
    require_regular(path)
    try:
        with path.open(encoding="utf-8", newline="") as stream:
            records = list(csv.DictReader(stream))
    except (UnicodeDecodeError, csv.Error) as error:
        raise UserError(f"{path}: not a CSV file ({error})") from error
    if not records:
        raise UserError(f"{path}: holds no run")
    for name in Row._fields[:NUM_REQUIRED]:
        for number, record in enumerate(records, 1):
            if record.get(name) is None:
                raise UserError(f"{path}: row {number} has no column {name}")
    rows = [Row(*(record.get(name) or NONE for name in Row._fields)) for record in records]
    return [_locate(row, path.parent) for row in rows]


def _locate(row: Row, folder: Path) -> Row:
    """A row whose paths are from the working folder on."""
    found = {name: getattr(row, name) for name in FILES}
    places = {name: folder / to for name, to in found.items() if to not in (NONE, MISSING)}
    # A way up leads from where the folder is, not from a link to it.
    known = {name: os.path.relpath(os.path.realpath(p)) if ".." in p.parts else str(p)
             for name, p in places.items()}  # fmt: skip
    return row._replace(**known)
