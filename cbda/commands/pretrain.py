"""Train a new model on the labelled source and, if there is one, the unlabelled target."""

import argparse
from pathlib import Path

from cbda.commands.common import open_dataset
from cbda.commands.options import (
    add_class_option,
    add_compute_options,
    add_dataset_options,
    add_output_option,
    add_seed_option,
    add_state_option,
    add_training_options,
    whole_number,
)
from cbda.settings.model import ModelSettings, has_weights_file
from cbda.settings.options import add_options, from_options
from cbda.settings.training import TrainingSettings


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options."""
    add_dataset_options(parser, "source")
    add_dataset_options(parser, "target", required=False)
    add_class_option(parser)
    add_options(parser, "model", ModelSettings)
    add_training_options(parser)
    parser.add_argument(
        "--iterations", type=whole_number(1), required=True, help="train this many iterations"
    )
    add_seed_option(parser)
    add_compute_options(parser)
    add_state_option(parser)
    add_output_option(parser, "checkpoint")


def run(args: argparse.Namespace) -> None:
    """Load, train, save."""
    import torch

    from cbda.compute.devices import prepare_device
    from cbda.compute.seeds import Stream, derive_seed
    from cbda.files.checkpoints import save_checkpoint
    from cbda.files.json_files import write_json
    from cbda.models.build import create_model
    from cbda.models.checkpoints import pack_checkpoint
    from cbda.training.loader import create_loader
    from cbda.training.order import read_presence
    from cbda.training.resume import ResumableState
    from cbda.training.target import Unlabelled
    from cbda.training.trainer import Trainer, measure_cost
    from cbda.workflow.identity import identify_job

    device = prepare_device(args.device, args.threads, args.deterministic)
    model_settings = from_options(args, "model", ModelSettings)
    settings = from_options(args, "training", TrainingSettings)
    source = open_dataset(args, "source", args.classes)
    pool = open_dataset(args, "target", args.classes) if args.target_root else None
    target = None if pool is None else Unlabelled(pool)

    torch.manual_seed(derive_seed(args.seed, Stream.WEIGHTS))
    model = create_model(model_settings, len(args.classes))
    trainer = Trainer(model, settings, device, args.seed, model_settings.freeze_batch_norm)
    presence, pin_memory = read_presence(args.source_statistics, source), device.type == "cuda"
    weights = model_settings.encoder_weights
    weights_path = Path(weights) if has_weights_file(weights) else None
    job = identify_job(args, [args.source_statistics, weights_path], [source, pool])
    states = ResumableState(args.out, job, args.state_interval_s, args.iterations)
    with states.kept(trainer) as state:
        span = (trainer.iteration, args.iterations)
        loader = create_loader(source, target, settings, args.seed, *span, presence, pin_memory)
        outcome = trainer.run(loader, span[1] - span[0], state.after_iteration)
        if args.metrics is not None:
            num_domains = 1 if target is None else 2
            cost = measure_cost(outcome["seconds_per_iteration"], settings, num_domains, device)
            write_json(args.metrics, {**cost, "num_iterations": args.iterations})
        content = pack_checkpoint(trainer.state(), args.classes, model_settings, settings)
        save_checkpoint(args.out, content)
    print("loss {loss:.4f}, {seconds_per_iteration:.3f} s per iteration".format(**outcome))
