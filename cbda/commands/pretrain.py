"""Train a new model on the labelled source and, if there is one, the unlabelled target."""

import argparse
from pathlib import Path

from cbda.commands.common import add_dataset_options, open_dataset
from cbda.commands.options import add_class_option, add_output_option, add_seed_option
from cbda.commands.training import (
    add_training_options,
    open_training_features,
    train_and_save,
)
from cbda.settings.compute import ResumableComputeSettings
from cbda.settings.model import ModelSettings, has_weights_file
from cbda.settings.options import add_options, from_options
from cbda.settings.training import PretrainSettings, TrainingSettings
from cbda.settings.user_code import own_file, without_folder


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options."""
    add_dataset_options(parser, "source")
    add_dataset_options(parser, "target", required=False)
    add_class_option(parser)
    add_options(parser, "model", ModelSettings)
    add_training_options(parser)
    add_options(parser, "", PretrainSettings, required=("iterations",))
    add_seed_option(parser)
    add_options(parser, "", ResumableComputeSettings)
    add_output_option(parser, "checkpoint")


def run(args: argparse.Namespace) -> None:
    """Load, train, save."""
    import torch

    from cbda.compute.devices import prepare_device
    from cbda.compute.seeds import Stream, derive_seed
    from cbda.models.build import create_decoder, create_model, require_fit
    from cbda.models.checkpoints import require_features
    from cbda.training.target import Unlabelled
    from cbda.training.trainer import Trainer
    from cbda.workflow.identity import identify_job

    device = prepare_device(args.device, args.threads, args.deterministic)
    model_settings = from_options(args, "model", ModelSettings)
    settings = from_options(args, "training", TrainingSettings)
    source = open_dataset(args, "source", args.classes)
    pool = open_dataset(args, "target", args.classes) if args.target_root else None
    target = None if pool is None else Unlabelled(pool)
    features = open_training_features(args, source, pool)
    require_features(model_settings, features.values())
    weights = model_settings.encoder_weights
    files = [args.source_statistics, Path(weights) if has_weights_file(weights) else None]
    inputs = [*files, own_file(model_settings.architecture)]

    torch.manual_seed(derive_seed(args.seed, Stream.WEIGHTS))
    if features:
        scales = features["source"].encoding.scales
        model = create_decoder(model_settings, len(args.classes), scales)
    else:
        model = create_model(model_settings, len(args.classes))
        require_fit(model, model_settings, settings.image_size)
    trainer = Trainer(model, settings, device, args.seed, model_settings.freeze_batch_norm)
    job = identify_job(args, inputs, [source, pool])
    end = (features, args.iterations, job)
    train_and_save(args, trainer, _without_place(model_settings), source, target, *end)


def _without_place(settings: ModelSettings) -> ModelSettings:
    """The settings that a checkpoint keeps: a file of weights is known by its digest.

    One that builds a network is known by its name, so that it may move.
    """
    from cbda.datasets.digest import content_digest

    weights = settings.encoder_weights
    known = content_digest(Path(weights)) if has_weights_file(weights) else weights
    architecture = without_folder(settings.architecture)
    return settings.model_copy(update={"encoder_weights": known, "architecture": architecture})
