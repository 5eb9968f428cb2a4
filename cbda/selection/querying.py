"""Choose the queries of one round from a score file."""

from dataclasses import dataclass

import numba
import numpy as np
from numpy.typing import NDArray

from cbda.datasets.agreement import require_same_pool
from cbda.datasets.dataset import Dataset
from cbda.errors import UserError
from cbda.files.labels import LabelFile, LabelSummary
from cbda.files.scores import ScoreFile
from cbda.selection.allocation import Chosen, Pool, Portion, choose_queries
from cbda.selection.balance import NEED_PREDICTIONS, class_weights, target_shares
from cbda.selection.exploring import Explored, random_map, split_round
from cbda.selection.quota import ClassPool, choose_quota
from cbda.selection.round import Previous, RoundSettings, queries_per_run, require_continued
from cbda.selection.units import (
    FloatArray,
    Mask,
    block_radius,
    paint,
    queries_per_image,
    query_px,
    widen,
)


@dataclass(frozen=True)
class Acquired:
    """The outcome of a round.

    Attributes:
        chosen: the queries.
        summary: attributes of the label file, as yet without this round's counts.
        settings: of the round.
        shape: N, H, W of the pool.
        none: no labels of the pool.
    """

    chosen: Chosen | Explored
    summary: LabelSummary
    settings: RoundSettings
    shape: tuple[int, int, int]
    none: LabelFile


def acquire_round(
    scores: ScoreFile,
    oracle: Dataset,
    previous: Previous,
    settings: RoundSettings,
    num_threads: int = 1,
) -> Acquired:
    """Choose the queries of one round.

    Args:
        scores: an open score file.
        oracle: the pool's ground truth, of the same images.
        previous: labels of the rounds before.
        settings: of the round.
        num_threads: images that are worked on at a time; the outcome does not depend on it.

    Raises:
        UserError: files that don't belong together, bad numbers, or an exhausted pool.
    """
    _require_matching(scores, oracle, settings)
    _, height, width = scores.shape
    predicted = _count_predictions(scores, settings)
    target = target_shares(settings.target_distribution, settings.num_classes, predicted)
    summary = _summarise(scores, previous, settings, target, predicted)
    require_continued(previous, oracle, summary, settings)
    _require_room(settings, height, width)
    with LabelFile.open_previous(previous.path, scores) as labels:
        _require_same_size(labels, scores)
        maps = _Maps(scores, labels, summary.class_weights, settings)
        try:
            chosen = _choose_round(maps, summary, target, num_threads)
        except UserError as error:
            reason = str(error).removeprefix(f"{scores.path}: ")
            raise UserError(f"{scores.path}: round {settings.round}: {reason}") from error
    return Acquired(chosen, summary, settings, scores.shape, LabelFile.none(scores))


def _require_room(settings: RoundSettings, height: int, width: int) -> None:
    """Raise a `UserError` in the first round if the last one can't find enough pixels."""
    num_queries = queries_per_run(settings, height, width)
    if num_queries > height * width:
        raise UserError(
            f"budget {settings.budget:g}: {settings.rounds} rounds of whole queries are"
            f" {num_queries} in an image of {height * width} px; lower the budget"
        )


def _choose_round(
    maps: "_Maps", summary: LabelSummary, target: NDArray[np.float64], num_threads: int
) -> Chosen | Explored:
    """The best queries, then those that explore."""
    portion, rest = split_round(_num_queries(maps), maps.settings.explore)
    if maps.settings.balance == "quota":
        best = _choose_quota(maps, portion, summary, target, num_threads)
    else:
        best = _choose(maps, portion, num_threads)
    return _explore(maps, best, rest, num_threads) if rest.num else best


def _num_queries(maps: "_Maps") -> int:
    """Queries of the round: of one image for `per_image`, of the pool for `dynamic`."""
    settings = maps.settings
    num_per_image = queries_per_image(
        *maps.shape, settings.budget, settings.rounds, settings.radius, settings.unit
    )
    return num_per_image * (len(maps.image_ids) if settings.allocation == "dynamic" else 1)


def _choose(maps: "_Maps", portion: Portion, num_threads: int) -> Chosen:
    """Class weights stay as they are during the round."""
    settings = maps.settings
    pool = Pool(maps.image_ids, maps.shape[0], maps.read_weighted, num_threads)
    return choose_queries(pool, portion, settings.allocation, settings.radius, settings.unit)


def _choose_quota(
    maps: "_Maps",
    portion: Portion,
    summary: LabelSummary,
    target: NDArray[np.float64],
    num_threads: int,
) -> Chosen:
    """Every query spends the share of its predicted class."""
    settings = maps.settings
    chosen = choose_quota(
        ClassPool(maps.image_ids, maps.shape, settings.num_classes, maps.read, num_threads),
        portion.num,
        block_radius(settings.radius, settings.unit),
        query_px(settings.radius, settings.unit),
        target * settings.budget * summary.num_pool_px,
        summary.class_counts.sum(axis=0).astype(np.float64),
    )
    portion.require("the pool", len(chosen))
    return chosen


