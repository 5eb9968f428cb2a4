"""Gather all runs into table_mIoU.csv, comparisons.csv, class_iou.csv and acquisition.csv."""

import argparse
from pathlib import Path
from typing import TYPE_CHECKING, Any

from cbda.settings.options import add_options
from cbda.settings.tables import TabulateSettings

if TYPE_CHECKING:
    from cbda.results.lineage import Ledger
    from cbda.results.runs import Run
    from cbda.results.sheet import Row

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
    from cbda.results.environments import mixtures
    from cbda.results.pairs import comparison_table, with_p_values_as_text
    from cbda.results.saturation import saturated_budgets
    from cbda.results.tabulate import acquisition_table, class_table, readable, summary_table

    sheet, ledger = read_sheet(args)
    runs = load_runs(args, sheet)
    saturated = saturated_budgets(runs, args.saturation)
    comparisons = comparison_table(runs, args.baseline, args.comparators, saturated)
    tables = {
        args.out_classes: class_table(runs),
        args.out_acquisition: acquisition_table(runs),
        args.out_comparisons: with_p_values_as_text(comparisons),
        args.out: summary_table(runs, args.baseline, args.saturation),
    }
    mixed = mixtures(sheet, ledger)
    if mixed:
        names = zip(tables[args.out]["method"], tables[args.out]["budget"], strict=True)
        tables[args.out]["made_with"] = [mixed[name] for name in names]
    for path, table in tables.items():
        write_text(path, table.to_csv(index=False, float_format="%.4f", lineterminator="\n"))
    print(readable(tables[args.out]))
    for line in describe_missing(given_rows(args, sheet)):
        print(line)
    for line in describe_saturated(saturated):
        print(line)
    if mixed:
        print("made on different machines or with different versions: see the column `made_with`")


def describe_saturated(saturated: dict[str, float]) -> list[str]:
    """A line per budget at which methods can't be told apart."""
    return [
        f"budget {budget} is saturated, and left out of all means over budgets: random reaches"
        f" {reached:.3f} of full supervision"
        for budget, reached in saturated.items()
    ]


def describe_missing(rows: "list[Row]") -> list[str]:
    """A line per run without a result: which of its files is not there."""
    from cbda.results.sheet import result_paths

    return [
        f"no result of {row.method} at budget {row.budget}, seed {row.seed}: no file {path}"
        for row in rows
        for path in [path for path in result_paths(row) if not path.is_file()][:1]
    ]


def read_sheet(args: argparse.Namespace) -> "tuple[list[Row], Ledger]":
    """The rows of the sample sheet, none if runs are given by words, and the records of them.

    Raises:
        UserError: results are damaged, without records, or of other runs.
    """
    from cbda.results.agreement import require_agreement
    from cbda.results.lineage import Ledger
    from cbda.results.sheet import read_rows

    if args.runs is None:
        return [], Ledger()
    rows = read_rows(args.runs)
    return rows, require_agreement(args.runs, rows)


def given_rows(args: argparse.Namespace, sheet: "list[Row]") -> "list[Row]":
    """One row of each run of the sample sheet, or of the words."""
    from cbda.results.sheet import Row, evaluated

    if args.runs is not None:
        return evaluated(sheet)
    return [
        Row(method, budget, seed, evaluation=evaluation, labels=labels)
        for method, budget, seed, evaluation, labels in args.run_words
    ]


def load_runs(args: argparse.Namespace, sheet: "list[Row]") -> "list[Run]":
    """The runs of the sample sheet or of the words, with those results that are there."""
    from cbda.results.runs import load_run

    return [load_run(row) for row in given_rows(args, sheet)]
