"""A run in memory: rounds of queries within a budget, and what was answered so far."""

import warnings
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from cbda.acquisition import arguments
from cbda.acquisition.given import Item, as_array
from cbda.acquisition.methods import BUDGET_UNITS, Method
from cbda.datasets.ids import VOID
from cbda.errors import UserError
from cbda.selection import given
from cbda.selection.budget import Spending, resolve_budget
from cbda.selection.choosing import open_pool, pick
from cbda.selection.known import Known
from cbda.selection.methods import resolve_method
from cbda.selection.query import Query
from cbda.selection.round import MAX_ROUNDS, NOTABLE_EXCESS, Round
from cbda.selection.statistics import count_classes
from cbda.settings.section import MAX_SEED


class Acquisition:
    """A run over a pool: `next` chooses a round's queries, `label` and `reveal` take answers.

    Rounds, budgets and draws are those of the workflow, so that the queries are too. What was
    asked is not asked again, whether or not it was answered. A run can be pickled between rounds.

    Attributes:
        labels: what is known, (H,W) uint8 by image, 255 where nothing is: what to train on. Of all
            images of the pool, once something was asked.
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
            budget: what all rounds together may ask for: a fraction of the pool's pixels. It is
                rounded up to whole queries in each round, and in each image if the method goes by
                image; the first `next` warns if that makes it notably more.
            rounds: each spends budget / rounds.
            budget_unit: what a budget counts: `fraction`, `queries_per_image` or `queries`.
            method: a name of docs/method.md, or a `cbda.Method`, as `choose_queries` takes it.
            radius: k of a window of (2k+1) x (2k+1) px, unless the method has one of its own.
            seed: of what is drawn at random.
            never_ask: pixels never to be asked for, (H,W) bool by image.
        """
        self.image_ids = arguments.names("image_ids", image_ids)
        self.num_classes = given.num_classes(num_classes)
        self.labels, self.queries = Labels(self.image_ids), list[Query]()
        self.rounds, self.round_number = arguments.whole("rounds", rounds, 1, MAX_ROUNDS), 0
        self._method = resolve_method(method, radius)
        self._seed = arguments.whole("seed", seed, 0, MAX_SEED)
        self._budget = _budget(budget, budget_unit)
        self._asked = given.masks(
            "never_ask", {} if never_ask is None else never_ask, self.image_ids
        )
        self._given: set[Query] = set()
        self._round(Spending(1.0), 1)  # refuses what does not go together

    @property
    def is_finished(self) -> bool:
        """Whether all rounds are done."""
        return self.round_number == self.rounds

    @property
    def class_counts(self) -> NDArray[np.int64]:
        """Pixels of each class that are labelled, (C,)."""
        return count_classes(self.labels.answered, self.num_classes)

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
        self._require_size(shape[1:])
        number, method = self.round_number + 1, self._method
        answered = self.labels.answered
        known = Known(self.image_ids, shape, self.num_classes, method, answered, self._asked)
        query = method.radius, method.unit
        spending = resolve_budget(*self._budget, self.rounds, shape, query, method.allocation)
        round_ = self._round(spending, number)
        if number == 1 and (excess := self._excess(round_, shape)):
            warnings.warn(excess, stacklevel=2)
        queries = pick(round_, known, maps)
        self.labels.size, self.queries, self.round_number = shape[1:], queries, number
        self._given.update(queries)
        for asked in queries:
            mask = self._asked.setdefault(asked.image, np.zeros(shape[1:], np.bool_))
            mask[asked.window] = True
        return queries

    def label(self, query: Query, classes: int | NDArray[np.integer]) -> None:
        """Take the answer to a query of any round: one class, or those of its window, 255 for none.

        A `UserError` for a query that was not asked, or for what is no class.
        """
        self._require_asked(query)
        values = self._checked(query, classes)
        self.labels.of(query.image)[query.window] = values

    def reveal(self, truth: Mapping[str, NDArray[np.integer]]) -> None:
        """Answer all queries of the last round from label maps (H,W) by image, or none."""
        maps, asked = arguments.by_name("truth", truth), dict[str, list[Query]]()
        for query in self.queries:
            asked.setdefault(query.image, []).append(query)
        answers: list[tuple[Query, NDArray[np.uint8]]] = []
        for image, queries in asked.items():
            if image not in maps:
                raise UserError(f"truth: lacks {image!r}, of which something was asked")
            label = as_array(f"truth of {image!r}", maps[image])
            if label.shape != self.labels.size:
                raise UserError(f"truth of {image!r}: {label.shape}, must be {self.labels.size}")
            answers += [(query, self._checked(query, label[query.window])) for query in queries]
        for query, values in answers:
            self.labels.of(query.image)[query.window] = values

    def _checked(self, query: Query, classes: Any) -> NDArray[np.uint8]:
        """What is said to a query; a `UserError` unless it can be."""
        what = f"label of {query.image!r}, row {query.row}, column {query.column}"
        values = given.labels(what, classes, self.num_classes)
        shape = self._asked[query.image][query.window].shape
        if values.ndim and values.shape != shape:
            raise UserError(f"{what}: {values.shape}, must be {shape}, or one class")
        return values

    def _round(self, spending: Spending, number: int) -> Round:
        """What a round spends."""
        numbers = self.rounds, number, self._seed, self.num_classes
        return Round(self._method, spending.fraction, *numbers, fixed_queries=spending.num_queries)

    def _excess(self, round_: Round, shape: tuple[int, int, int]) -> str:
        """That whole queries are notably more than the budget; empty if they aren't."""
        (budget, unit), num_images = self._budget, shape[0]
        queries = self.rounds * round_.num_queries(shape)
        if self._method.allocation == "per_image":
            queries *= num_images
        of_image = queries / num_images
        spent = {"fraction": round_.rounded_budget(shape), "queries_per_image": of_image}
        if (most := spent.get(unit, queries)) <= NOTABLE_EXCESS * budget:
            return ""
        minimum = "whole queries in each round, and in each image if the method goes by image"
        what = f"{most:.2g} of the pool" if unit == "fraction" else f"{round(most, 2):,.10g} {unit}"
        return f"budget {budget:g}: {minimum}, ask for up to {what}"

    def _require_asked(self, query: Query) -> None:
        if not isinstance(query, Query):
            raise UserError(f"query {arguments.describe(query)}: allowed is a cbda.Query")
        if query not in self._given:
            if not self._given:
                raise UserError("nothing was asked yet: call next first")
            arguments.image("image", query.image, self.image_ids)
            raise UserError(f"{query}: was not asked in this run; allowed are those of next")

    def _require_size(self, size: tuple[int, int]) -> None:
        """Raise a `UserError` if images have another size than what is known of them."""
        for image, mask in self._asked.items() if self.labels.size is None else ():
            if mask.shape != size:  # nothing was asked yet, so that it is of never_ask
                raise UserError(f"never_ask of {image!r}: {mask.shape}, must be {size}")
        if (known := self.labels.size or size) != size:
            raise UserError(f"logits: images of {size} px; those asked about before were {known}")


