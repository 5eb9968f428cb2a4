"""Compute the features of a frozen encoder for every image of a data set; write features.h5."""

import argparse
from typing import Any

from cbda.commands.common import add_dataset_options, open_dataset
from cbda.commands.options import add_class_option, add_output_option
from cbda.settings.compute import ComputeSettings
from cbda.settings.encoding import EncodeSettings
from cbda.settings.model import ModelSettings
from cbda.settings.options import add_options, from_options, whole_number


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options."""
    add = parser.add_argument
    add_dataset_options(parser, "dataset")
    add_class_option(parser)
    add_options(parser, "model", ModelSettings)
    size: dict[str, Any] = {"type": whole_number(8), "nargs": 2, "metavar": ("HEIGHT", "WIDTH")}
    add("--image-size", required=True, help="in px, at which the encoder sees images", **size)
    add("--mirrored", action="store_true", help="encode mirrored images too")
    add_options(parser, "", EncodeSettings)
    add_options(parser, "", ComputeSettings)
    add_output_option(parser, "features.h5")


def run(args: argparse.Namespace) -> None:
    """Load, encode, save."""
    from tqdm import tqdm

    from cbda.compute.devices import prepare_device
    from cbda.compute.parallel import ordered_map
    from cbda.files.features import FeatureFile
    from cbda.models.encoders import create_encoder
    from cbda.models.encoding import ImageEncoder

    device = prepare_device(args.device, args.threads, args.deterministic)
    settings = from_options(args, "model", ModelSettings)
    dataset = open_dataset(args, "dataset", args.classes)
    size = (args.image_size[0], args.image_size[1])
    encoder = ImageEncoder(
        create_encoder(settings, size), from_options(args, "", EncodeSettings), size, device
    )
    encoding = encoder.describe(settings.encoder)
    images = ordered_map(dataset.read_image, range(len(dataset)), args.threads)  # ahead of it
    progress = tqdm(images, total=len(dataset), mininterval=5, desc="encode")
    facts = {"dtype": args.dtype, "mirrored": args.mirrored}
    place = (args.out, dataset.image_ids, encoding, size, encoder.shapes)
    with FeatureFile.create(*place, **facts) as write:
        write(encoder.encode(image, args.mirrored) for image in progress)
    print(f"{args.out}: {args.out.stat().st_size / 1e9:.3f} GB")
