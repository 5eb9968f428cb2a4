"""Command line: one subcommand per phase of the workflow.

A command module declares its options and does the rest only when it runs, so that
``cbda --help`` and the light commands never import torch.
"""

import argparse
import sys
from collections.abc import Sequence
from importlib import import_module

import cbda
from cbda.errors import UserError

COMMANDS = {
    "data make": "render a data set of generated street scenes",
    "data check": "count, pair and verify a data set",
    "data count": "count the classes in every image of a data set",
    "pretrain": "train on the source domain",
    "score": "score every pixel of the pool",
    "acquire": "choose queries and ask the oracle",
    "finetune": "train on with the acquired labels",
    "evaluate": "measure IoU on the validation set",
    "plan": "estimate what an experiment will cost",
    "tabulate": "gather all runs into tables",
    "report": "draw all runs: figures and one HTML page",
}


def main(argv: Sequence[str] | None = None) -> int:
    """Run one subcommand; a user's mistake is one line on stderr and exit code 2."""
    args = build_parser().parse_args(argv)
    try:
        args.run(args)
    except UserError as error:
        print(f"cbda {args.command}: error: {one_line(error)}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        return 130
    return 0


def one_line(error: UserError) -> str:
    """The message; an error of a loader's worker has it at the end of a traceback."""
    name = f"{UserError.__module__}.{UserError.__qualname__}: "
    return " ".join(str(error).rpartition(name)[2].splitlines())


def build_parser() -> argparse.ArgumentParser:
    """The parser of all subcommands."""
    parser = argparse.ArgumentParser("cbda", description=cbda.__doc__)
    parser.add_argument("--version", action="version", version=f"cbda {cbda.__version__}")
    phases = parser.add_subparsers(title="phases", metavar="PHASE", required=True)
    groups = {"": phases}
    for command, summary in COMMANDS.items():
        group, _, verb = command.rpartition(" ")
        if group not in groups:
            groups[group] = _add_group(phases, group)
        _add_command(groups[group], command, verb, summary)
    return parser


def _add_group(
    phases: "argparse._SubParsersAction[argparse.ArgumentParser]", group: str
) -> "argparse._SubParsersAction[argparse.ArgumentParser]":
    parser = phases.add_parser(group, help=f"make or check {group}")
    return parser.add_subparsers(title="commands", metavar="COMMAND", required=True)


def _add_command(
    group: "argparse._SubParsersAction[argparse.ArgumentParser]",
    command: str,
    verb: str,
    summary: str,
) -> None:
    module = import_module(f"cbda.commands.{command.replace(' ', '_')}")
    parser = group.add_parser(verb, help=summary, description=module.__doc__)
    module.add_arguments(parser)
    parser.set_defaults(run=module.run, command=command)


if __name__ == "__main__":
    sys.exit(main())
