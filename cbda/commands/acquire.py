"""Choose the queries of one round from scores.h5, ask the oracle, write labels.h5.

Reads and writes one image per thread at a time. Imports no torch.
"""

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

from cbda.acquisition.methods import ALLOCATIONS, BALANCES, TARGETS, UNITS
from cbda.commands.common import add_dataset_options, open_dataset
from cbda.commands.options import add_output_option, add_seed_option
from cbda.errors import UserError
from cbda.settings.options import whole_number

if TYPE_CHECKING:
    from cbda.datasets.dataset import Dataset

NOTABLE_EXCESS = 1.1


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options."""
    parser.add_argument("--scores", type=Path, required=True, help="scores.h5 of this round")
    parser.add_argument("--labels", type=Path, help="labels.h5 of the previous round")
    add_dataset_options(parser, "oracle")
    parser.add_argument("--method-unit", required=True, help=", ".join(UNITS))
    parser.add_argument("--method-allocation", required=True, help=", ".join(ALLOCATIONS))
    parser.add_argument("--method-balance", required=True, help=", ".join(BALANCES))
    parser.add_argument(
        "--method-explore",
        type=float,
        default=0.0,
        metavar="X",
        help="share of the queries chosen at random, in [0, 1) (default: 0)",
    )
    parser.add_argument("--max-weight", type=float, default=10.0, help="cap of the balance `ratio`")
    parser.add_argument(
        "--target-distribution",
        nargs="*",
        default=[],
        metavar="Q",
        help=f"wanted share of every class, of any sum, or one of {', '.join(TARGETS)}"
        " (default: uniform)",
    )
    parser.add_argument("--radius", type=int, required=True, help="k, in px")
    parser.add_argument("--budget", type=float, required=True, help="fraction of the pool's pixels")
    parser.add_argument("--rounds", type=int, required=True, help="R")
    parser.add_argument("--round", type=int, required=True, help="1..R")
    classes = parser.add_mutually_exclusive_group(required=True)
    classes.add_argument("--num-classes", type=int, help="C")
    classes.add_argument("--classes", nargs="+", metavar="NAME", help="class names in id order")
    add_seed_option(parser)
    parser.add_argument(
        "--threads",
        type=whole_number(1),
        help="images worked on at a time (default: all cores)",
    )
    add_output_option(parser, "labels.h5")


def run(args: argparse.Namespace) -> None:
    """Load, choose, ask, save."""
    from cbda.compute.parallel import available_threads
    from cbda.files.scores import open_scores
    from cbda.selection.labelling import write_round
    from cbda.selection.querying import acquire_round
    from cbda.selection.round import RoundSettings, read_previous, rounded_budget

    num_classes = args.num_classes if args.classes is None else len(args.classes)
    settings = RoundSettings(
        unit=args.method_unit,
        allocation=args.method_allocation,
        balance=args.method_balance,
        explore=args.method_explore,
        max_weight=args.max_weight,
        target_distribution=_parse_target(args.target_distribution),
        radius=args.radius,
        budget=args.budget,
        rounds=args.rounds,
        round=args.round,
        seed=args.seed,
        num_classes=num_classes,
    )
    num_threads = args.threads or available_threads()
    oracle = _open_oracle(args, num_classes)
    previous = read_previous(args.labels, settings)
    with open_scores(args.scores) as scores:
        acquired = acquire_round(scores, oracle, previous, settings, num_threads)
    write_round(args.out, oracle, previous, acquired, num_threads)
    print(f"round {args.round}: {len(acquired.chosen)} queries in {len(oracle)} images")
    spent = rounded_budget(settings, *acquired.shape[1:])
    if spent > NOTABLE_EXCESS * args.budget:
        print(
            f"budget {args.budget:g}: whole queries, one per image and round at least, acquire up"
            f" to {spent:.2g} of the pool"
        )


def _parse_target(words: list[str]) -> str | tuple[float, ...]:
    """A name, or a number per class."""
    if len(words) == 1 and words[0] in TARGETS:
        return words[0]
    try:
        return tuple(map(float, words))
    except ValueError:
        raise UserError(
            f"--target-distribution {' '.join(words)}: allowed are a number per class, or one of"
            f" {', '.join(TARGETS)}"
        ) from None


def _open_oracle(args: argparse.Namespace, num_classes: int) -> "Dataset":
    """The pool's ground truth; bare class numbers do where a layout has no names of its own."""
    from cbda.datasets.catalogue import KINDS

    classes = args.classes
    kind = KINDS.get(args.oracle_kind)
    if classes is None and kind is not None and not kind.classes:
        classes = [str(label) for label in range(num_classes)]
    oracle = open_dataset(args, "oracle", classes)
    if len(oracle.classes) != num_classes:
        raise UserError(
            f"--num-classes {num_classes}: {oracle.root} has {len(oracle.classes)} classes"
        )
    return oracle
