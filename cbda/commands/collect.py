"""Gather the diagnoses of all rounds into one table."""

import argparse
from math import nan
from pathlib import Path

from cbda.commands.options import add_output_option

FIELDS = ("METHOD", "BUDGET", "SEED", "ROUND", "DIAGNOSIS")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options."""
    parser.add_argument(
        "--diagnosis",
        dest="diagnoses",
        nargs=len(FIELDS),
        action="append",
        required=True,
        metavar=FIELDS,
        help="one round of one run",
    )
    add_output_option(parser, "diagnosis.csv")


def run(args: argparse.Namespace) -> None:
    """Load, join, save."""
    import pandas as pd

    from cbda.files.json_files import read_diagnosis, write_text

    parts = []
    for *names, path in args.diagnoses:
        columns = read_diagnosis(Path(path))
        # A column of None alone would make that of the whole table one of objects, which have no
        # format: the same numbers would look different beside other methods.
        known = {name: [nan if v is None else v for v in c] for name, c in columns.items()}
        part = pd.DataFrame(known)
        for position, (name, value) in enumerate(zip(FIELDS, names, strict=False)):
            part.insert(position, name.lower(), value)
        parts.append(part)
    table = pd.concat(parts).to_csv(index=False, float_format="%.6f", lineterminator="\n")
    write_text(args.out, table)
