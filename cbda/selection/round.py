"""What one acquisition round is asked for, and what it continues from."""

import math
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from cbda.acquisition.methods import (
    ALLOCATIONS,
    BALANCES,
    require_explore,
    require_global,
    require_radius,
)
from cbda.datasets.agreement import require_same_pool
from cbda.datasets.dataset import Dataset
from cbda.errors import UserError, require_choice
from cbda.files.labels import LabelFile, LabelSummary
from cbda.selection.balance import target_shares
from cbda.selection.units import block_radius, queries_per_image, query_px

MAX_ROUNDS = 255  # a label file keeps the round of a pixel in a byte


@dataclass(frozen=True)
class RoundSettings:
    """What one acquisition round is asked for.

    Attributes:
        unit: `region` or `pixel`.
        allocation: `per_image` or `dynamic`.
        balance: rule of the class weights.
        max_weight: cap of the rule `ratio`.
        radius: k, in px.
        budget: fraction of the pool's pixels that the whole run may acquire.
        rounds: R.
        round: 1..R.
        seed: of the run, kept for the record, and of what explores.
        num_classes: C.
        target_distribution: wanted class shares, see `cbda.selection.balance.target_shares`.
        explore: share of the queries that are chosen at random, see `cbda.selection.exploring`.
    """

    unit: str
    allocation: str
    balance: str
    max_weight: float
    radius: int
    budget: float
    rounds: int
    round: int
    seed: int
    num_classes: int
    target_distribution: str | tuple[float, ...] = ()
    explore: float = 0.0

    def __post_init__(self) -> None:
        block_radius(self.radius, self.unit)  # refuses an unknown unit
        require_choice("allocation", self.allocation, ALLOCATIONS)
        require_choice("balance", self.balance, BALANCES)
        require_global(self.balance, self.allocation)
        require_explore(self.explore)
        if self.explore > 0 and self.seed < 0:
            raise UserError(f"seed {self.seed}: allowed are 0 and above for a method that explores")
        if not 0 < self.budget <= 1:
            raise UserError(f"budget {self.budget}: allowed are fractions above 0 and up to 1")
        if not 1 <= self.rounds <= MAX_ROUNDS:
            raise UserError(f"{self.rounds} rounds: allowed are 1 to {MAX_ROUNDS}")
        if not 1 <= self.round <= self.rounds:
            raise UserError(f"round {self.round}: allowed are 1 to {self.rounds}, the rounds")
        require_radius(self.radius)
        if not 0 < self.max_weight < math.inf:
            raise UserError(f"max weight {self.max_weight}: allowed are finite numbers above 0")
        if self.num_classes < 1:
            raise UserError(f"{self.num_classes} classes given; allowed: 1 and more")
        if self.target_distribution:
            target_shares(self.target_distribution, self.num_classes)  # refuses what is none


def queries_per_run(settings: RoundSettings, height: int, width: int) -> int:
    """Queries of all rounds, of one image's share."""
    shape = settings.budget, settings.rounds, settings.radius, settings.unit
    return settings.rounds * queries_per_image(height, width, *shape)


def rounded_budget(settings: RoundSettings, height: int, width: int) -> float:
    """Fraction of the pool's pixels that whole queries of all rounds acquire at most."""
    num_queries = queries_per_run(settings, height, width)
    return num_queries * query_px(settings.radius, settings.unit) / (height * width)


@dataclass(frozen=True)
class Previous:
    """The labels acquired in earlier rounds.

    Attributes:
        path: label file; None before the first round.
        summary: its attributes.
        image_ids: its pool.
    """

    path: Path | None = None
    summary: LabelSummary | None = None
    image_ids: tuple[str, ...] = ()

    def class_counts(self, num_classes: int) -> NDArray[np.int64]:
        """Acquired pixels by round and class, (r,C) int64."""
        if self.summary is None:
            return np.zeros((0, num_classes), np.int64)
        return self.summary.class_counts

    def void_counts(self) -> NDArray[np.int64]:
        """Acquired void pixels by round, (r,) int64."""
        return np.zeros(0, np.int64) if self.summary is None else self.summary.void_counts


def read_previous(path: Path | None, settings: RoundSettings) -> Previous:
    """Read the labels of the round before; `path` is None in round 1 and only there."""
    if path is not None and settings.round == 1:
        raise UserError(f"{path}: round 1 starts without labels of an earlier round")
    if path is None:
        if settings.round > 1:
            raise UserError(
                f"round {settings.round} continues from labels of the round before it: give them"
                " by --labels"
            )
        return Previous()
    with LabelFile.open(path) as labels:
        image_ids, summary = labels.image_ids, labels.summary
    num_classes = summary.class_counts.shape[1]
    if num_classes != settings.num_classes:
        raise UserError(f"{path}: has {num_classes} classes, this run has {settings.num_classes}")
    return Previous(path, summary, image_ids)


def require_continued(
    previous: Previous, oracle: Dataset, summary: LabelSummary, settings: RoundSettings
) -> None:
    """The previous label file must be of the same run and pool, one round earlier."""
    if previous.summary is None or previous.path is None:
        return
    num_done = len(previous.summary.class_counts)
    if num_done != settings.round - 1:
        raise UserError(f"{previous.path}: holds {num_done} rounds, this is round {settings.round}")
    for name in ("method", "budget", "rounds", "radius", "seed"):
        found, wanted = getattr(previous.summary, name), getattr(summary, name)
        if found != wanted:
            raise UserError(f"{previous.path}: {name} is {found}, this run has {wanted}")
    require_same_pool(previous.path, previous.image_ids, oracle.root, oracle.image_ids)
