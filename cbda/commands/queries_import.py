"""Take answers to the queries of a round from a table, or from the masks of another tool.

A table (CSV) has the columns image, row, column and class; where class is empty, a column state as
the export writes it is taken. Masks are those of CVAT ("Segmentation mask 1.1", unpacked), of Label
Studio (its JSON with brushes, or a folder of it and its PNGs), or a folder with a PNG of train ids
per image. Of the folder of an export its queries.csv is taken once classes are filled in. Queries
that have an answer keep it.
"""

import argparse
from pathlib import Path

NUM_NAMED = 5


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options."""
    add = parser.add_argument
    add("--queries", type=Path, required=True, help="file of the round's queries")
    add("--answers", type=Path, required=True, help="file that answers are added to")
    add("--source", type=Path, required=True, help="CSV, JSON, or folder of masks")


def run(args: argparse.Namespace) -> None:
    """Load, match, and add the answers to their file."""
    from cbda.annotation.importing import find_answers
    from cbda.files.answered_images import require_answers_to
    from cbda.files.answers import AnswerFile
    from cbda.files.queries import load_queries

    queries, answers = load_queries(args.queries), AnswerFile(args.answers)
    require_answers_to(answers, queries)
    found = find_answers(args.source, queries, answers)
    answers.append(queries, found.answers)
    for line in found.partial[:NUM_NAMED]:
        print(f"left open: {line}")
    more = len(found.partial) - NUM_NAMED
    if more > 0:
        print(f"left open: {more} more windows")
    print(
        f"{args.answers}: {len(found.answers)} answers added; {found.num_kept} queries keep the"
        f" answer that they have, {found.num_open} stay open ({found.source})"
    )
