"""Choose queries from logits, for those who have a training of their own.

Score maps lie in a temporary file meanwhile, 5 bytes a pixel, so that a pool may be larger than the
memory; what is chosen is what the command line chooses from the same logits.
"""

import math
import tempfile
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import chain
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from torch import Tensor

from cbda.acquisition.catalogue import METHODS
from cbda.acquisition.methods import WINDOWS, Method, ResolvedMethod
from cbda.acquisition.scoring import kind_of_views, score_image
from cbda.compute.parallel import available_threads
from cbda.datasets.ids import VOID
from cbda.errors import UserError, require_choice
from cbda.files.labels import LabelFile, LabelSummary, Map
from cbda.files.scores import ScoreFile, ScoreMaps
from cbda.selection.budget import resolve_budget
from cbda.selection.querying import choose, class_statistics
from cbda.selection.round import MAX_ROUNDS, Round
from cbda.selection.units import label_radius, query_px


@dataclass(frozen=True)
class Query:
    """A window to label: rows `row`-`radius` to `row`+`radius` of an image, columns alike."""

    image: str
    row: int
    column: int
    radius: int  # in px; 0 for a single pixel


def choose_queries(
    image_ids: Sequence[str],
    logits: Iterable[Tensor],
    num_queries: int,
    *,
    method: str | Method = "cbda",
    radius: int = 1,
    labels: Mapping[str, NDArray[np.uint8]] | None = None,
    asked: Mapping[str, NDArray[np.bool_]] | None = None,
    budget_queries: int | None = None,
    seed: int = 0,
    round_number: int = 1,
) -> list[Query]:
    """Choose what to ask for next in a pool, best first.

    Args:
        image_ids: names of the pool's images, in order.
        logits: of each image in this order, (C,H,W) float on any device, all of one shape; taken
            one at a time.
        num_queries: in all; as many in each image, rounded up, if the method goes by image.
        method: a name of docs/method.md, or a `cbda.acquisition.methods.Method`; none whose score
            goes by several predictions of an image.
        radius: k of a window of (2k+1) x (2k+1) px, unless the method has one of its own.
        labels: what is known so far, (H,W) uint8 by image, 255 where nothing is. Is not asked for
            again, and is what a class balance goes by.
        asked: further pixels never to be asked for, (H,W) bool by image, such as void ones.
        budget_queries: of all rounds together, which a class balance divides among the classes;
            those of this round and what is labelled if None.
        seed: of what is drawn at random.
        round_number: from 1 on; draws of another round are others.

    Raises:
        UserError: an unknown method or image, maps that don't fit, or a pool that is exhausted.
    """
    chosen = _resolve(method, radius)
    first, rest = _first_of(logits)
    size = len(image_ids), int(first.shape[1]), int(first.shape[2])
    known = _Known(image_ids, size, len(first), chosen, labels or {}, asked or {})
    given = (chosen.radius, chosen.unit), chosen.allocation
    spending = resolve_budget(num_queries, "queries", 1, size, *given)
    budget_px = query_px(*given[0], size[1:]) * (budget_queries or num_queries)
    budget_px += 0 if budget_queries else int(known.summary.class_counts.sum())
    fraction = min(budget_px / math.prod(size), 1.0)
    numbers = fraction, MAX_ROUNDS, round_number, seed, len(first)
    round_ = Round(chosen, *numbers, fixed_queries=spending.num_queries)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "scores.h5")
        facts = {"num_classes": len(first), "radius": chosen.radius}
        with ScoreFile.create(path, image_ids, *size[1:], **facts, score=chosen.score) as write:
            write(_scored(rest, round_, size))
        with ScoreFile.open(path) as scores:
            statistics = class_statistics(round_, scores, known)
            picks = choose(round_, scores, known, statistics, available_threads())
    width = label_radius(chosen.radius, chosen.unit)
    return [Query(image_ids[image], row, column, width) for image, row, column in picks.tolist()]


