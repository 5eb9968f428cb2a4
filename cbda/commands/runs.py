"""List the runs of an experiment in runs.csv, which tabulate, collect and report read."""

import argparse
from collections.abc import Callable
from typing import Any

from cbda.commands.options import add_output_option
from cbda.results.sheet import ROUNDS
from cbda.settings.options import whole_number


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options."""
    add_experiment_options(parser)
    parser.add_argument("--results", required=True, help="folder of the results")
    unmeasured = "there is nothing to measure by: no evaluation is listed, nor a reference"
    parser.add_argument("--unmeasured", action="store_true", help=unmeasured)
    add_output_option(parser, "runs.csv")


def add_experiment_options(
    parser: argparse.ArgumentParser, budget: Callable[[str], Any] = str
) -> None:
    """Options of what the runs of an experiment are."""
    add = parser.add_argument
    add("--seeds", nargs="+", required=True, help="of the experiment")
    add("--methods", nargs="+", required=True, help="of the experiment")
    add("--budgets", nargs="+", type=budget, required=True, help="of the experiment")
    add("--references", nargs="*", default=[], help="of the experiment")
    add("--rounds", type=whole_number(1), required=True, help="R")
    add("--evaluated-rounds", choices=ROUNDS, default="last", help="(default: last)")
    flag = argparse.BooleanOptionalAction
    add("--replay", default="", help="folder of results whose last labels are learned from")
    add("--retrain", action=flag, default=False, help="models trained anew on the last labels")


def run(args: argparse.Namespace) -> None:
    """List, save."""
    from cbda.files.json_files import write_text
    from cbda.results.sheet import format_rows, list_rows, without_evaluations

    names = ("seeds", "methods", "budgets", "references", "rounds", "results", "replay")
    values = {name: getattr(args, name) for name in (*names, "evaluated_rounds", "retrain")}
    rows = list_rows(**values)
    write_text(args.out, format_rows(without_evaluations(rows) if args.unmeasured else rows))
