"""Options that several commands share and no configuration holds."""

import argparse
from pathlib import Path

from cbda.settings.options import whole_number
from cbda.settings.section import MAX_SEED

FOLDERS = ("out_figures", "out_folder", "out_masks")  # options that name folders of results


def add_class_option(parser: argparse.ArgumentParser) -> None:
    """Option `--classes`."""
    parser.add_argument("--classes", nargs="+", required=True, metavar="NAME", help="in id order")


def add_seed_option(parser: argparse.ArgumentParser) -> None:
    """Option `--seed`."""
    parser.add_argument("--seed", type=whole_number(0, MAX_SEED), default=0, help="(default: 0)")


def add_starting_option(parser: argparse.ArgumentParser) -> None:
    """Option `--starting-share`."""
    words = "share of the budget that the first round spends, at random (default: 0, as any other)"
    parser.add_argument("--starting-share", type=float, default=0.0, metavar="X", help=words)


def add_network_option(parser: argparse.ArgumentParser) -> None:
    """Option `--network`."""
    what = "FILE.py:NAME of a network of your own that is not in the working folder, optional"
    parser.add_argument("--network", default="", help=what)


def add_output_option(parser: argparse.ArgumentParser, what: str) -> None:
    """Option `--out`."""
    parser.add_argument("--out", type=Path, required=True, help=what)


def add_folder_option(parser: argparse.ArgumentParser, what: str, name: str = "out_folder") -> None:
    """Option `--out` of a command that fills a folder, one of the user's unless it has a name."""
    parser.add_argument("--out", dest=name, type=Path, required=True, help=what)


def output_files(args: argparse.Namespace) -> list[Path]:
    """The files that a command will write, as its options name them."""
    named = vars(args).items()
    names = [name for name, _ in named if name.startswith("out_") and name not in FOLDERS]
    paths = (getattr(args, name, None) for name in ("out", "metrics", "history", *names))
    return [path for path in paths if path is not None]
