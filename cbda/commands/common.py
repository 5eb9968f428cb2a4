"""What every command does that reads a data set."""

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

from cbda.settings.datasets import DatasetSettings
from cbda.settings.options import add_options

if TYPE_CHECKING:
    from cbda.datasets.dataset import Dataset
    from cbda.files.features import FeatureFile


def add_dataset_options(parser: argparse.ArgumentParser, name: str, required: bool = True) -> None:
    """Options `--<name>-kind`, `--<name>-root` and `--<name>-split`."""
    add_options(parser, name, DatasetSettings, ("root",) if required else ())


def open_dataset(args: argparse.Namespace, name: str, classes: list[str] | None) -> "Dataset":
    """The dataset of the options `--<name>-...`."""
    from cbda.datasets.catalogue import create_dataset

    kind, root, split = (getattr(args, f"{name}_{key}") for key in DatasetSettings.model_fields)
    return create_dataset(kind, Path(root), split, None if classes is None else tuple(classes))


def add_feature_option(parser: argparse.ArgumentParser, name: str) -> None:
    """Option `--<name>-features`."""
    what = f"features.h5 of the {name}, in place of its images"
    parser.add_argument(f"--{name}-features", type=Path, metavar="FILE", help=what)


def open_features(args: argparse.Namespace, name: str, dataset: "Dataset") -> "FeatureFile | None":
    """The file of `--<name>-features`, if it is given; a `UserError` if it is of other images."""
    from cbda.datasets.agreement import require_same_pool
    from cbda.files.features import FeatureFile

    path = getattr(args, f"{name}_features")
    if path is None:
        return None
    features = FeatureFile.open(path)
    require_same_pool(path, features.image_ids, dataset.root, dataset.image_ids)
    return features
