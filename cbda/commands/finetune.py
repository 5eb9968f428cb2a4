"""Train a checkpoint on, with the labels acquired so far or with all labels of the pool."""

import argparse
from pathlib import Path

from cbda.commands.common import (
    add_compute_options,
    add_dataset_options,
    add_output_option,
    add_seed_option,
    add_state_option,
    open_dataset,
)
from cbda.errors import UserError
from cbda.settings import ModelSettings, TrainingSettings, add_options, from_options


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options."""
    parser.add_argument("--checkpoint", type=Path, required=True, help="model to start from")
    labels = parser.add_mutually_exclusive_group(required=True)
    labels.add_argument("--labels", type=Path, help="labels.h5 of this round")
    labels.add_argument("--all-labels", action="store_true", help="full supervision")
    add_dataset_options(parser, "source")
    add_dataset_options(parser, "target")
    add_options(parser, "training", TrainingSettings)
    parser.add_argument("--until", type=int, required=True, help="iteration of the run to stop at")
    add_seed_option(parser)
    add_compute_options(parser)
    add_state_option(parser)
    add_output_option(parser, "checkpoint")


def run(args: argparse.Namespace) -> None:
    """Load, train, save."""
    from cbda.checkpoints import load_model, pack_checkpoint
    from cbda.devices import prepare_device
    from cbda.files import save_checkpoint
    from cbda.loader import create_loader
    from cbda.pool import AcquiredPool
    from cbda.resume import ResumableState, identify_job
    from cbda.training import Trainer

    device = prepare_device(args.device, args.threads)
    checkpoint, model = load_model(args.checkpoint)
    classes = checkpoint["classes"]
    settings = from_options(args, "training", TrainingSettings)
    source = open_dataset(args, "source", classes)
    pool = open_dataset(args, "target", classes)

    model_settings = ModelSettings(**checkpoint["model_settings"])
    frozen = model_settings.freeze_batch_norm
    trainer = Trainer(model, settings, device, args.seed, frozen)
    trainer.restore(checkpoint)
    target = pool if args.all_labels else AcquiredPool(pool, args.labels)
    start = trainer.iteration
    if args.until <= start:
        raise UserError(f"--until {args.until}: {args.checkpoint} is at iteration {start} already")
    job = identify_job(args, [args.checkpoint, args.labels], [source, pool])
    with ResumableState(args.out, job, args.state_interval_s).kept(trainer) as state:
        start = trainer.iteration
        loader = create_loader(source, target, settings, args.seed, start, args.until)
        outcome = trainer.run(loader, args.until - start, state.after_iteration)
        content = pack_checkpoint(trainer.state(), classes, model_settings, settings)
        save_checkpoint(args.out, content)
    print("loss {loss:.4f}, {seconds_per_iteration:.3f} s per iteration".format(**outcome))
