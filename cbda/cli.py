"""Command line: one subcommand per phase of the workflow.

A command module declares its options and does the rest only when it runs, so that
``cbda --help`` and the light commands never import torch.
"""

import argparse
import sys
from collections.abc import Sequence
from contextlib import suppress
from importlib import import_module

import cbda
from cbda.errors import InterruptedRunError, UserError

MISTAKE, STOPPED = 2, 75  # the latter is sysexits.h's EX_TEMPFAIL: try again

COMMANDS = {
    "data make": "render a data set of generated street scenes",
    "data check": "count, pair and verify a data set",
    "data count": "count the classes in every image of a data set",
    "encode": "compute the features of a frozen encoder once for all",
    "pretrain": "train on the source domain",
    "score": "score every pixel of the pool",
    "acquire": "choose queries and ask the oracle",
    "finetune": "train on with the acquired labels",
    "evaluate": "measure IoU on the validation set",
    "diagnose": "count what a round asked for, with the ground truth in view",
    "plan": "estimate what an experiment will cost",
    "runs": "list all runs and their files, for tabulate, collect and report",
    "tabulate": "gather all runs into tables",
    "collect": "gather the diagnoses of all rounds into a table",
    "report": "draw all runs: figures and one HTML page",
}


def main(argv: Sequence[str] | None = None) -> int:
    """Run one subcommand.

    Returns:
        0; 2 after one line on stderr about a user's mistake or a file that the system refuses;
        75 if a signal stopped the job and the same command goes on from there; 130 if it was
        the keyboard.
    """
    args = build_parser().parse_args(argv)
    try:
        args.run(args)
        return 0
    except UserError as error:
        message, code = one_line(error), MISTAKE
    except InterruptedRunError as error:
        message, code = str(error), STOPPED
    except OSError as error:
        if error.errno is None:
            raise
        place = f"{error.filename}: " if error.filename else ""
        message, code = f"{place}{error.strerror}", MISTAKE
    except KeyboardInterrupt:
        return 130
    with suppress(OSError):  # the log may lie on the disk that is full
        print(f"cbda {args.command}: error: {message}", file=sys.stderr)
    return code


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
            noun = phases.add_parser(group, help=f"make or check {group}")
            groups[group] = noun.add_subparsers(title="commands", metavar="COMMAND", required=True)
        module = import_module(f"cbda.commands.{command.replace(' ', '_')}")
        phase = groups[group].add_parser(verb, help=summary, description=module.__doc__)
        module.add_arguments(phase)
        phase.set_defaults(run=module.run, command=command)
    return parser


if __name__ == "__main__":
    sys.exit(main())
