"""Serve a page on which people answer the queries of a round.

It can be reached from this machine alone unless `--host` says otherwise. Answers are on the disk
before the page goes on; end it at any time by ctrl-c. Several people may use one page, and several
servers one file of answers.
"""

import argparse
from pathlib import Path

from cbda.commands.common import add_dataset_options, open_pool
from cbda.settings.options import whole_number


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options."""
    add = parser.add_argument
    add("--queries", type=Path, required=True, help="file of the round's queries")
    add("--answers", type=Path, required=True, help="file that answers are added to")
    add_dataset_options(parser, "target")
    add("--host", default="127.0.0.1", help="address to listen on (default: 127.0.0.1)")
    add("--port", type=whole_number(0), default=0, help="(default: any that is free)")


def run(args: argparse.Namespace) -> None:
    """Load, and serve until the user ends it."""
    from cbda.annotation.app import App
    from cbda.annotation.claims import Claims
    from cbda.annotation.crops import Crops
    from cbda.annotation.guard import is_loopback, require_address
    from cbda.annotation.server import Server
    from cbda.annotation.session import Session
    from cbda.files.answered_images import require_answers_to
    from cbda.files.answers import AnswerFile
    from cbda.files.queries import load_queries, require_asked_images

    require_address(args.host)
    queries, answers = load_queries(args.queries), AnswerFile(args.answers)
    images = open_pool(args, "target")
    images.require(queries.by_image())
    require_asked_images(args.queries, queries, images.paths)
    require_answers_to(answers, queries)
    args.answers.parent.mkdir(parents=True, exist_ok=True)
    session = Session(queries, answers, Claims(args.answers, queries.digest))
    with Server(App(session, Crops(queries, images)), args.host, args.port) as server:
        if not is_loopback(args.host):
            print(f"warning: whoever reaches {args.host} and has the address can answer")
        num_open = session.progress()["states"]["open"]
        print(f"round {queries.round}: {num_open} of {len(queries)} queries are open")
        print(f"open {server.address} in a browser; ctrl-c ends it", flush=True)
        server.serve_forever()
