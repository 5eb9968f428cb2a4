"""What `pretrain` and `finetune` share: to train up to an iteration, and to save a checkpoint."""

import argparse
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

from cbda.commands.common import content_of
from cbda.settings.model import ModelSettings
from cbda.settings.options import add_options
from cbda.settings.training import TrainingSettings

if TYPE_CHECKING:
    from cbda.datasets.dataset import Dataset
    from cbda.models.checkpoints import Checkpoint
    from cbda.training.loader import LabelledImages
    from cbda.training.trainer import Trainer


def add_training_options(parser: argparse.ArgumentParser) -> None:
    """Options `--training-...`, `--source-statistics` and `--metrics`."""
    add = parser.add_argument
    add_options(parser, "training", TrainingSettings)
    add("--source-statistics", type=Path, help="statistics.json, for class balanced sampling")
    add("--metrics", type=Path, help="metrics.json: time and memory, optional")
    add("--history", type=Path, help="history.csv: losses and rates by iteration, optional")


def leave_open(parser: argparse.ArgumentParser) -> None:
    """Have `--training-...` no defaults, for `inherit_training` to fill."""
    parser.set_defaults(**dict.fromkeys(_flat(TrainingSettings().model_dump())))


def inherit_training(args: argparse.Namespace, checkpoint: "Checkpoint") -> None:
    """Fill in what is not given from a checkpoint, as far as it says how it was trained."""
    defaults, trained = TrainingSettings().model_dump(), checkpoint.configuration.get("training")
    known = _flat(defaults) | _flat(asdict(checkpoint.resizing)) | _flat(trained or {})
    for name, value in known.items():
        if getattr(args, name, None) is None:
            setattr(args, name, value)


def _flat(values: dict[str, Any], prefix: str = "training") -> dict[str, Any]:
    """Nested keys as the names of their options."""
    flat: dict[str, Any] = {}
    for key, value in values.items():
        name = f"{prefix}_{key}"
        flat |= _flat(value, name) if isinstance(value, dict) else {name: value}
    return flat


def train_and_save(
    args: argparse.Namespace,
    trainer: "Trainer",
    model: ModelSettings,
    source: "Dataset",
    target: "LabelledImages | None",
    until: int,
    job: str,
) -> None:
    """Train up to an iteration, from the state of an earlier run of the job if any, and save."""
    from cbda.files.json_files import write_json, write_text
    from cbda.models.checkpoints import Checkpoint
    from cbda.models.images import Resizing
    from cbda.training.history import RecordedTraining, format_history, tensorboard_writer
    from cbda.training.loader import create_loader, ending_workers
    from cbda.training.order import read_presence
    from cbda.training.resume import ResumableState
    from cbda.training.trainer import measure_cost

    settings, device, start = trainer.settings, trainer.device, trainer.iteration
    presence, pin_memory = read_presence(args.source_statistics, source), device.type == "cuda"
    states = ResumableState(args.out, job, args.state_interval_s, until)
    training = RecordedTraining(trainer)

    def after_iteration(trainer: "Trainer") -> None:
        training.record()
        states.after_iteration(training)

    with states.resumable(training), ending_workers():
        if args.tensorboard:
            folder = args.out.with_name("tensorboard")
            training.tell = tensorboard_writer(folder, trainer.iteration)
        span = (trainer.iteration, until)
        loader = create_loader(source, target, settings, args.seed, *span, presence, pin_memory)
        outcome = trainer.run(states.interruptible(loader), span[1] - span[0], after_iteration)
        if args.metrics is not None:
            num_domains = 1 if target is None else 2
            cost = measure_cost(outcome["seconds_per_iteration"], settings, num_domains, device)
            write_json(args.metrics, {**cost, "num_iterations": until - start})
        if args.history is not None:
            write_text(args.history, format_history(training.rows))
        resizing = Resizing(settings.image_size, settings.interpolation, settings.align_corners)
        made_of = (list(source.classes), model, resizing)
        Checkpoint(trainer.state(), *made_of, _configuration(args, trainer, model)).save(args.out)
    print("loss {loss:.4f}, {seconds_per_iteration:.3f} s per iteration".format(**outcome))


def _configuration(
    args: argparse.Namespace, trainer: "Trainer", model: ModelSettings
) -> dict[str, Any]:
    """All that decides what is learned, as plain values.

    What does not, such as places, devices, threads and workers, is left out: results are the same
    bytes.
    """
    return {
        "command": args.command,
        "seed": args.seed,
        "iterations": trainer.iteration,
        "all_labels": getattr(args, "all_labels", False),
        "datasets": {name: content_of(args, name) for name in ("source", "target")},
        "training": trainer.settings.model_dump(exclude={"num_workers"}),
        "model": model.model_dump(),
    }
