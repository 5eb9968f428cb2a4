"""Train a checkpoint on, with the labels acquired so far or with all labels of the pool.

Training options that are not given are those by which the checkpoint was trained.
"""

import argparse
from pathlib import Path

from cbda.commands.common import add_dataset_options, open_dataset, require_labelled_pool
from cbda.commands.options import add_network_option, add_output_option, add_seed_option
from cbda.commands.training import (
    add_training_options,
    inherit_training,
    leave_open,
    open_training_features,
    train_and_save,
)
from cbda.errors import UserError
from cbda.settings.compute import ResumableComputeSettings
from cbda.settings.options import add_options, from_options
from cbda.settings.training import TrainingSettings
from cbda.settings.user_code import own_file


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options."""
    parser.add_argument("--checkpoint", type=Path, required=True, help="model to start from")
    add_network_option(parser)
    labels = parser.add_mutually_exclusive_group(required=True)
    labels.add_argument("--labels", type=Path, help="labels.h5 of this round")
    labels.add_argument("--all-labels", action="store_true", help="full supervision")
    what = "the labels are those of a finished run, which another model chose"
    parser.add_argument("--anew", action="store_true", help=what)
    add_dataset_options(parser, "source")
    add_dataset_options(parser, "target")
    add_training_options(parser)
    leave_open(parser)
    parser.add_argument("--until", type=int, required=True, help="iteration of the run to stop at")
    add_seed_option(parser)
    add_options(parser, "", ResumableComputeSettings)
    add_output_option(parser, "checkpoint")


def run(args: argparse.Namespace) -> None:
    """Load, train, save."""
    from cbda.compute.devices import prepare_device
    from cbda.models.checkpoints import load_model, require_input
    from cbda.training.importance import read_weights
    from cbda.training.target import AcquiredPool
    from cbda.training.trainer import Trainer
    from cbda.workflow.identity import identify_job

    device = prepare_device(args.device, args.threads, args.deterministic)
    checkpoint, model = load_model(args.checkpoint, args.network)
    inherit_training(args, checkpoint)
    settings = from_options(args, "training", TrainingSettings)
    source = open_dataset(args, "source", checkpoint.classes)
    pool = open_dataset(args, "target", checkpoint.classes)
    if args.anew and args.labels is not None:
        require_labelled_pool(args, pool)
    features = open_training_features(args, source, pool)
    require_input(checkpoint, args.checkpoint, features.get("target"), "target-features")
    target = pool if args.all_labels else AcquiredPool(pool, args.labels)
    network = own_file(args.network or checkpoint.model_settings.architecture)
    inputs = [args.checkpoint, args.labels, args.source_statistics, network]

    frozen = checkpoint.model_settings.freeze_batch_norm
    power = 0.0 if args.all_labels else settings.loss.importance
    weights = read_weights(args.labels, power) if power else None
    trainer = Trainer(model, settings, device, args.seed, frozen, weights)
    try:
        trainer.restore(checkpoint.state)
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        reason = f"{type(error).__name__}: {error}"
        raise UserError(f"{args.checkpoint}: no training goes on from it ({reason})") from error
    if args.until <= trainer.iteration:
        reached = f"{args.checkpoint} is at iteration {trainer.iteration} already"
        raise UserError(f"--until {args.until}: {reached}")
    job = identify_job(args, inputs, [source, pool])
    end = (features, args.until, job)
    train_and_save(args, trainer, checkpoint.model_settings, source, target, *end)
