"""What every command does that reads a data set."""

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

from cbda.settings.datasets import DatasetSettings
from cbda.settings.options import add_options, from_options

if TYPE_CHECKING:
    from cbda.datasets.dataset import Dataset


def add_dataset_options(parser: argparse.ArgumentParser, name: str, required: bool = True) -> None:
    """Options `--<name>-kind`, `--<name>-root` and `--<name>-split`."""
    add_options(parser, name, DatasetSettings, ("root",) if required else ())


def open_dataset(args: argparse.Namespace, name: str, classes: list[str] | None) -> "Dataset":
    """The dataset of the options `--<name>-...`."""
    from cbda.datasets.catalogue import create_dataset

    place = from_options(args, name, DatasetSettings)
    ids = place.label_ids, place.void_ids
    return create_dataset(place.kind, Path(place.root), place.split, classes, ids)