def _budget(budget: Any, unit: Any) -> tuple[float, str]:
    """A budget and what it counts; a `UserError` unless it is one."""
    unit = arguments.choice("budget_unit", unit, BUDGET_UNITS)
    if unit == "fraction":
        return arguments.positive("budget", budget, 1), unit
    number = arguments.positive("budget", budget)
    return arguments.whole("budget", int(number) if number == int(number) else budget, 1), unit


class Labels(Mapping[str, NDArray[np.uint8]]):
    """Labels (H,W) uint8 of all images of a pool, of which those without answers take no memory.

    Attributes:
        answered: those of images that have any.
        size: height and width, known once something was asked; there are no labels before.
    """

    def __init__(self, image_ids: tuple[str, ...]) -> None:
        self.answered: dict[str, NDArray[np.uint8]] = {}
        self.size: tuple[int, int] | None = None
        self._places = dict.fromkeys(image_ids)

    def __getitem__(self, image: str) -> NDArray[np.uint8]:
        if self.size is None or image not in self._places:
            raise KeyError(image)
        if image in self.answered:
            return self.answered[image]
        return np.full(self.size, VOID, np.uint8)

    def __iter__(self) -> Iterator[str]:
        return iter(self._places if self.size else ())

    def __len__(self) -> int:
        return len(self._places) if self.size else 0

    def of(self, image: str) -> NDArray[np.uint8]:
        """Those of an image, to be written to."""
        return self.answered.setdefault(image, self[image])
