"""Choose queries from logits, for those who have a training of their own.

Score maps lie in a temporary file meanwhile, 5 bytes a pixel, so that a pool may be larger than the
memory; what is chosen is what the command line chooses from the same maps.
"""

import math
import tempfile
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from itertools import chain
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from cbda.acquisition import arguments
from cbda.acquisition.given import Item, ScoreMap, score_given, unbatched
from cbda.acquisition.methods import Method
from cbda.compute.parallel import available_threads
from cbda.errors import UserError
from cbda.files.scores import ScoreFile, ScoreMaps
from cbda.selection import given
from cbda.selection.budget import resolve_budget
from cbda.selection.known import Known
from cbda.selection.methods import resolve_method
from cbda.selection.query import Query
from cbda.selection.querying import choose, class_statistics
from cbda.selection.round import MAX_ROUNDS, Round
from cbda.selection.units import label_radius, query_px
from cbda.settings.section import MAX_SEED


def choose_queries(
    image_ids: Sequence[str],
    logits: Iterable[Item],
    num_queries: int,
    *,
    method: str | Method = "cbda",
    radius: int = 1,
    labels: Mapping[str, NDArray[np.uint8]] | None = None,
    asked: Mapping[str, NDArray[np.bool_]] | None = None,
    budget_queries: int | None = None,
    seed: int = 0,
    round_number: int = 1,
    num_classes: int | None = None,
) -> list[Query]:
    """Choose what to ask for next in a pool, best first.

    Args:
        image_ids: names of the pool's images, in order.
        logits: of the images in this order, all of one size, taken one at a time: arrays or
            tensors (C,H,W), or batches (B,C,H,W) of them; or a `ScoreMap` of each.
        num_queries: in all; as many in each image, rounded up, if the method goes by image.
        method: a name of docs/method.md, or a `cbda.Method`; none that needs several predictions of
            an image, features, or pictures.
        radius: k of a window of (2k+1) x (2k+1) px, unless the method has one of its own.
        labels: what is known so far, (H,W) uint8 by image, 255 where nothing is. Is not asked for
            again, and is what a class balance goes by.
        asked: further pixels never to be asked for, (H,W) bool by image, such as void ones.
        budget_queries: of all rounds together, which a class balance divides among the classes;
            those of this round and what is labelled if None.
        seed: of what is drawn at random.
        round_number: from 1 on; draws of another round are others.
        num_classes: C; the logits' own if None, needed with score maps.

    Raises:
        UserError: an unknown method or image, maps that don't fit, or a pool that is exhausted.
    """
    chosen, names = resolve_method(method, radius), arguments.names("image_ids", image_ids)
    num_queries = arguments.whole("num_queries", num_queries, 1)
    seed = arguments.whole("seed", seed, 0, MAX_SEED)
    round_number = arguments.whole("round_number", round_number, 1, MAX_ROUNDS)
    if budget_queries is not None:
        budget_queries = arguments.whole("budget_queries", budget_queries, 1)
    if num_classes is not None:
        num_classes = given.num_classes(num_classes)
    maps, size, num_classes = open_pool(names, logits, num_classes)
    known = Known(names, size, num_classes, chosen, labels, asked)
    window = (chosen.radius, chosen.unit), chosen.allocation
    spending = resolve_budget(num_queries, "queries", 1, size, *window)
    budget_px = query_px(*window[0], size[1:]) * (budget_queries or num_queries)
    budget_px += 0 if budget_queries else int(known.summary.class_counts.sum())
    fraction = min(budget_px / math.prod(size), 1.0)
    numbers = fraction, MAX_ROUNDS, round_number, seed, num_classes
    return pick(Round(chosen, *numbers, fixed_queries=spending.num_queries), known, maps)


def pick(round_: Round, known: Known, maps: Iterable[Item]) -> list[Query]:
    """The queries of a round, best first, from the maps of all images in order."""
    _, *size = known.shape
    facts: dict[str, Any] = {"num_classes": round_.num_classes, "radius": round_.method.radius}
    with tempfile.TemporaryDirectory() as folder:
        path, name = Path(folder, "scores.h5"), round_.method.score
        with ScoreFile.create(path, known.image_ids, *size, **facts, score=name) as write:
            write(_scored(maps, round_, known.shape))
        with ScoreFile.open(path) as scores:
            statistics = class_statistics(round_, scores, known)
            with _without_place(path):
                picks = choose(round_, scores, known, statistics, available_threads())
    width = label_radius(round_.method.radius, round_.method.unit)
    found = picks.tolist()
    return [Query(known.image_ids[image], row, column, width) for image, row, column in found]


@contextmanager
def _without_place(path: Path) -> Iterator[None]:
    """Leave the name of a temporary file out of what is said of a mistake."""
    try:
        yield
    except UserError as error:
        raise UserError(str(error).removeprefix(f"{path}: ")) from None


def open_pool(
    image_ids: Sequence[str], logits: Iterable[Item], num_classes: int | None
) -> tuple[Iterator[Item], tuple[int, int, int], int]:
    """Maps of all images one by one, the pool's size (N,H,W), and C, all by the first of them."""
    rest = unbatched(logits, num_classes)
    first = next(rest, None)
    if first is None:
        raise UserError("logits: none; allowed is (C,H,W) for every image")
    found = len(first) if num_classes is None else num_classes
    height, width = (first.score if isinstance(first, ScoreMap) else first[0]).shape
    return chain([first], rest), (len(image_ids), int(height), int(width)), found


def _scored(maps: Iterable[Item], round_: Round, size: tuple[int, int, int]) -> Iterator[ScoreMaps]:
    """Score and prediction of every image."""
    method, count = round_.method, 0
    choice = method.score, method.unit, method.radius
    for index, values in enumerate(maps):
        count, is_scored = index + 1, isinstance(values, ScoreMap)
        shape = values.score.shape if isinstance(values, ScoreMap) else tuple(values.shape)
        wanted = size[1:] if is_scored else (round_.num_classes, *size[1:])
        if count > size[0] or shape != wanted:
            raise UserError(f"logits {index}: {shape}; allowed are {size[0]} of {wanted}")
        draw = round_.seed, round_.number, index
        yield values if isinstance(values, ScoreMap) else score_given(*choice, draw, values)
    if count < size[0]:
        raise UserError(f"logits of {count} images, but there are names of {size[0]}")
