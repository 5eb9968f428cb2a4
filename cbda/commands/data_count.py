"""Count the classes in every image of a data set, for sampling that balances them."""

import argparse

from cbda.commands.common import add_dataset_options, open_dataset
from cbda.commands.options import add_class_option, add_output_option
from cbda.settings.datasets import DataCountSettings
from cbda.settings.options import add_options


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options."""
    add_dataset_options(parser, "source")
    add_class_option(parser)
    add_options(parser, "", DataCountSettings)
    add_output_option(parser, "statistics.json")


def run(args: argparse.Namespace) -> None:
    """Load, count, save."""
    from tqdm import tqdm

    from cbda.datasets.dataset import pair_counts
    from cbda.datasets.workers import map_pairs
    from cbda.files.json_files import save_statistics

    dataset = open_dataset(args, "source", args.classes)
    counts = map_pairs(pair_counts, dataset, args.num_workers)
    rows = tqdm(counts, total=len(dataset), mininterval=5, delay=5)
    per_image = [row[:-1].tolist() for row in rows]
    save_statistics(args.out, list(dataset.image_ids), list(dataset.classes), per_image)
