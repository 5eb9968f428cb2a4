"""What `pretrain` and `finetune` share: to train up to an iteration, and to save a checkpoint."""

import argparse
from pathlib import Path
from typing import TYPE_CHECKING, Any

from cbda.commands.common import add_feature_option, content_of, open_features
from cbda.settings.model import ModelSettings
from cbda.settings.options import add_options, from_options
from cbda.settings.training import TrainingSettings

if TYPE_CHECKING:
    from cbda.datasets.dataset import Dataset
    from cbda.files.features import FeatureFile
    from cbda.training.loader import LabelledImages
    from cbda.training.trainer import Trainer

    Features = dict[str, FeatureFile]  # by the name of the set


def add_training_options(parser: argparse.ArgumentParser) -> None:
    """Options `--training-...`, features, `--source-statistics` and `--metrics`."""
    add = parser.add_argument
    for name in ("source", "target"):
        add_feature_option(parser, name)
    add_options(parser, "training", TrainingSettings)
    add("--source-statistics", type=Path, help="statistics.json, for class balanced sampling")
    add("--metrics", type=Path, help="metrics.json: time and memory, optional")
    add("--history", type=Path, help="history.csv: losses and rates by iteration, optional")


def open_training_features(
    args: argparse.Namespace, source: "Dataset", pool: "Dataset | None"
) -> "Features":
    """Features of the source, and of the pool if there is one; none if images are trained on.

    Raises:
        UserError: they are of other images or sizes, of two encodings, or of one set alone.
    """
    from cbda.training.encoded import require_trainable

    settings = from_options(args, "training", TrainingSettings)
    datasets = {"source": source} if pool is None else {"source": source, "target": pool}
    found = {name: open_features(args, name, dataset) for name, dataset in datasets.items()}
    features = {name: file for name, file in found.items() if file is not None}
    if features:
        require_trainable(features, found, settings)
    return features


def train_and_save(
    args: argparse.Namespace,
    trainer: "Trainer",
    model: ModelSettings,
    source: "Dataset",
    target: "LabelledImages | None",
    features: "Features",
    until: int,
    job: str,
) -> None:
    """Train up to an iteration, from the state of an earlier run of the job if any, and save."""
    from cbda.files.json_files import write_json, write_text
    from cbda.models.checkpoints import Checkpoint
    from cbda.models.images import Resizing
    from cbda.training.encoded import encoded
    from cbda.training.history import RecordedTraining, format_history, tensorboard_writer
    from cbda.training.loader import create_loader, ending_workers
    from cbda.training.order import read_presence
    from cbda.training.resume import ResumableState
    from cbda.training.trainer import measure_cost

    settings, device, start = trainer.settings, trainer.device, trainer.iteration
    presence, pin_memory = read_presence(args.source_statistics, source), device.type == "cuda"
    job = "-".join([job, *(file.digest for file in features.values())])
    states = ResumableState(args.out, job, args.state_interval_s, until)
    training = RecordedTraining(trainer)
    pictures = encoded(source, features.get("source")), encoded(target, features.get("target"))

    def after_iteration(trainer: "Trainer") -> None:
        training.record()
        states.after_iteration(training)

    with states.resumable(training), ending_workers():
        if args.tensorboard:
            folder = args.out.with_name("tensorboard")
            training.tell = tensorboard_writer(folder, trainer.iteration)
        span = (trainer.iteration, until)
        loader = create_loader(*pictures, settings, args.seed, *span, presence, pin_memory)
        outcome = trainer.run(states.interruptible(loader), span[1] - span[0], after_iteration)
        if args.metrics is not None:
            num_domains = 1 if target is None else 2
            cost = measure_cost(outcome["seconds_per_iteration"], settings, num_domains, device)
            write_json(args.metrics, {**cost, "num_iterations": until - start})
        if args.history is not None:
            write_text(args.history, format_history(training.rows))
        resizing = Resizing(settings.image_size, settings.interpolation, settings.align_corners)
        made_of = (list(source.classes), model, resizing)
        encoding = features["source"].encoding if features else None
        configuration = _configuration(args, trainer, model)
        Checkpoint(trainer.state(), *made_of, configuration, encoding=encoding).save(args.out)
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
