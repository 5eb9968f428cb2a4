"""Options and loading that several commands share."""

import argparse
from pathlib import Path
from typing import TYPE_CHECKING, Any

from cbda.settings import DatasetSettings, ModelSettings, TrainingSettings, add_options, from_options

if TYPE_CHECKING:
    from torch import nn

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
        settings.kind, Path(settings.root), settings.split, tuple(classes) if classes else None
    )


def pack_checkpoint(
    state: dict[str, Any], classes: list[str], model: ModelSettings, training: TrainingSettings
) -> dict[str, Any]:
    """A training state with all that is needed to build its model again."""
    from dataclasses import asdict

    return {
        **state,
        "classes": list(classes),
        "model_settings": asdict(model),
        "image_size": list(training.image_size),
    }


def build_model(checkpoint: dict[str, Any]) -> "nn.Module":
    """The model of a checkpoint, with its weights."""
    from cbda.models import create_model

    settings = ModelSettings(**checkpoint["model_settings"])
    model = create_model(settings, len(checkpoint["classes"]), load_weights=False)
    model.load_state_dict(checkpoint["model"])
    return model
