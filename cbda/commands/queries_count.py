"""Count what people answered, round by round: queries, windows, minutes; write answers.csv."""

import argparse
from pathlib import Path

from cbda.commands.options import add_output_option


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options."""
    add = parser.add_argument
    add("--queries", type=Path, nargs="+", required=True, help="files of the rounds' queries")
    add("--answers", type=Path, required=True, help="file of what people answered")
    add_output_option(parser, "answers.csv")


def run(args: argparse.Namespace) -> None:
    """Load, count, print, save."""
    import pandas as pd

    from cbda.annotation.counting import count_round
    from cbda.files.answered_images import require_answers_to
    from cbda.files.answers import AnswerFile
    from cbda.files.json_files import write_text
    from cbda.files.queries import load_queries

    answers = AnswerFile(args.answers)
    asked = list(map(load_queries, args.queries))
    for queries in asked:
        require_answers_to(answers, queries)
    counts = [count_round(queries, answers) for queries in asked]
    table = pd.DataFrame(counts)
    write_text(args.out, table.to_csv(index=False, float_format="%.2f", lineterminator="\n"))
    print(table.to_string(index=False, float_format="{:.1f}".format))
