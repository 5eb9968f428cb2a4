"""Render a data set of generated scenes in the layout of the kind `folder`."""

import argparse
import hashlib

from cbda.commands.options import add_output_option
from cbda.errors import UserError, counted
from cbda.settings.generation import AERIAL, DOMAINS, SCENES, GeneratedSet
from cbda.settings.options import add_options, whole_number

MAX_BREADTH = 32  # of a view from above, in its heights: what is shown grows with it
SETTINGS = ("scenes", "domain", "num_images", "height", "width", "seed")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options."""
    add_options(parser, "", GeneratedSet, required=("domain", "num_images"))
    parser.set_defaults(seed=0)
    allowed = f"what they show (allowed: {', '.join(SCENES)}; default: {SCENES[0]})"
    parser.add_argument("--scenes", default=SCENES[0], help=allowed)
    parser.add_argument("--height", type=whole_number(1), required=True, help="in px")
    parser.add_argument("--width", type=whole_number(1), required=True, help="in px")
    add_output_option(parser, "manifest.json to write last, beside the folders images and labels")


def run(args: argparse.Namespace) -> None:
    """Render, save, and write the manifest once everything is there."""
    from tqdm import tqdm

    from cbda.files.json_files import write_json
    from cbda.files.pictures import FOLDERS, making_set
    from cbda.scenes.kinds import CLASSES, find_renderer

    _require("--scenes", args.scenes, SCENES)
    _require("--domain", args.domain, DOMAINS)
    if args.scenes == AERIAL and args.width > MAX_BREADTH * args.height:
        most = f"up to {MAX_BREADTH} times --height for views from above, whose cost grows with it"
        raise UserError(f"--width {args.width}: allowed is {most}")
    render = find_renderer(args.scenes)
    pairs = [[f"{folder}/{i:05d}.png" for folder in FOLDERS] for i in range(args.num_images)]
    digest = hashlib.sha256()
    with making_set(args.out, [name for pair in pairs for name in pair]) as pictures:
        progress = tqdm(pairs, mininterval=5, delay=5, desc=f"render {args.domain}")
        for index, names in enumerate(progress):
            pair = render(args.domain, args.seed, index, args.height, args.width)
            for name, pixels in zip(names, pair, strict=True):
                pictures.add(name, pixels)
                digest.update(pixels.tobytes())
        settings = {name: getattr(args, name) for name in SETTINGS}
        described = {"classes": list(CLASSES[args.scenes]), "files": pictures.publish()}
        pixels_digest = digest.hexdigest()  # so that other pixels make stale what reads them
        write_json(args.out, {**settings, **described, "digest": pixels_digest})
    print(f"{args.out.parent}: {counted(args.num_images, 'images')}")


def _require(option: str, name: str, allowed: tuple[str, ...]) -> None:
    if name not in allowed:
        raise UserError(f"{option} {name!r}: allowed are {', '.join(allowed)}")
