"""Choose the queries of one round for people; write labels.h5 once they have answered.

The queries are chosen once, and stay whatever is given later. As long as some wait for an answer,
the command says so and exits with 75; then the same command goes on. Of the pool no label is read.
"""

import argparse
import shlex
from pathlib import Path
from typing import TYPE_CHECKING

from cbda.acquisition.methods import WINDOWS
from cbda.commands import acquire
from cbda.commands.common import open_pool
from cbda.errors import AwaitedAnswersError, UserError, require_choice

if TYPE_CHECKING:
    from cbda.datasets.images import Images
    from cbda.files.answers import AnswerFile
    from cbda.files.labels import LabelFile
    from cbda.files.queries import QuerySet
    from cbda.files.scores import ScoreFile
    from cbda.selection.round import Round


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options: those of acquire, and the files of queries and answers."""
    acquire.add_arguments(parser)
    once = "file of this round's queries; written if there is none, then kept"
    parser.add_argument("--queries", type=Path, required=True, help=once)
    parser.add_argument("--answers", type=Path, required=True, help="file of what people answered")


def run(args: argparse.Namespace) -> None:
    """Load, choose unless that is done, and save what was answered if nothing waits."""
    from cbda.annotation.counting import count_round
    from cbda.compute.parallel import available_threads
    from cbda.files.answers import AnswerFile
    from cbda.files.encoded_images import MadeOf, note, require_images_of_round
    from cbda.files.labels import LabelFile
    from cbda.files.scores import ScoreFile
    from cbda.selection.answering import write_answered
    from cbda.selection.round import require_one_run

    if args.classes is None:
        raise UserError("--num-classes: people need names; give --classes")
    num_threads = args.threads or available_threads()
    answers = AnswerFile(args.answers)
    if answers.num_torn:
        print(f"{args.answers}: {answers.num_torn} torn lines are passed over")
    with ScoreFile.open(args.scores) as scores:
        round_ = acquire.resolve_round(args, scores, len(args.classes))
        require_choice("--method-unit of what people are asked for", round_.method.unit, WINDOWS)
        pool = open_pool(args, "oracle")
        with LabelFile.open_previous(args.labels, scores) as labels:
            require_one_run(round_, scores, labels, pool)
            states = require_images_of_round(scores, labels, list(pool.paths.values()))
            queries = _queries(args, round_, scores, labels, answers, pool, num_threads)
            _require_answered(args, queries, answers)
            write_answered(args.out, round_, labels, queries, answers, num_threads)
            note(MadeOf(args.out, labels.image_sha256), states)
    print(f"round {args.round}: {count_round(queries, answers)}")


def _queries(
    args: argparse.Namespace,
    round_: "Round",
    scores: "ScoreFile",
    labels: "LabelFile",
    answers: "AnswerFile",
    pool: "Images",
    num_threads: int,
) -> "QuerySet":
    """The queries of the round, chosen now unless they were before."""
    from cbda.files.answered_images import require_answered_pool, require_answers_to
    from cbda.files.lock import exclusive
    from cbda.files.never import never_asked
    from cbda.files.queries import (
        load_queries,
        require_asked_images,
        save_queries,
        with_images,
    )
    from cbda.selection.answering import choose_queries, require_asked

    path: Path = args.queries
    lock = path.with_name(f".{path.name}.lock")
    with exclusive(lock, path, f"chooses the queries of {path}"):
        if path.exists():
            print(f"round {args.round}: the queries of {path}, chosen before, stay")
        else:
            require_answered_pool(answers, pool.paths)
            view = never_asked(labels, args.never_ask)
            given = round_, scores, view, answers, args.classes
            choice = choose_queries(*given, num_threads)
            if choice.num_kept:
                print(f"round {args.round}: {choice.num_kept} answers from before keep their place")
            save_queries(path, with_images(choice.queries, pool.paths))
    queries = load_queries(path)
    require_asked(path, queries, round_, args.classes)
    require_asked_images(path, queries, pool.paths)
    require_answers_to(answers, queries)
    require_answered_pool(answers, pool.paths)
    return queries


def _require_answered(args: argparse.Namespace, queries: "QuerySet", answers: "AnswerFile") -> None:
    """Stop, and say what to do, if queries wait for an answer."""
    from cbda.annotation.counting import count_round

    num_open = count_round(queries, answers).open
    if num_open and queries.digest not in answers.finished:
        words = ["--queries", args.queries, "--answers", args.answers]
        words += ["--target-kind", args.oracle_kind, "--target-root", args.oracle_root]
        words += ["--target-split", args.oracle_split] if args.oracle_split else []
        command = shlex.join(["cbda", "annotate", *map(str, words)])
        raise AwaitedAnswersError(
            f"round {args.round}: {num_open} of {len(queries)} queries wait for an answer; answer"
            f" them on the page of `{command}`, then run the same command again"
        )
