"""Train a new model on the labelled source and, if there is one, the unlabelled target."""

import argparse

from cbda.commands.common import (
    add_class_option,
    add_compute_options,
    add_dataset_options,
    add_output_option,
    add_seed_option,
    add_state_option,
    open_dataset,
)
from cbda.settings import ModelSettings, TrainingSettings, add_options, from_options


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options."""
    add_dataset_options(parser, "source")
    add_dataset_options(parser, "target", required=False)
    add_class_option(parser)
    add_options(parser, "model", ModelSettings)
    add_options(parser, "training", TrainingSettings)
    parser.add_argument("--iterations", type=int, required=True, help="train this many iterations")
    add_seed_option(parser)
    add_compute_options(parser)
    add_state_option(parser)
    add_output_option(parser, "checkpoint")


def run(args: argparse.Namespace) -> None:
    """Load, train, save."""
    import torch

    from cbda.checkpoints import pack_checkpoint
    from cbda.devices import prepare_device
    from cbda.files import save_checkpoint
    from cbda.loader import Stream, create_loader, derive_seed
    from cbda.models import create_model
    from cbda.pool import Unlabelled
    from cbda.resume import ResumableState, identify_job
    from cbda.training import Trainer

    device = prepare_device(args.device, args.threads)
    model_settings = from_options(args, "model", ModelSettings)
    settings = from_options(args, "training", TrainingSettings)
    source = open_dataset(args, "source", args.classes)
    pool = open_dataset(args, "target", args.classes) if args.target_root else None
    target = None if pool is None else Unlabelled(pool)

    torch.manual_seed(derive_seed(args.seed, Stream.WEIGHTS))
    model = create_model(model_settings, len(args.classes))
    trainer = Trainer(model, settings, device, args.seed, model_settings.freeze_batch_norm)
    job = identify_job(args, [], [source, pool])
    with ResumableState(args.out, job, args.state_interval_s).kept(trainer) as state:
        start = trainer.iteration
        loader = create_loader(source, target, settings, args.seed, start, args.iterations)
        outcome = trainer.run(loader, args.iterations - start, state.after_iteration)
        content = pack_checkpoint(trainer.state(), args.classes, model_settings, settings)
        save_checkpoint(args.out, content)
    print("loss {loss:.4f}, {seconds_per_iteration:.3f} s per iteration".format(**outcome))
