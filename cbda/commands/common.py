"""Options and loading that several commands share."""

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

from cbda.settings import DatasetSettings, add_options, from_options

if TYPE_CHECKING:
    from cbda.datasets import Dataset


def add_dataset_options(parser: argparse.ArgumentParser, name: str, required: bool = True) -> None:
    """Options `--<name>-kind`, `--<name>-root` and `--<name>-split`."""
    add_options(parser, name, DatasetSettings, required=("root",) if required else ())


def add_class_option(parser: argparse.ArgumentParser) -> None:
    """Option `--classes`."""
    parser.add_argument("--classes", nargs="+", required=True, metavar="NAME", help="in id order")


def add_compute_options(parser: argparse.ArgumentParser) -> None:
    """Options `--device` and `--threads`."""
    parser.add_argument("--device", default="auto", help="auto, cpu or cuda (default: auto)")
    parser.add_argument("--threads", type=int, default=1, help="CPU threads (default: 1)")


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
    parser.add_argument("--seed", type=int, default=0, help="(default: 0)")


def add_output_option(parser: argparse.ArgumentParser, what: str) -> None:
    """Option `--out`."""
    parser.add_argument("--out", type=Path, required=True, help=what)


def open_dataset(args: argparse.Namespace, name: str, classes: list[str] | None) -> "Dataset":
    """The dataset of the options `--<name>-...`."""
    from cbda.datasets import create_dataset

    settings = from_options(args, name, DatasetSettings)
    return create_dataset(
        settings.kind,
        Path(settings.root),
        settings.split,
        None if classes is None else tuple(classes),
    )
