"""A run in memory: rounds of queries within a budget, and what was answered so far."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from cbda.acquisition.given import Item
from cbda.acquisition.methods import Method
from cbda.datasets.ids import VOID
from cbda.errors import UserError, require_choice
from cbda.selection.budget import resolve_budget
from cbda.selection.choosing import open_pool, pick, resolve_method
from cbda.selection.known import Known
from cbda.selection.query import Query
from cbda.selection.round import Round
from cbda.selection.statistics import count_classes


class Acquisition:
    """A run over a pool: `next` chooses a round's queries, `label` and `reveal` take answers.

    Rounds, budgets and draws are those of the workflow, so that the queries are too. What was
    asked is not asked again, whether or not it was answered. A run can be pickled between rounds.

    Attributes:
        labels: what is known, (H,W) uint8 by image, 255 where nothing is: what to train on.
        queries: those of the last round, best first.
        round_number: of the last round; 0 before the first.
    """

    def __init__(
        self,
        image_ids: Sequence[str],
        num_classes: int,
        *,
        budget: float,
        rounds: int,
        budget_unit: str = "fraction",
        method: str | Method = "cbda",
        radius: int = 1,
        seed: int = 0,
        never_ask: Mapping[str, NDArray[np.bool_]] | None = None,
    ) -> None:
        """Start a run, of which nothing is known yet.

        Args:
            image_ids: names of the pool's images, in order.
            num_classes: C; labels are 0 to C-1.
            budget: what all rounds together may ask for: a fraction of the pool's pixels.
            rounds: each spends budget / rounds.
            budget_unit: what a budget counts: `fraction`, `queries_per_image` or `queries`.
            method: a name of docs/method.md, or a `cbda.acquisition.methods.Method`.
            radius: k of a window of (2k+1) x (2k+1) px, unless the method has one of its own.
            seed: of what is drawn at random.
            never_ask: pixels never to be asked for, (H,W) bool by image.
        """
        self.image_ids, self.num_classes = tuple(image_ids), num_classes
        self.labels: dict[str, NDArray[np.uint8]] = {}
        self.queries: list[Query] = []
        self.round_number, self.rounds = 0, rounds
        self._method, self._seed = resolve_method(method, radius), seed
        self._budget = budget, budget_unit
        self._size: tuple[int, int] | None = None
        self._asked = {name: mask.copy() for name, mask in (never_ask or {}).items()}

    @property
    def is_finished(self) -> bool:
        """Whether all rounds are done."""
        return self.round_number == self.rounds

    @property
    def class_counts(self) -> NDArray[np.int64]:
        """Pixels of each class that are labelled, (C,)."""
        return count_classes(self.labels, self.num_classes)

    def next(self, logits: Iterable[Item]) -> list[Query]:
        """Choose the queries of the next round, best first.

        Args:
            logits: of all images in order, as `choose_queries` takes them.

        Raises:
            UserError: all rounds are done, maps that don't fit, or a pool that is exhausted.
        """
        if self.is_finished:
            raise UserError(f"all {self.rounds} rounds are done")
        maps, shape, _ = open_pool(self.image_ids, logits, self.num_classes)
        number, method = self.round_number + 1, self._method
        known = Known(self.image_ids, shape, self.num_classes, method, self.labels, self._asked)
        query = method.radius, method.unit
        spending = resolve_budget(*self._budget, self.rounds, shape, query, method.allocation)
        numbers = spending.fraction, self.rounds, number, self._seed, self.num_classes
        round_ = Round(method, *numbers, fixed_queries=spending.num_queries)
        queries = pick(round_, known, maps)
        self._size, self.queries, self.round_number = shape[1:], queries, number
        for asked in queries:
            self._map(self._asked, asked.image, np.bool_(False))[asked.window] = True
        return queries

    def label(self, query: Query, classes: int | NDArray[np.integer]) -> None:
        """Take the answer to a query: one class, or those of its window, 255 for none."""
        require_choice("image", query.image, self.image_ids)
        values = np.asarray(classes)
        if not ((values >= 0) & ((values < self.num_classes) | (values == VOID))).all():
            allowed = f"allowed are 0 to {self.num_classes - 1}, and {VOID} for none"
            raise UserError(f"label of {query.image!r}: {allowed}")
        window = self._map(self.labels, query.image, np.uint8(VOID))[query.window]
        if values.ndim and values.shape != window.shape:
            raise UserError(f"label of {query.image!r}: {values.shape}, must be {window.shape}")
        window[...] = values

    def reveal(self, truth: Mapping[str, NDArray[np.integer]]) -> None:
        """Answer all queries of the last round from label maps (H,W) by image."""
        for query in self.queries:
            self.label(query, truth[query.image][query.window])

    def _map(self, maps: dict[str, NDArray[Any]], image: str, nothing: np.generic) -> NDArray[Any]:
        """The map of an image, of nothing if there is none yet."""
        if self._size is None:
            raise UserError("nothing was asked yet: call next first")
        if image not in maps:
            maps[image] = np.full(self._size, nothing)
        return maps[image]