def _resolve(method: str | Method, radius: int) -> ResolvedMethod:
    """The method, with what the experiment of a workflow would have."""
    if isinstance(method, str):
        require_choice("method", method, tuple(METHODS))
        method = METHODS[method]
    if views := kind_of_views(method.score):
        raise UserError(f"score {method.score}: goes by {views} views, and logits are of one alone")
    if method.unit not in WINDOWS:
        allowed = ", ".join(WINDOWS)
        raise UserError(
            f"unit {method.unit!r}: divides images, and logits are none; allowed: {allowed}"
        )
    parts = {name: value for name, value in vars(method).items() if value is not None}
    return ResolvedMethod(**{"radius": radius, **parts})


def _first_of(logits: Iterable[Tensor]) -> tuple[Tensor, Iterator[Tensor]]:
    """The first of some logits, and all of them."""
    rest = iter(logits)
    first = next(rest, None)
    if first is None or first.ndim != 3:
        found = "none" if first is None else tuple(first.shape)
        raise UserError(f"logits: {found}; allowed is a tensor (C,H,W) for every image")
    return first, chain([first], rest)


def _scored(
    logits: Iterable[Tensor], round_: Round, size: tuple[int, int, int]
) -> Iterator[ScoreMaps]:
    """Score and prediction of every image."""
    method, count = round_.method, 0
    choice = method.score, method.unit, method.radius, round_.seed, round_.number
    for index, values in enumerate(logits):
        count = index + 1
        if count > size[0] or values.shape != (round_.num_classes, *size[1:]):
            raise UserError(
                f"logits {index}: {tuple(values.shape)}; allowed are {size[0]} of"
                f" {(round_.num_classes, *size[1:])}"
            )
        yield score_image(*choice, index, values)
    if count < size[0]:
        raise UserError(f"logits of {count} images, but there are names of {size[0]}")


class _Known(LabelFile):
    """What is known of a pool, as the labels of a round before."""

    def __init__(
        self,
        image_ids: Sequence[str],
        shape: tuple[int, int, int],
        num_classes: int,
        method: ResolvedMethod,
        labels: Mapping[str, NDArray[np.uint8]],
        asked: Mapping[str, NDArray[np.bool_]],
    ) -> None:
        self.image_ids, self.shape = tuple(image_ids), shape
        self._labels, self._asked = labels, asked
        for what, maps in (("labels", labels), ("asked", asked)):
            for image_id, values in maps.items():
                require_choice(f"image of {what}", image_id, self.image_ids)
                if values.shape != shape[1:]:
                    raise UserError(f"{what} of {image_id!r}: {values.shape}, must be {shape[1:]}")
        counts = sum((_counts(values) for values in labels.values()), np.zeros(VOID + 1, np.int64))
        if counts[num_classes:VOID].any():
            raise UserError(f"labels: allowed are 0 to {num_classes - 1}, and {VOID} for none")
        choice = method.score, method.unit, method.allocation, method.balance
        none = LabelSummary(*choice, 0.0, 0.0, 0, method.radius, 0, *_nothing(num_classes, shape))
        summary = replace(none, class_counts=counts[None, :num_classes])
        self._describe(None, summary, num_queries=0)

    def read_label(self, index: int) -> Map:
        """What is known of an image."""
        label = self._labels.get(self.image_ids[index])
        return np.full(self.shape[1:], VOID, np.uint8) if label is None else label.copy()

    def read_round(self, index: int) -> Map:
        """1 where an image is labelled, or never to be asked about."""
        asked = self._asked.get(self.image_ids[index], False)
        return np.asarray((self.read_label(index) != VOID) | asked, np.uint8)


def _counts(label: NDArray[np.uint8]) -> NDArray[np.int64]:
    return np.bincount(label.ravel(), minlength=VOID + 1).astype(np.int64)


def _nothing(
    num_classes: int, shape: tuple[int, int, int]
) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.float64], int]:
    """Counts of no round, weights of 1, and the size of a pool."""
    no_counts = np.zeros((0, num_classes), np.int64)
    return no_counts, no_counts[:, 0], np.ones(num_classes), math.prod(shape)
