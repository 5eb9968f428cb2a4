"""Count what a round asked for, with the whole ground truth in view; no method reads it.

Needs the score file of the round, which the workflow deletes once every job has read it.
"""

import argparse
from pathlib import Path

from cbda.commands.common import add_dataset_options, open_dataset
from cbda.commands.options import add_class_option, add_output_option
from cbda.settings.options import whole_number


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options."""
    add = parser.add_argument
    add("--scores", type=Path, required=True, help="scores.h5 of this round")
    add("--labels", type=Path, required=True, help="labels.h5 of this round")
    add_dataset_options(parser, "oracle")
    add_class_option(parser)
    add("--threads", type=whole_number(1), default=1, help="images worked on at a time")
    add_output_option(parser, "diagnosis.json")


def run(args: argparse.Namespace) -> None:
    """Load, count, save."""
    from cbda.files.encoded_images import require_images_of_round
    from cbda.files.json_files import write_diagnosis
    from cbda.files.labels import LabelFile
    from cbda.files.scores import ScoreFile
    from cbda.results.diagnosis import diagnose_round

    oracle = open_dataset(args, "oracle", args.classes)
    with ScoreFile.open(args.scores) as scores, LabelFile.open(args.labels) as labels:
        require_images_of_round(scores, labels, oracle.image_paths)
        diagnosis = diagnose_round(scores, labels, oracle, args.threads)
        weights = labels.summary.class_weights.tolist()
    write_diagnosis(args.out, {**diagnosis.columns(oracle.classes), "class_weight": weights})
    queries, pure = diagnosis.queries.sum(), diagnosis.pure_queries.sum()
    print(f"{pure} of {queries} queries went to windows of one predicted class")
