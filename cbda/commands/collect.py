"""Gather the diagnoses of all rounds into one table."""

import argparse
from math import nan
from pathlib import Path

from cbda.commands.options import add_output_option
from cbda.errors import UserError

FIELDS = ("METHOD", "BUDGET", "SEED", "ROUND", "DIAGNOSIS")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options."""
    add = parser.add_mutually_exclusive_group(required=True).add_argument
    add("--runs", type=Path, help="runs.csv")
    what = "one round of one run, in place of the file"
    add("--diagnosis", nargs=len(FIELDS), action="append", metavar=FIELDS, help=what)
    add_output_option(parser, "diagnosis.csv")


def run(args: argparse.Namespace) -> None:
    """Load, join, save."""
    import pandas as pd

    from cbda.files.json_files import read_diagnosis, write_text

    parts = []
    for *names, path in args.diagnosis or _listed(args.runs):
        columns = read_diagnosis(Path(path))
        # A column of None alone would make that of the whole table one of objects, which have no
        # format: the same numbers would look different beside other methods.
        known = {name: [nan if v is None else v for v in c] for name, c in columns.items()}
        run_names = {field.lower(): name for field, name in zip(FIELDS, names, strict=False)}
        parts.append(pd.DataFrame({**run_names, **known}))
    table = pd.concat(parts).to_csv(index=False, float_format="%.6f", lineterminator="\n")
    write_text(args.out, table)


def _listed(path: Path) -> list[tuple[str, ...]]:
    """The fields of every round of a sample sheet."""
    from cbda.results.agreement import DIAGNOSES, require_agreement
    from cbda.results.sheet import NONE, read_rows

    sheet = read_rows(path)
    rows = [row for row in sheet if row.diagnosis != NONE]
    if not rows:
        raise UserError(f"{path}: names no diagnosis")
    ledger = require_agreement(path, sheet, DIAGNOSES)
    for row in rows:
        if problem := ledger.problem(Path(row.diagnosis)):
            raise UserError(f"{row.diagnosis}: {problem}")
    return [(*row[:4], row.diagnosis) for row in rows]
