"""Measure the IoU of a model on the validation set; write evaluation.json."""

import argparse
from pathlib import Path

from cbda.commands.common import (
    add_dataset_options,
    add_feature_option,
    open_dataset,
    open_features,
)
from cbda.commands.options import add_network_option, add_output_option
from cbda.errors import UserError, require_choice
from cbda.settings.compute import ComputeSettings
from cbda.settings.evaluation import EvaluateSettings
from cbda.settings.options import add_options


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options."""
    parser.add_argument("--checkpoint", type=Path, required=True, help="model to evaluate")
    add_network_option(parser)
    add_dataset_options(parser, "val")
    add_feature_option(parser, "val")
    add_options(parser, "", EvaluateSettings)
    add_options(parser, "", ComputeSettings)
    add_output_option(parser, "evaluation.json")


def run(args: argparse.Namespace) -> None:
    """Load, predict, count, save."""
    import numpy as np
    from tqdm import tqdm

    from cbda.compute.devices import prepare_device
    from cbda.files.json_files import write_evaluation
    from cbda.models.checkpoints import load_model, require_input
    from cbda.models.logits import most_probable, require_finite
    from cbda.models.prediction import predict_both_views, predict_images
    from cbda.results.metrics import confusion_matrix, summarise

    device = prepare_device(args.device, args.threads, args.deterministic)
    checkpoint, model = load_model(args.checkpoint, args.network)
    classes = checkpoint.classes
    for name in args.subset:
        require_choice("--subset", name, tuple(classes))
    val = open_dataset(args, "val", classes)
    features = open_features(args, "val", val)
    require_input(checkpoint, args.checkpoint, features, "val-features")
    images = (val, features, range(len(val)), checkpoint.resizing)
    predict = predict_both_views if args.flip else predict_images
    maps = predict(model, *images, device, num_threads=args.threads)

    confusion = np.zeros((len(classes), len(classes)), np.int64)
    for index, values in enumerate(tqdm(maps, total=len(val), mininterval=5, desc="evaluate")):
        require_finite(values)
        prediction = most_probable(values).cpu().numpy()
        confusion += confusion_matrix(val.read_label(index), prediction, len(classes))
    if not confusion.any():
        raise UserError(f"{val.root}: no pixel belongs to any of the classes")
    evaluation = {"num_images": len(val), **summarise(confusion, classes, args.subset)}
    write_evaluation(args.out, evaluation)
