"""Options and loading that several commands share."""

import argparse
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from cbda.settings.datasets import DatasetSettings
from cbda.settings.options import add_options
from cbda.settings.training import TrainingSettings

if TYPE_CHECKING:
    pass


def whole_number(minimum: int) -> Callable[[str], int]:
    """The type of an option that is a whole number from a minimum on."""

    def parse(word: str) -> int:
        if not word.isdecimal() or int(word) < minimum:
            raise argparse.ArgumentTypeError(
                f"{word!r}: allowed are whole numbers from {minimum} on"
            )
        return int(word)

    return parse


def add_dataset_options(parser: argparse.ArgumentParser, name: str, required: bool = True) -> None:
    """Options `--<name>-kind`, `--<name>-root` and `--<name>-split`."""
    add_options(parser, name, DatasetSettings, required=("root",) if required else ())


def add_class_option(parser: argparse.ArgumentParser) -> None:
    """Option `--classes`."""
    parser.add_argument("--classes", nargs="+", required=True, metavar="NAME", help="in id order")


def add_compute_options(parser: argparse.ArgumentParser) -> None:
    """Options `--device` and `--threads`."""
    parser.add_argument("--device", default="auto", help="auto, cpu or cuda (default: auto)")
    parser.add_argument(
        "--threads", type=whole_number(1), default=1, help="CPU threads (default: 1)"
    )
    parser.add_argument(
        "--deterministic",
        action=argparse.BooleanOptionalAction,
        default=True,
        help="repeatable kernels on CUDA (default: yes)",
    )


def add_training_options(parser: argparse.ArgumentParser) -> None:
    """Options of the training itself, and those for its statistics and its costs."""
    add_options(parser, "training", TrainingSettings)
    parser.add_argument(
        "--source-statistics", type=Path, help="statistics.json, for class balanced sampling"
    )
    parser.add_argument("--metrics", type=Path, help="metrics.json: time and memory, optional")


def add_state_option(parser: argparse.ArgumentParser) -> None:
    """Option `--state-interval-s`."""
    parser.add_argument(
        "--state-interval-s",
        type=float,
        default=300,
        metavar="S",
        help="seconds between two saves of a state to resume from (default: 300)",
    )


def add_seed_option(parser: argparse.ArgumentParser) -> None:
    """Option `--seed`."""
    parser.add_argument("--seed", type=whole_number(0), default=0, help="(default: 0)")


def add_output_option(parser: argparse.ArgumentParser, what: str) -> None:
    """Option `--out`."""
    parser.add_argument("--out", type=Path, required=True, help=what)
