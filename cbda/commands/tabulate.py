"""Gather all runs into table_mIoU.csv, comparisons.csv, class_iou.csv and acquisition.csv."""

import argparse
from pathlib import Path
from typing import TYPE_CHECKING, Any

from cbda.settings.options import add_options
from cbda.settings.tables import TabulateSettings

if TYPE_CHECKING:
    from cbda.results.runs import Run

RUN_FIELDS = ("METHOD", "BUDGET", "SEED", "EVALUATION", "LABELS")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options."""
    add_run_options(parser)
    add_options(parser, "", TabulateSettings, required=("baseline",))
    parser.add_argument("--out", type=Path, required=True, help="table_mIoU.csv")
    parser.add_argument("--out-classes", type=Path, required=True, help="class_iou.csv")
    parser.add_argument("--out-acquisition", type=Path, required=True, help="acquisition.csv")
    parser.add_argument("--out-comparisons", type=Path, required=True, help="comparisons.csv")


def add_run_options(parser: argparse.ArgumentParser) -> None:
    """Options `--runs` or `--run`."""
    add = parser.add_mutually_exclusive_group(required=True).add_argument
    add("--runs", type=Path, help="runs.csv: every run that the table expects")
    what = "one of them, in place of the file; LABELS is '-' for a reference"
    facts: dict[str, Any] = {"nargs": len(RUN_FIELDS), "metavar": RUN_FIELDS, "help": what}
    add("--run", dest="run_words", action="append", **facts)


def run(args: argparse.Namespace) -> None:
    """Load every run that is there, tabulate, save; a run that is not is named in the table."""
    from cbda.files.json_files import write_text
    from cbda.results.comparisons import comparison_table, with_p_values_as_text
    from cbda.results.tabulate import acquisition_table, class_table, readable, summary_table

    runs = load_runs(args)
    comparisons = comparison_table(runs, args.baseline, args.comparators)
    tables = {
        args.out_classes: class_table(runs),
        args.out_acquisition: acquisition_table(runs),
        args.out_comparisons: with_p_values_as_text(comparisons),
        args.out: summary_table(runs, args.baseline),
    }
    for path, table in tables.items():
        write_text(path, table.to_csv(index=False, float_format="%.4f", lineterminator="\n"))
    print(readable(tables[args.out]))
    print("\n".join(describe_missing(runs)))


def describe_missing(runs: "list[Run]") -> list[str]:
    """A line per run without a result: which of its files is not there."""
    return [
        f"no result of {run.method} at budget {run.budget}, seed {run.seed}: no file {path}"
        for run in runs
        if run.is_missing
        for path in [path for path in run.paths if not path.is_file()][:1]
    ]


def load_runs(args: argparse.Namespace) -> "list[Run]":
    """The runs of the sample sheet or of the words, with those results that are there."""
    from cbda.results.runs import Run, load_run
    from cbda.results.sheet import evaluated, read_rows

    sheet = [] if args.runs is None else evaluated(read_rows(args.runs))
    words = [[row.method, row.budget, row.seed, row.evaluation, row.labels] for row in sheet]
    return [load_run(Run.parse(run)) for run in args.run_words or words]
