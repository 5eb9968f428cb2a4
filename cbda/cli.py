"""Command line: one subcommand per phase of the workflow.

A command module declares its options and does the rest only when it runs, so that
``cbda --help`` and the light commands never import torch.
"""

import argparse
import sys
from collections.abc import Sequence
from contextlib import suppress
from importlib import import_module
from typing import Any

import cbda
from cbda.commands.options import output_files
from cbda.errors import InterruptedRunError, UserError, did_you_mean
from cbda.files.atomic import require_output
from cbda.files.replacing import require_replaceable
from cbda.settings.extras import describe_missing

NO_MEMORY = ("out of memory", "allocate memory")  # torch's words
MISTAKE, STOPPED, KEYBOARD = 2, 75, 130  # 75 is sysexits.h's EX_TEMPFAIL: try again

COMMANDS = {
    "init": "lay out a folder for experiments",
    "data make": "render a data set of generated scenes",
    "data check": "count, pair and verify a data set",
    "data count": "count the classes in every image of a data set",
    "encode": "compute the features of a frozen encoder once for all",
    "pretrain": "train on the source domain",
    "score": "score every pixel of the pool",
    "acquire": "choose queries and ask the oracle",
    "ask": "choose queries for people, and gather their answers",
    "annotate": "serve a page on which people answer queries",
    "queries count": "count what people answered, by round",
    "queries export": "write queries for other annotation tools",
    "queries import": "take answers from other annotation tools",
    "finetune": "train on with the acquired labels",
    "evaluate": "measure IoU on the validation set",
    "predict": "predict the classes of images: masks and overlays",
    "diagnose": "count what a round asked for, with the ground truth in view",
    "plan": "estimate what an experiment will cost",
    "runs": "list all runs and their files, for tabulate, collect and report",
    "tabulate": "gather all runs into tables",
    "analyse": "learning curves, areas, ranks, tables for a paper",
    "collect": "gather the diagnoses of all rounds into a table",
    "report": "draw all runs: figures and one HTML page",
    "status": "tell how far an experiment is, and how much time is left",
    "verify": "compare all files of an experiment with what was made",
}

GROUPS = {"data": "make or check data", "queries": "exchange queries with other tools"}


def main(argv: Sequence[str] | None = None) -> int:
    """Run one subcommand.

    Returns:
        0; 2 after one line on stderr about a user's mistake or a file that the system refuses;
        75 if a signal stopped the job and the same command goes on from there; 130 if it was
        the keyboard.
    """
    args = parse(argv)
    from cbda.files.records import recording
    from cbda.workflow.origin import describe_job

    try:
        for path in output_files(args):
            require_output(path)
            require_replaceable(path)
        with recording(describe_job(args)):
            args.run(args)
        return 0
    except UserError as error:
        message, code = one_line(error), MISTAKE
    except InterruptedRunError as error:  # which is none
        message, code = str(error), STOPPED
    except ModuleNotFoundError as error:
        message, code = describe_missing(error.name), MISTAKE
        if not message:
            raise
    except OSError as error:
        if error.errno is None:
            raise
        place = f"{error.filename}: " if error.filename else ""
        message, code = f"{place}{error.strerror}", MISTAKE
    except (MemoryError, RuntimeError) as error:
        if not isinstance(error, MemoryError) and not any(w in str(error) for w in NO_MEMORY):
            raise
        message, code = f"out of memory: {' '.join(str(error).split())[:200]}", MISTAKE
    except KeyboardInterrupt:
        message, code = "stopped by ctrl-c", KEYBOARD
    kind = "error: " if code == MISTAKE else ""
    with suppress(OSError):  # the log may lie on the disk that is full
        print(f"cbda {args.command}: {kind}{message}", file=sys.stderr)
    return code


def parse_command(words: Sequence[str]) -> argparse.Namespace:
    """The options of a subcommand; a `UserError` if they are not as it declares them."""
    try:
        return parse(words)
    except SystemExit as error:
        raise UserError(f"not a command line of cbda: {' '.join(words)}") from error


def parse(argv: Sequence[str] | None) -> argparse.Namespace:
    """The arguments of a subcommand; what it does not know ends the program, with a hint."""
    args, unknown = build_parser().parse_known_args(argv)
    phase: argparse.ArgumentParser = vars(args).pop("parser")
    if unknown:
        known = [word for action in phase._actions for word in action.option_strings]
        shown = (f"{word}{did_you_mean(word.partition('=')[0], known)}" for word in unknown)
        phase.error(f"unrecognized arguments: {' '.join(shown)}")
    return args


class Parser(argparse.ArgumentParser):
    """A parser that knows what a misspelt subcommand was meant for."""

    def _check_value(self, action: argparse.Action, value: Any) -> None:
        allowed = [str(choice) for choice in action.choices or ()]
        if allowed and value not in allowed:
            reason = f"{value!r}{did_you_mean(value, allowed)}; allowed: {', '.join(allowed)}"
            raise argparse.ArgumentError(action, reason)


def one_line(error: UserError) -> str:
    """The message; an error of a loader's worker has it at the end of a traceback."""
    name = f"{UserError.__module__}.{UserError.__qualname__}: "
    return " ".join(str(error).rpartition(name)[2].splitlines())


def build_parser() -> argparse.ArgumentParser:
    """The parser of all subcommands."""
    parser = Parser("cbda", description=cbda.__doc__)
    parser.add_argument("--version", action="version", version=f"cbda {cbda.__version__}")
    phases = parser.add_subparsers(title="phases", metavar="PHASE", required=True)
    groups = {"": phases}
    for command, summary in COMMANDS.items():
        group, _, verb = command.rpartition(" ")
        if group not in groups:
            noun = phases.add_parser(group, help=GROUPS[group])
            groups[group] = noun.add_subparsers(title="commands", metavar="COMMAND", required=True)
        module = import_module(f"cbda.commands.{command.replace(' ', '_')}")
        phase = groups[group].add_parser(verb, help=summary, description=module.__doc__)
        module.add_arguments(phase)
        phase.set_defaults(run=module.run, command=command, parser=phase)
    return parser


if __name__ == "__main__":
    sys.exit(main())
