"""Score every pixel of the pool with a model; write scores.h5."""

import argparse
from pathlib import Path
from typing import Any

from cbda.commands.common import (
    add_dataset_options,
    add_feature_option,
    open_dataset,
    open_features,
)
from cbda.commands.options import add_output_option, add_seed_option
from cbda.settings.compute import ComputeSettings
from cbda.settings.options import add_options, whole_number


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options."""
    parser.add_argument("--checkpoint", type=Path, required=True, help="model to score with")
    add_dataset_options(parser, "target")
    add_feature_option(parser, "target")
    parser.add_argument("--method-score", required=True, help="what makes a pixel worth asking for")
    parser.add_argument("--method-unit", required=True, help="region or pixel")
    parser.add_argument("--radius", type=whole_number(0), required=True, help="k, in px")
    parser.add_argument("--round", type=whole_number(1), required=True, help="1..R")
    add_seed_option(parser)
    add_options(parser, "", ComputeSettings)
    add_output_option(parser, "scores.h5")


def run(args: argparse.Namespace) -> None:
    """Load, score, save."""
    import torch
    from tqdm import tqdm

    from cbda.acquisition.scoring import compute_score
    from cbda.compute.devices import prepare_device
    from cbda.compute.seeds import Stream, derive_seed
    from cbda.datasets.agreement import require_uniform_size
    from cbda.files.scores import ScoreFile
    from cbda.models.checkpoints import load_model, require_input
    from cbda.models.prediction import predict_images

    device = prepare_device(args.device, args.threads, args.deterministic)
    checkpoint, model = load_model(args.checkpoint)
    pool = open_dataset(args, "target", checkpoint.classes)
    height, width = require_uniform_size(pool)
    name, unit = args.method_score, args.method_unit
    features = open_features(args, "target", pool)
    require_input(checkpoint, args.checkpoint, features, "target-features")
    images = (pool, features, range(len(pool)), checkpoint.image_size)
    maps = predict_images(model, *images, device, num_threads=args.threads)

    def score_image(index: int, logits: torch.Tensor) -> tuple[Any, Any]:
        stream = derive_seed(args.seed, Stream.RANDOM_SCORE, args.round, index)
        generator = torch.Generator().manual_seed(stream)
        score, prediction = compute_score(name, unit, logits, args.radius, generator)
        return score.cpu().numpy(), prediction.cpu().numpy()

    facts = {"num_classes": len(checkpoint.classes), "radius": args.radius}
    with ScoreFile.create(args.out, pool.image_ids, height, width, **facts, score=name) as write:
        progress = tqdm(maps, total=len(pool), mininterval=5, desc="score")
        write(score_image(*item) for item in enumerate(progress))
