"""List the runs of an experiment in runs.csv, which tabulate, collect and report read."""

import argparse
from collections.abc import Callable
from typing import Any

from cbda.commands.options import add_output_option
from cbda.settings.options import whole_number


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options."""
    add_experiment_options(parser)
    parser.add_argument("--results", required=True, help="folder of the results")
    add_output_option(parser, "runs.csv")


def add_experiment_options(
    parser: argparse.ArgumentParser, budget: Callable[[str], Any] = str
) -> None:
    """Options `--seeds`, `--methods`, `--budgets`, `--references` and `--rounds`."""
    add = parser.add_argument
    add("--seeds", nargs="+", required=True, help="of the experiment")
    add("--methods", nargs="+", required=True, help="of the experiment")
    add("--budgets", nargs="+", type=budget, required=True, help="of the experiment")
    add("--references", nargs="*", default=[], help="of the experiment")
    add("--rounds", type=whole_number(1), required=True, help="R")


def run(args: argparse.Namespace) -> None:
    """List, save."""
    from cbda.files.json_files import write_text
    from cbda.results.sheet import format_rows, list_rows

    names = ("seeds", "methods", "budgets", "references", "rounds", "results")
    write_text(args.out, format_rows(list_rows(**{name: getattr(args, name) for name in names})))
