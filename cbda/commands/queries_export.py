"""Write the queries of a round as a table, pictures and label masks, for people and other tools.

The label masks are CVAT's "Segmentation mask 1.1": with the queries as windows to fill, and what is
answered already.
"""

import argparse
from pathlib import Path

from cbda.commands.common import add_dataset_options, open_pool
from cbda.commands.options import add_folder_option


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options."""
    parser.add_argument("--queries", type=Path, required=True, help="file of the round's queries")
    parser.add_argument("--answers", type=Path, required=True, help="file of what people answered")
    add_dataset_options(parser, "target")
    add_folder_option(parser, "folder, new or empty")


def run(args: argparse.Namespace) -> None:
    """Load, draw, save."""
    from tqdm import tqdm

    from cbda.annotation.export import export_queries
    from cbda.errors import UserError
    from cbda.files.answered_images import require_answers_to
    from cbda.files.answers import AnswerFile
    from cbda.files.queries import load_queries, require_asked_images

    if args.out_folder.exists() and any(args.out_folder.iterdir()):
        raise UserError(f"{args.out_folder}: is not empty; give a new folder")
    queries, answers = load_queries(args.queries), AnswerFile(args.answers)
    images = open_pool(args, "target")
    images.require(queries.by_image())
    require_asked_images(args.queries, queries, images.paths)
    require_answers_to(answers, queries)
    shown = tqdm(queries.by_image(), mininterval=5, desc="export")
    export_queries(args.out_folder, queries, answers, images, shown)
    print(f"{args.out_folder}: {len(queries)} queries in {len(queries.by_image())} images")
