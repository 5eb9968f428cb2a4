"""Train a checkpoint on, with the labels acquired so far or with all labels of the pool."""

import argparse
from pathlib import Path

from cbda.commands.common import open_dataset
from cbda.commands.options import (
    add_compute_options,
    add_dataset_options,
    add_output_option,
    add_seed_option,
    add_state_option,
    add_training_options,
)
from cbda.errors import UserError
from cbda.settings.model import ModelSettings
from cbda.settings.options import from_options
from cbda.settings.training import TrainingSettings


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options."""
    parser.add_argument("--checkpoint", type=Path, required=True, help="model to start from")
    labels = parser.add_mutually_exclusive_group(required=True)
    labels.add_argument("--labels", type=Path, help="labels.h5 of this round")
    labels.add_argument("--all-labels", action="store_true", help="full supervision")
    add_dataset_options(parser, "source")
    add_dataset_options(parser, "target")
    add_training_options(parser)
    parser.add_argument("--until", type=int, required=True, help="iteration of the run to stop at")
    add_seed_option(parser)
    add_compute_options(parser)
    add_state_option(parser)
    add_output_option(parser, "checkpoint")


def run(args: argparse.Namespace) -> None:
    """Load, train, save."""
    from cbda.compute.devices import prepare_device
    from cbda.files.checkpoints import save_checkpoint
    from cbda.files.json_files import write_json
    from cbda.models.checkpoints import load_model, pack_checkpoint
    from cbda.training.loader import create_loader
    from cbda.training.order import read_presence
    from cbda.training.resume import ResumableState
    from cbda.training.target import AcquiredPool
    from cbda.training.trainer import Trainer, measure_cost
    from cbda.workflow.identity import identify_job

    device = prepare_device(args.device, args.threads, args.deterministic)
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
    presence, pin_memory = read_presence(args.source_statistics, source), device.type == "cuda"
    job = identify_job(args, [args.checkpoint, args.labels, args.source_statistics], [source, pool])
    with ResumableState(args.out, job, args.state_interval_s, args.until).kept(trainer) as state:
        span = (trainer.iteration, args.until)
        loader = create_loader(source, target, settings, args.seed, *span, presence, pin_memory)
        outcome = trainer.run(loader, span[1] - span[0], state.after_iteration)
        if args.metrics is not None:
            cost = measure_cost(outcome["seconds_per_iteration"], settings, 2, device)
            write_json(args.metrics, {**cost, "num_iterations": args.until - start})
        content = pack_checkpoint(trainer.state(), classes, model_settings, settings)
        save_checkpoint(args.out, content)
    print("loss {loss:.4f}, {seconds_per_iteration:.3f} s per iteration".format(**outcome))