def _explore(maps: "_Maps", best: Chosen, portion: Portion, num_threads: int) -> Explored:
    """The highest random numbers among what the best queries leave free."""
    settings, (height, width) = maps.settings, maps.shape
    reach = block_radius(settings.radius, settings.unit)

    def read(index: int) -> tuple[FloatArray, Mask]:
        taken = maps.read_blocked(index)
        paint(taken, best.centres(index), reach)
        return random_map(settings.seed, settings.round, index, (height, width)), taken

    pool = Pool(maps.image_ids, height, read, num_threads)
    exploring = choose_queries(pool, portion, settings.allocation, settings.radius, settings.unit)
    return Explored(best, exploring)


def _require_matching(scores: ScoreFile, oracle: Dataset, settings: RoundSettings) -> None:
    """The score file must be of this pool, these classes and this radius."""
    require_same_pool(scores.path, scores.image_ids, oracle.root, oracle.image_ids)
    for name in ("num_classes", "radius"):
        found, wanted = getattr(scores, name), getattr(settings, name)
        if found != wanted:
            raise UserError(f"{scores.path}: {name} is {found}, this round asks for {wanted}")


def _require_same_size(labels: LabelFile, scores: ScoreFile) -> None:
    """Labels of earlier rounds must be of images of this size."""
    if labels.shape != scores.shape:
        raise UserError(
            f"{labels.path}: images are {labels.shape[1:]} px, the scores {scores.shape[1:]}"
        )


def _summarise(
    scores: ScoreFile,
    previous: Previous,
    settings: RoundSettings,
    target: NDArray[np.float64],
    predicted: NDArray[np.int64] | None,
) -> LabelSummary:
    """Attributes of the file to write, with the class weights of this round."""
    num_pool_px = int(np.prod(scores.shape))
    counts = previous.class_counts(settings.num_classes)
    weights = class_weights(
        settings.balance,
        counts.sum(axis=0),
        settings.budget * num_pool_px,
        target=target,
        max_weight=settings.max_weight,
        predicted=predicted,
    )
    return LabelSummary(
        score=scores.score,
        unit=settings.unit,
        allocation=settings.allocation,
        balance=settings.balance,
        random_fraction=settings.explore,
        budget=settings.budget,
        rounds=settings.rounds,
        radius=settings.radius,
        seed=settings.seed,
        class_counts=counts,
        void_counts=previous.void_counts(),
        class_weights=weights,
        num_pool_px=num_pool_px,
    )


def _count_predictions(scores: ScoreFile, settings: RoundSettings) -> NDArray[np.int64] | None:
    """Pixels of the pool by predicted class, (C,) int64; None if the balance asks for none."""
    if settings.balance not in NEED_PREDICTIONS and (
        settings.balance == "none" or settings.target_distribution not in NEED_PREDICTIONS
    ):
        return None
    counts = np.zeros(settings.num_classes, np.int64)
    for index in range(scores.num_images):
        prediction = scores.read_prediction(index).ravel()
        counts += np.bincount(prediction, minlength=settings.num_classes)
    return counts


class _Maps:
    """Score, prediction and blocked map of one image at a time, in any thread."""

    def __init__(
        self,
        scores: ScoreFile,
        labels: LabelFile,
        weights: NDArray[np.float64],
        settings: RoundSettings,
    ) -> None:
        self.image_ids = scores.image_ids
        self.shape = scores.height, scores.width
        self._scores, self._labels = scores, labels
        self._weights, self.settings = weights, settings

    def read(self, index: int) -> tuple[FloatArray, NDArray[np.uint8], Mask]:
        """Score (H,W) float, prediction (H,W) uint8 and blocked (H,W) bool."""
        return *self._scores.read(index), self.read_blocked(index)

    def read_weighted(self, index: int) -> tuple[FloatArray, Mask]:
        """Score times class weight, and blocked."""
        score, prediction, blocked = self.read(index)
        if self.settings.balance != "none":
            score = _weigh(score, prediction, self._weights)
        return score, blocked

    def read_blocked(self, index: int) -> Mask:
        """What earlier rounds block, (H,W) bool."""
        return widen(self._labels.read_round(index) > 0, self.settings.radius)


@numba.njit(cache=True, nogil=True)
def _weigh(
    score: FloatArray, prediction: NDArray[np.uint8], weights: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Score times the weight of the predicted class, (H,W) float64: exact for float32 scores."""
    weighted = np.empty(score.shape, np.float64)
    for row in range(score.shape[0]):
        for column in range(score.shape[1]):
            weighted[row, column] = score[row, column] * weights[prediction[row, column]]
    return weighted
