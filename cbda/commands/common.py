"""What every command does that reads a data set."""

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

from cbda.settings.datasets import DatasetSettings
from cbda.settings.options import from_options

if TYPE_CHECKING:
    from cbda.datasets.dataset import Dataset


def open_dataset(args: argparse.Namespace, name: str, classes: list[str] | None) -> "Dataset":
    """The dataset of the options `--<name>-...`."""
    from cbda.datasets.catalogue import create_dataset

    settings = from_options(args, name, DatasetSettings)
    return create_dataset(
        settings.kind,
        Path(settings.root),
        settings.split,
        None if classes is None else tuple(classes),
    )
