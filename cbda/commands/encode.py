"""Compute the features of a frozen encoder for every image of a data set; write features.h5."""

import argparse
from functools import partial
from typing import TYPE_CHECKING, Any

from cbda.commands.common import add_dataset_options, open_dataset
from cbda.commands.options import add_class_option, add_output_option
from cbda.settings.compute import ComputeSettings
from cbda.settings.encoding import EncodeSettings
from cbda.settings.model import ModelSettings
from cbda.settings.options import add_options, from_options, whole_number

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from cbda.datasets.dataset import Dataset


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options."""
    add = parser.add_argument
    add_dataset_options(parser, "dataset")
    add_class_option(parser)
    add_options(parser, "model", ModelSettings)
    size: dict[str, Any] = {"type": whole_number(8), "nargs": 2, "metavar": ("HEIGHT", "WIDTH")}
    add("--image-size", required=True, help="in px, at which the encoder sees images", **size)
    add("--interpolation", default="bilinear", help="how images are brought to it, or bicubic")
    flag = argparse.BooleanOptionalAction
    add("--mirrored", action=flag, default=False, help="encode mirrored images too")
    add_options(parser, "", EncodeSettings)
    add_options(parser, "", ComputeSettings)
    add_output_option(parser, "features.h5")


def run(args: argparse.Namespace) -> None:
    """Load, encode, save."""
    from tqdm import tqdm

    from cbda.compute.devices import prepare_device
    from cbda.compute.parallel import ordered_map
    from cbda.datasets.digest import describe_state
    from cbda.errors import require_choice
    from cbda.files.encoded_images import note
    from cbda.files.features import FeatureFile
    from cbda.models.encoding import ImageEncoder
    from cbda.models.images import INTERPOLATIONS, Resizing

    require_choice("--interpolation", args.interpolation, INTERPOLATIONS)
    device = prepare_device(args.device, args.threads, args.deterministic)
    model = from_options(args, "model", ModelSettings)
    dataset = open_dataset(args, "dataset", args.classes)
    resizing = Resizing((args.image_size[0], args.image_size[1]), args.interpolation)
    encoder = ImageEncoder(model, from_options(args, "", EncodeSettings), resizing, device)
    paths = dataset.image_paths
    states = list(map(describe_state, paths))
    read = partial(_read, dataset)
    images = ordered_map(read, range(len(dataset)), args.threads)  # ahead of the encoder
    progress = tqdm(images, total=len(dataset), mininterval=5, desc="encode")
    place = (args.out, dataset.image_ids, encoder.encoding, resizing.image_size, encoder.shapes)
    with FeatureFile.create(*place, mirrored=args.mirrored) as write:
        write((digest, encoder.encode(image, args.mirrored)) for digest, image in progress)
    with FeatureFile.open(args.out) as features:
        note(features, states)
    print(f"{args.out}: {args.out.stat().st_size / 1e9:.3f} GB")


def _read(dataset: "Dataset", index: int) -> "tuple[str, NDArray[np.uint8]]":
    """SHA-256 of the file of an image, and the image; if it changes in between, they don't fit."""
    from cbda.files.records import file_sha256

    return file_sha256(dataset.records[index].image_path), dataset.read_image(index)
