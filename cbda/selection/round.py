"""One acquisition round: how its queries are chosen, and whether its files belong together."""

import math
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Protocol

from cbda.acquisition.choice import BEST
from cbda.acquisition.methods import DIVERSE, ResolvedMethod
from cbda.datasets.agreement import require_same_pool
from cbda.datasets.ids import MAX_CLASSES
from cbda.errors import UserError
from cbda.files.labels import LabelFile, LabelSummary
from cbda.files.scores import ScoreFile
from cbda.selection.balance import target_shares
from cbda.selection.budget import require_starting_share, share_of_round
from cbda.selection.units import queries_in_round, queries_per_image, query_px

MAX_ROUNDS = 255  # a label file keeps the round of a pixel in a byte
NOTABLE_EXCESS = 1.1  # of a budget, from which it is told that whole queries are more
SHARED = ("method", "budget", "rounds", "radius", "seed")  # by all rounds of a run


class Pool(Protocol):
    """Images that are asked about, whoever answers."""

    @property
    def root(self) -> Path: ...  # noqa: D102

    @property
    def image_ids(self) -> tuple[str, ...]: ...  # noqa: D102


@dataclass(frozen=True)
class Round:
    """One acquisition round of a run."""

    method: ResolvedMethod
    budget: float  # fraction of the pool's pixels that the whole run may acquire
    rounds: int  # R
    number: int  # 1..R
    seed: int  # of the run, kept for the record, and of queries chosen at random
    num_classes: int  # C
    starting_share: float = 0.0  # of the budget that round 1 spends at random; 0 as any other round
    fixed_queries: int | None = None  # of this round, where the budget is a number of queries

    def __post_init__(self) -> None:
        if max(self.method.random_fraction, self.starting_share) > 0 and self.seed < 0:
            raise UserError(f"seed {self.seed}: allowed are 0 and above for queries at random")
        if not 0 < self.budget <= 1:
            raise UserError(f"budget {self.budget}: allowed are fractions above 0 and up to 1")
        if not 1 <= self.rounds <= MAX_ROUNDS:
            raise UserError(f"{self.rounds} rounds: allowed are 1 to {MAX_ROUNDS}")
        if not 1 <= self.number <= self.rounds:
            raise UserError(f"round {self.number}: allowed are 1 to {self.rounds}, the rounds")
        require_starting_share(self.starting_share, self.rounds)
        if self.num_classes < 1:
            raise UserError(f"{self.num_classes} classes given; allowed: 1 and more")
        if self.num_classes > MAX_CLASSES:
            raise UserError(f"{self.num_classes} classes given; allowed: up to {MAX_CLASSES}")
        is_drawn = self.method.choice.sampling != BEST or self.method.allocation in DIVERSE
        if is_drawn and self.seed < 0:
            raise UserError(f"seed {self.seed}: allowed are 0 and above for drawn queries")
        target_shares(self.method.target_distribution, self.num_classes)  # refuses what is none

    @property
    def random_fraction(self) -> float:
        """Share of this round's queries that are chosen at random."""
        starts = self.starting_share > 0 and self.number == 1
        return 1.0 if starts else self.method.random_fraction

    def queries_per_image(self, height: int, width: int) -> int:
        """Queries of this round in one image's share."""
        unit = self.method.radius, self.method.unit
        return queries_per_image(height, width, *self._share(), *unit)

    def _share(self) -> tuple[float, int]:
        """A budget, and the rounds like this one that spend it."""
        return share_of_round(self.budget, self.rounds, self.starting_share, self.number)

    def run_queries_per_image(self, height: int, width: int) -> int:
        """Queries of all rounds in one image's share."""
        first, later = (replace(self, number=n) for n in (1, self.rounds))
        num_later = (self.rounds - 1) * later.queries_per_image(height, width)
        return first.queries_per_image(height, width) + num_later

    def num_queries(self, shape: tuple[int, int, int]) -> int:
        """Queries of this round in a pool (N,H,W): of every image, or of the pool."""
        if self.fixed_queries is not None:
            return self.fixed_queries
        unit = self.method.radius, self.method.unit
        return queries_in_round(shape, *self._share(), *unit, self.method.allocation)

    def rounded_budget(self, shape: tuple[int, int, int]) -> float:
        """Fraction of a pool (N,H,W) that whole queries of all rounds acquire at most."""
        num_pools = shape[0] if self.method.allocation == "per_image" else 1
        first, later = (replace(self, number=n).num_queries(shape) for n in (1, self.rounds))
        area_px = num_pools * query_px(self.method.radius, self.method.unit, shape[1:])
        return (first + (self.rounds - 1) * later) * area_px / math.prod(shape)

    def summary(self, labels: LabelFile) -> LabelSummary:
        """What the label file of this round says of it, as yet without what it acquires."""
        parts = ("score", "unit", "allocation", "balance", "random_fraction", "radius")
        method = {name: getattr(self.method, name) for name in parts}
        method["choice"] = self.method.choice.words
        run = {name: getattr(self, name) for name in ("budget", "rounds", "seed")}
        return replace(labels.summary, **method, **run)


def require_one_run(round_: Round, scores: ScoreFile, labels: LabelFile, oracle: Pool) -> None:
    """Check that all files belong to this round of one run, before any map is read.

    Scores are those of the round, labels of the round before. Raises a `UserError` unless they do,
    and if the last round can't find enough pixels.
    """
    method = round_.method
    require_same_pool(scores.path, scores.image_ids, oracle.root, oracle.image_ids)
    needed = {"num_classes": round_.num_classes, "radius": method.radius, "score": method.score}
    for name, wanted in needed.items():
        found = getattr(scores, name)
        if found != wanted:
            raise UserError(f"{scores.path}: {name} is {found}, this round asks for {wanted}")
    if labels.path is not None:
        _require_continued(labels.path, round_, labels)
        require_same_pool(labels.path, labels.image_ids, oracle.root, oracle.image_ids)
    elif round_.number > 1:
        raise UserError(
            f"round {round_.number} continues from labels of the round before it: give them by"
            " --labels"
        )
    shape = scores.shape[1:]
    if labels.shape != scores.shape:
        raise UserError(f"{labels.path}: images are {labels.shape[1:]} px, the scores {shape}")
    num_queries, num_px = round_.run_queries_per_image(*shape), math.prod(shape)
    if num_queries > num_px:
        raise UserError(
            f"budget {round_.budget:g}: {round_.rounds} rounds of whole queries are"
            f" {num_queries} in an image of {num_px} px; lower the budget"
        )


def _require_continued(path: Path, round_: Round, labels: LabelFile) -> None:
    """The labels must be of the same run, one round earlier."""
    number, num_classes = round_.number, round_.num_classes
    if number == 1:
        raise UserError(f"{path}: round 1 starts without labels of an earlier round")
    if labels.num_classes != num_classes:
        raise UserError(f"{path}: has {labels.num_classes} classes, this run has {num_classes}")
    if labels.rounds_done != number - 1:
        raise UserError(f"{path}: holds {labels.rounds_done} rounds, this is round {number}")
    for name in SHARED:
        found, wanted = getattr(labels.summary, name), getattr(round_.summary(labels), name)
        if found != wanted:
            raise UserError(f"{path}: {name} is {found}, this run has {wanted}")
