"""Render a data set of generated street scenes in the layout of the kind `folder`."""

import argparse
import hashlib
from typing import Any

from cbda.commands.options import add_output_option
from cbda.errors import UserError
from cbda.settings.generation import GeneratedSet
from cbda.settings.options import add_options, whole_number


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options."""
    add_options(parser, "", GeneratedSet, required=("domain", "num_images"))
    parser.set_defaults(seed=0)
    parser.add_argument("--height", type=whole_number(1), required=True, help="in px")
    parser.add_argument("--width", type=whole_number(1), required=True, help="in px")
    add_output_option(parser, "manifest.json to write last, beside the folders images and labels")


def run(args: argparse.Namespace) -> None:
    """Render, save, and write the manifest once everything is there."""
    from tqdm import tqdm

    from cbda.files.json_files import write_json
    from cbda.files.pictures import make_empty, write_picture
    from cbda.scenes import CLASSES, DOMAINS, render_scene

    if args.domain not in DOMAINS:
        raise UserError(f"--domain {args.domain!r}: allowed are {', '.join(DOMAINS)}")
    folders = {name: args.out.parent / name for name in ("images", "labels")}
    make_empty(args.out, folders.values())
    digest = hashlib.sha256()
    for index in tqdm(range(args.num_images), mininterval=5, desc=f"render {args.domain}"):
        image, label = render_scene(args.domain, args.seed, index, args.height, args.width)
        write_picture(folders["images"] / f"{index:05d}.png", image)
        write_picture(folders["labels"] / f"{index:05d}.png", label)
        digest.update(image.tobytes() + label.tobytes())
    pixels = {"digest": digest.hexdigest()}  # so that other pixels make stale what reads them
    write_json(args.out, {**_settings(args), "classes": list(CLASSES), **pixels})


def _settings(args: argparse.Namespace) -> dict[str, Any]:
    names = ("domain", "num_images", "height", "width", "seed")
    return {name: getattr(args, name) for name in names}
