"""Write the queries of a round as a table, pictures and label masks, for people and other tools.

The label masks are CVAT's "Segmentation mask 1.1": with the queries as windows to fill, and what is
answered already.
"""

import argparse
from pathlib import Path

from cbda.commands.common import add_dataset_options
from cbda.commands.options import add_output_option


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options."""
    parser.add_argument("--queries", type=Path, required=True, help="file of the round's queries")
    parser.add_argument("--answers", type=Path, required=True, help="file of what people answered")
    add_dataset_options(parser, "target")
    add_output_option(parser, "folder, new or empty")


def run(args: argparse.Namespace) -> None:
    """Load, draw, save."""
    from tqdm import tqdm

    from cbda.annotation.export import export_queries
    from cbda.datasets.images import open_images
    from cbda.errors import UserError
    from cbda.files.answers import AnswerFile
    from cbda.files.queries import load_queries

    if args.out.exists() and any(args.out.iterdir()):
        raise UserError(f"{args.out}: is not empty; give a new folder")
    queries, answers = load_queries(args.queries), AnswerFile(args.answers)
    images = open_images(args.target_kind, args.target_root, args.target_split)
    images.require(queries.by_image())
    shown = tqdm(queries.by_image(), mininterval=5, desc="export")
    export_queries(args.out, queries, answers, images, shown)
    print(f"{args.out}: {len(queries)} queries in {len(queries.by_image())} images")
