"""`runs.csv`, the sample sheet: every round of every run, and where its files are.

Imports nothing heavy, so that the workflow can list the runs whenever it starts.
"""

import csv
from collections.abc import Iterable, Sequence
from io import StringIO
from itertools import product
from pathlib import Path
from typing import NamedTuple

from cbda.errors import UserError

NONE = "-"  # as the budget of a reference in the tables
MISSING = "missing"  # in place of an evaluation that is not there, or is out of date


class Row(NamedTuple):
    """A round of a run, or a reference. All is text, as in the file.

    Attributes:
        method: name of the method or reference.
        budget: fraction of the pool's pixels, as written in the configuration.
        seed: of the run.
        round: its number.
        evaluation: evaluation.json, in the last round of a run; else `NONE`.
        labels: labels.h5 of the round.
        diagnosis: diagnosis.json of the round; made on demand.
    """

    method: str
    budget: str
    seed: str
    round: str = NONE
    evaluation: str = NONE
    labels: str = NONE
    diagnosis: str = NONE


def list_rows(
    *,
    seeds: Sequence[object],
    methods: Sequence[str],
    budgets: Sequence[object],
    references: Sequence[str],
    rounds: int,
    results: str,
) -> list[Row]:
    """Rows of an experiment, in the order of its tables.

    Args:
        seeds: of the runs.
        methods: names.
        budgets: fractions of the pool, as their folders are called.
        references: `source_only`, `full`.
        rounds: R.
        results: folder of the results.
    """
    rows = []
    for seed in map(str, seeds):
        folder = f"{results}/seed{seed}"
        for name in references:
            rows.append(Row(name, NONE, seed, evaluation=f"{folder}/{name}/evaluation.json"))
        for budget, name, number in product(map(str, budgets), methods, range(1, rounds + 1)):
            run = f"{folder}/{name}/budget{budget}"
            evaluation = f"{run}/evaluation.json" if number == rounds else NONE
            files = [f"{run}/round{number}/{file}" for file in ("labels.h5", "diagnosis.json")]
            rows.append(Row(name, budget, seed, str(number), evaluation, *files))
    return rows


def evaluated(rows: Iterable[Row]) -> list[Row]:
    """One row of each run, that of the model which is evaluated."""
    return [row for row in rows if row.evaluation != NONE]


def format_rows(rows: Iterable[Row]) -> str:
    """The content of `runs.csv`."""
    stream = StringIO()
    csv.writer(stream, lineterminator="\n").writerows([Row._fields, *rows])
    return stream.getvalue()


def read_rows(path: Path) -> list[Row]:
    """Read a sample sheet; columns that it has beside ours do not matter.

    Raises:
        UserError: it is not one, or holds no run.
    """
    try:
        with path.open(encoding="utf-8", newline="") as stream:
            records = list(csv.DictReader(stream))
    except (UnicodeDecodeError, csv.Error) as error:
        raise UserError(f"{path}: not a CSV file ({error})") from error
    if not records:
        raise UserError(f"{path}: holds no run")
    for name in Row._fields:
        for number, record in enumerate(records, 1):
            if record.get(name) is None:
                raise UserError(f"{path}: row {number} has no column {name}")
    return [Row(*(record[name] for name in Row._fields)) for record in records]
