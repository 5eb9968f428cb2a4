"""What every command does that reads a data set."""

import argparse
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING

from cbda.settings.datasets import DatasetSettings
from cbda.settings.options import add_options

if TYPE_CHECKING:
    from cbda.datasets.dataset import Dataset


def add_dataset_options(parser: argparse.ArgumentParser, name: str, required: bool = True) -> None:
    """Options `--<name>-kind`, `--<name>-root` and `--<name>-split`."""
    add_options(parser, name, DatasetSettings, ("root",) if required else ())


def open_dataset(args: argparse.Namespace, name: str, classes: list[str] | None) -> "Dataset":
    """The dataset of the options `--<name>-...`."""
    from cbda.datasets.catalogue import create_dataset
    from cbda.datasets.generated import set_digest
    from cbda.files.records import note_data

    kind, root, split = (getattr(args, f"{name}_{key}") for key in DatasetSettings.model_fields)
    names = None if classes is None else tuple(classes)
    dataset = create_dataset(kind, Path(root), split, names)
    pairs = ((record.image_path, record.label_path) for record in dataset.records)
    note_data(name, set_digest(dataset.root, chain.from_iterable(pairs)))
    return dataset
