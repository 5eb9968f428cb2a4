"""Score every pixel of the pool with a model; write scores.h5."""

import argparse
from collections.abc import Callable, Iterable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

from cbda.acquisition.choice import Views
from cbda.acquisition.methods import DIVERSE, UNITS
from cbda.commands.common import (
    add_dataset_options,
    add_feature_option,
    open_dataset,
    open_features,
)
from cbda.commands.options import add_network_option, add_output_option, add_seed_option
from cbda.errors import UserError
from cbda.settings.compute import ComputeSettings
from cbda.settings.options import add_options, from_options, whole_number
from cbda.settings.section import MAX_RADIUS_PX


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options."""
    parser.add_argument("--checkpoint", type=Path, required=True, help="model to score with")
    add_network_option(parser)
    add_dataset_options(parser, "target")
    add_feature_option(parser, "target")
    parser.add_argument("--method-score", required=True, help="what makes a pixel worth asking for")
    parser.add_argument("--method-unit", required=True, help=", ".join(UNITS))
    parser.add_argument(
        "--radius", type=whole_number(0, MAX_RADIUS_PX), required=True, help="k, in px"
    )
    parser.add_argument("--round", type=whole_number(1), required=True, help="1..R")
    add_options(parser, "", Views)
    words = f"keep what the network makes of images, for the allocations {', '.join(DIVERSE)}"
    parser.add_argument("--keep-features", action="store_true", help=words)
    add_seed_option(parser)
    add_options(parser, "", ComputeSettings)
    add_output_option(parser, "scores.h5")


def run(args: argparse.Namespace) -> None:
    """Load, score, save."""
    from tqdm import tqdm

    from cbda.acquisition.scoring import Seen, kind_of_views, score_image
    from cbda.compute.devices import prepare_device
    from cbda.datasets.agreement import require_uniform_size
    from cbda.datasets.digest import describe_state
    from cbda.files.encoded_images import image_digests, note
    from cbda.files.scores import ScoreFile
    from cbda.models.checkpoints import load_model, require_input
    from cbda.models.penultimate import Penultimate
    from cbda.models.prediction import predict_images, predict_views
    from cbda.models.views import Look
    from cbda.models.void import void_class_of

    device = prepare_device(args.device, args.threads, args.deterministic)
    checkpoint, model = load_model(args.checkpoint, args.network)
    pool = open_dataset(args, "target", checkpoint.classes)
    height, width = require_uniform_size(pool)
    paths = pool.image_paths
    states = list(map(describe_state, paths))  # before any of them is read
    features = open_features(args, "target", pool)
    made_of = image_digests(paths) if features is None else features.image_sha256
    require_input(checkpoint, args.checkpoint, features, "target-features")
    name = args.method_score
    seen = model, pool, features, range(len(pool)), checkpoint.resizing, device
    maps: Iterator[Seen]
    num_classes, void = len(checkpoint.classes), void_class_of(model)
    beside: dict[str, Callable[[], Any]] = {}
    if args.keep_features:
        beside["features"] = Penultimate(model, num_classes + (void is not None)).read
    if void:
        beside["void"] = partial(void.read, checkpoint.resizing, (height, width))
    kind = kind_of_views(name)
    if kind and beside:
        reason = f"goes by several predictions of an image, {' and '.join(beside)} by one"
        raise UserError(f"score {name!r}: {reason}; allowed: a score that goes by one")
    if kind:
        num_views = from_options(args, "", Views).num_views
        look = Look(kind, num_views, args.seed, args.round)
        maps = predict_views(*seen, look, num_threads=args.threads)
    else:
        maps = predict_images(*seen, num_threads=args.threads, through_input=True)
    choice = (name, args.method_unit, args.radius, args.seed, args.round)
    facts: dict[str, Any] = {"num_classes": num_classes, "radius": args.radius, "score": name}
    facts |= {"beside": list(beside), "image_sha256": list(made_of)}
    size = (height, width)
    with ScoreFile.create(args.out, pool.image_ids, *size, **facts) as write:
        progress: Iterable[Seen] = tqdm(maps, total=len(pool), mininterval=5, desc="score")
        write(
            (*score_image(*choice, *item), *(read() for read in beside.values()))
            for item in enumerate(progress)
        )
    with ScoreFile.open(args.out) as scores:
        note(scores, states)
