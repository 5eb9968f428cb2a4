"""Choose the queries of one round from scores.h5, ask the oracle, write labels.h5.

Reads and writes one image per thread at a time. Imports no torch.
"""

import argparse
from pathlib import Path
from typing import TYPE_CHECKING, Any

from cbda.acquisition.choice import Choice
from cbda.acquisition.methods import (
    ALLOCATIONS,
    BALANCES,
    BUDGET_UNITS,
    TARGETS,
    UNITS,
    ResolvedMethod,
)
from cbda.commands.common import add_dataset_options, open_dataset
from cbda.commands.options import add_output_option, add_seed_option, add_starting_option
from cbda.errors import UserError, did_you_mean
from cbda.settings.options import add_options, from_options, whole_number
from cbda.settings.section import MAX_RADIUS_PX

if TYPE_CHECKING:
    from cbda.datasets.dataset import Dataset
    from cbda.files.labels import LabelSummary
    from cbda.files.scores import ScoreFile
    from cbda.selection.round import Round

NUM_NAMED = 3


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options."""
    add = parser.add_argument
    add("--scores", type=Path, required=True, help="scores.h5 of this round")
    add("--labels", type=Path, help="labels.h5 of the previous round")
    add_dataset_options(parser, "oracle")
    add("--method-unit", required=True, help=", ".join(UNITS))
    add("--method-allocation", required=True, help=", ".join(ALLOCATIONS))
    add("--method-balance", required=True, help=", ".join(BALANCES))
    facts: dict[str, Any] = {"dest": "method_random_fraction", "type": float, "default": 0.0}
    share = parser.add_mutually_exclusive_group()
    words = "share of the queries chosen at random, in [0, 1) (default: 0)"
    share.add_argument("--method-random-fraction", help=words, metavar="X", **facts)
    share.add_argument("--method-explore", help="another name of it", metavar="X", **facts)
    add_options(parser, "method", Choice)
    add("--max-weight", type=float, default=10.0, help="cap of the balance `ratio`")
    shares = f"wanted share of every class, of any sum, or one of {', '.join(TARGETS)}"
    shares += " (default: uniform)"
    add("--target-distribution", nargs="*", default=[], metavar="Q", help=shares)
    add("--radius", type=whole_number(0, MAX_RADIUS_PX), required=True, help="k, in px")
    add("--budget", type=float, required=True, help="that a whole run may spend")
    units = f"what the budget counts: {', '.join(BUDGET_UNITS)} (default: fraction, of all pixels)"
    add("--budget-unit", default="fraction", help=units)
    masks = "PNG, or a folder with one per image, IMAGE.png: where not black, nothing is asked"
    add("--never-ask", type=Path, help=masks)
    add("--rounds", type=int, required=True, help="R")
    add("--round", type=int, required=True, help="1..R")
    add_starting_option(parser)
    classes = parser.add_mutually_exclusive_group(required=True)
    classes.add_argument("--num-classes", type=int, help="C")
    classes.add_argument("--classes", nargs="+", metavar="NAME", help="class names in id order")
    add_seed_option(parser)
    add("--threads", type=whole_number(1), help="images worked on at a time (default: all cores)")
    add_output_option(parser, "labels.h5")


def run(args: argparse.Namespace) -> None:
    """Load, choose, ask, save."""
    from cbda.acquisition.parts import open_parts
    from cbda.compute.parallel import available_threads
    from cbda.files.encoded_images import MadeOf, note, require_images_of_round
    from cbda.files.labels import LabelFile
    from cbda.files.never import never_asked
    from cbda.files.scores import ScoreFile
    from cbda.selection.balance import class_weights
    from cbda.selection.labelling import write_labels
    from cbda.selection.querying import choose, class_statistics
    from cbda.selection.round import NOTABLE_EXCESS, require_one_run

    num_classes = args.num_classes if args.classes is None else len(args.classes)
    num_threads = args.threads or available_threads()
    with ScoreFile.open(args.scores) as scores:
        round_ = resolve_round(args, scores, num_classes)
        oracle = _open_oracle(args, num_classes)
        unit = round_.method.unit, round_.method.radius
        with (
            LabelFile.open_previous(args.labels, scores) as labels,
            open_parts(*unit, oracle) as parts,
        ):
            require_one_run(round_, scores, labels, oracle)
            states = require_images_of_round(scores, labels, oracle.image_paths)
            statistics = class_statistics(round_, scores, labels)
            view = never_asked(labels, args.never_ask)
            queries = choose(round_, scores, view, statistics, num_threads, parts)
            weights = class_weights(round_.method.balance, statistics)
            write_labels(args.out, round_, labels, queries, weights, oracle, num_threads, parts)
    with LabelFile.open(args.out) as made:
        note(MadeOf(args.out, made.image_sha256), states)
        acquired = describe(made.summary, args.classes or list(map(str, range(num_classes))))
    print(f"round {args.round}: {len(queries)} queries in {len(oracle)} images: {acquired}")
    spent = round_.rounded_budget(scores.shape)
    if spent > NOTABLE_EXCESS * round_.budget:
        minimum = "whole queries, one per image and round at least"
        print(f"budget {args.budget:g}: {minimum}, acquire up to {spent:.2g} of the pool")


def describe(labels: "LabelSummary", classes: list[str]) -> str:
    """What the last round of labels acquired: pixels, classes of most of them, classes of none."""
    counts, num_void = labels.class_counts[-1], int(labels.void_counts[-1])
    number, so_far = int(counts.sum()) + num_void, labels.class_counts.sum(axis=0)
    in_all = (so_far.sum() + labels.void_counts.sum()) / labels.num_pool_px
    order = sorted(range(len(classes)), key=lambda place: -counts[place])
    most = (f"{classes[c]} {counts[c] / number:.1%}" for c in order[:NUM_NAMED] if counts[c])
    without = [name for name, count in zip(classes, so_far, strict=True) if count == 0]
    return "; ".join(
        [
            f"{number:,} px, {number / labels.num_pool_px:.2%} of the pool, {in_all:.2%} so far",
            f"most: {', '.join(most) or 'no class'}; void {num_void / max(number, 1):.1%}",
            *([f"no pixel yet of: {', '.join(without)}"] if without else []),
        ]
    )


def resolve_round(args: argparse.Namespace, scores: "ScoreFile", num_classes: int) -> "Round":
    """The round of the options, in the pool of a score file."""
    from cbda.selection.budget import resolve_budget
    from cbda.selection.round import Round

    method = resolve_method(args, scores.score)
    given = args.budget, args.budget_unit, args.rounds, scores.shape
    spending = resolve_budget(*given, (method.radius, method.unit), method.allocation)
    numbers = spending.fraction, args.rounds, args.round, args.seed, num_classes
    if args.starting_share and spending.num_queries is not None:
        raise UserError("--starting-share: allowed with budgets that are fractions")
    return Round(method, *numbers, args.starting_share, spending.num_queries)


def resolve_method(args: argparse.Namespace, score: str) -> ResolvedMethod:
    """The method of the options, with the score of a score file."""
    names = ("unit", "allocation", "balance", "random_fraction")
    parts = {name: getattr(args, f"method_{name}") for name in names}
    parts |= {"max_weight": args.max_weight, "radius": args.radius}
    parts["choice"] = from_options(args, "method", Choice)
    target = _parse_target(args.target_distribution)
    return ResolvedMethod(score=score, **parts, target_distribution=target)


def _parse_target(words: list[str]) -> str | tuple[float, ...]:
    """A name, or a number per class."""
    if len(words) == 1 and words[0] in TARGETS:
        return words[0]
    try:
        return tuple(map(float, words))
    except ValueError:
        allowed = f"a number per class, or one of {', '.join(TARGETS)}"
        given = f"--target-distribution {' '.join(words)}{did_you_mean(words[0], TARGETS)}"
        raise UserError(f"{given}: allowed are {allowed}") from None


def _open_oracle(args: argparse.Namespace, num_classes: int) -> "Dataset":
    """The pool's ground truth; bare class numbers do where a layout has no names of its own."""
    from cbda.datasets.catalogue import find_kind

    classes = args.classes
    if classes is None and not find_kind(args.oracle_kind).classes:
        classes = [str(label) for label in range(num_classes)]
    oracle = open_dataset(args, "oracle", classes)
    if (found := len(oracle.classes)) != num_classes:
        raise UserError(f"--num-classes {num_classes}: {oracle.root} has {found} classes")
    return oracle
