"""Choose the queries of one round: the best, then those at random among what they leave free.

Weights go by the predicted class, and so lift nothing for a class that the model never predicts.
Random queries (epsilon-greedy) find it as often as it is there.
"""

import math
from importlib import import_module
from inspect import signature
from typing import Any

import numpy as np
from numpy.typing import NDArray

from cbda.acquisition.methods import BY_CLASS, DIVERSE
from cbda.acquisition.parts import ReadParts, as_pixels, excluded_pixels
from cbda.compute.seeds import Stream
from cbda.errors import UserError
from cbda.files.labels import LabelFile
from cbda.files.scores import ScoreFile
from cbda.selection import units
from cbda.selection.allocation import choose_dynamic, choose_per_image
from cbda.selection.balance import (
    Statistics,
    class_weights,
    is_literal,
    needs_predictions,
    target_shares,
)
from cbda.selection.diversity import Diverse
from cbda.selection.quota import choose_quota
from cbda.selection.round import Round
from cbda.selection.sampling import drawn_by_class, is_sampled, sampled
from cbda.selection.units import FloatArray, Mask, Queries
from cbda.selection.weighting import weigh, weigh_literally

ALLOCATE = {"per_image": choose_per_image, "dynamic": choose_dynamic}


def choose(
    round_: Round,
    scores: ScoreFile,
    labels: LabelFile,
    statistics: Statistics,
    num_threads: int,
    parts: ReadParts | None = None,
) -> Queries:
    """Choose the queries of one round, those at random after all others.

    Of its scores, the labels of the round before, and their `class_statistics`, and of the parts of
    images if the unit has any; the outcome does not depend on the threads. A `UserError` for bad
    numbers, or an exhausted pool.
    """
    pool = _Pool(round_, scores, labels, parts)
    num_queries = round_.num_queries(scores.shape)
    num_random = num_at_random(num_queries, round_.random_fraction)
    best = _choose_best(round_, pool, labels, statistics, num_queries - num_random, num_threads)
    if num_random:
        best = np.vstack([best, _choose_random(round_, pool, best, num_random, num_threads)])
    where, num_found, images = "the pool", len(best), range(len(scores.image_ids))
    if round_.method.allocation == "per_image":
        found = np.bincount(best[:, 0], minlength=len(scores.image_ids))
        image = int(np.argmax(found < num_queries))
        where, num_found = f"image {scores.image_ids[image]!r}", int(found[image])
        images = range(image, image + 1)
    if num_found < num_queries:
        share = np.mean([pool.read_excluded(image).mean() for image in images])
        raise UserError(
            f"{scores.path}: round {round_.number}: {where} is exhausted: {num_found} of"
            f" {num_queries} queries of this round found a free place, as earlier ones and"
            f" never_ask exclude {share:.1%} of its pixels; lower the budget or the radius"
        )
    return best


def num_at_random(num_queries: int, random_fraction: float) -> int:
    """Queries that are chosen at random, m = floor(x n + 1/2)."""
    return math.floor(random_fraction * num_queries + 0.5)


def class_statistics(round_: Round, scores: ScoreFile, labels: LabelFile) -> Statistics:
    """What the class weights of a round go by; reads the predictions if the balance needs them."""
    method, num_classes = round_.method, round_.num_classes
    counts = np.zeros(num_classes, np.int64)
    if needs_predictions(method.balance, method.target_distribution):
        for image in range(len(scores.image_ids)):
            counts += np.bincount(scores.read_prediction(image).ravel(), minlength=num_classes)
    return Statistics(
        acquired=labels.summary.class_counts.sum(axis=0),
        predicted=counts,
        target=target_shares(method.target_distribution, num_classes, counts),
        budget_px=round_.budget * labels.summary.num_pool_px,
        max_weight=method.max_weight,
    )


def random_map(seed: int, round_number: int, image: int, shape: tuple[int, int]) -> FloatArray:
    """Uniform numbers in [0, 1), (H,W) float64, the same whoever asks and in whatever order."""
    return np.random.default_rng([seed, Stream.RANDOM_QUERY, round_number, image]).random(shape)


class _Pool:
    """Maps (H,W) of the images of a pool, in which a query is one pixel."""

    def __init__(
        self, round_: Round, scores: ScoreFile, labels: LabelFile, parts: ReadParts | None
    ) -> None:
        self._radius, self._scores, self._labels = round_.method.radius, scores, labels
        self._parts, self.shape = parts, scores.shape

    def read(self, image: int) -> tuple[FloatArray, NDArray[np.uint8], Mask]:
        """Scores, predictions, and what is excluded."""
        maps: tuple[FloatArray, NDArray[np.uint8]] = self._scores.read(image)
        if self._parts is not None:
            maps = as_pixels(self._parts(image), *maps, self._scores.score)
        return *maps, self.read_excluded(image)

    def read_class(self, image: int) -> NDArray[np.uint8]:
        """Predictions."""
        return self._scores.read_prediction(image) if self._parts is None else self.read(image)[1]

    def read_excluded(self, image: int) -> Mask:
        """What earlier rounds exclude, and what the model takes for void."""
        acquired, void = self._labels.read_round(image) > 0, self._scores.read_void(image)
        if self._parts is not None:
            return excluded_pixels(self._parts(image), acquired, void)
        excluded = units.widen(acquired, self._radius)
        return excluded if void is None else excluded | void

    def diverse(self, round_: Round, num_threads: int) -> Diverse:
        """What is chosen by features."""
        return Diverse(round_, self._scores, self._labels, self._parts, num_threads)


def _choose_best(
    round_: Round,
    pool: _Pool,
    labels: LabelFile,
    statistics: Statistics,
    num_queries: int,
    num_threads: int,
) -> Queries:
    """By score times class weight, which stays as it is during the round but for `quota`."""
    method, shape = round_.method, pool.shape
    weights = class_weights(method.balance, statistics)
    weigh_scores = weigh_literally if is_literal(method.balance) else weigh
    radius = units.suppression_radius(method.radius, method.unit)

    def read_weighted(image: int) -> tuple[FloatArray, Mask]:
        score, prediction, excluded = pool.read(image)
        if method.balance == "none":
            return score, excluded
        return weigh_scores(score, prediction, weights), excluded

    if method.balance == "quota":
        share_px = statistics.target * round_.budget * labels.summary.num_pool_px
        used_px = statistics.acquired.astype(np.float64)
        spent = units.query_px(method.radius, method.unit, shape[1:]), share_px, used_px
        is_drawn = is_sampled(method.choice)
        read_classes = drawn_by_class(pool.read, round_) if is_drawn else pool.read
        return choose_quota(read_classes, shape, num_queries, radius, *spent, num_threads, is_drawn)
    read_drawn = sampled(read_weighted, round_, shape, num_threads)
    if method.allocation in DIVERSE:
        return pool.diverse(round_, num_threads).choose(read_drawn, num_queries)
    if method.allocation in BY_CLASS:
        known = {"read": read_drawn, "read_class": pool.read_class, "shape": shape}
        known |= {"num_queries": num_queries, "radius": radius, "num_threads": num_threads}
        return _allocate_by_class(method.allocation, {**method.choice.model_dump(), **known})
    return ALLOCATE[method.allocation](read_drawn, shape, num_queries, radius, num_threads)


def _allocate_by_class(name: str, known: dict[str, Any]) -> Queries:
    """Call an allocation, a module found by its name, with what it asks for."""
    function = import_module(f"cbda.selection.allocations.{name}").choose
    queries: Queries = function(**{key: known[key] for key in signature(function).parameters})
    return queries


def _choose_random(
    round_: Round, pool: _Pool, best: Queries, num_queries: int, num_threads: int
) -> Queries:
    """The highest random numbers among what the best queries leave free."""
    method, shape = round_.method, pool.shape
    radius = units.suppression_radius(method.radius, method.unit)
    centres = units.centres_by_image(best, shape[0])

    def read_random(image: int) -> tuple[FloatArray, Mask]:
        excluded = pool.read_excluded(image)
        units.paint(excluded, centres[image], radius)
        return random_map(round_.seed, round_.number, image, shape[1:]), excluded

    allocate = ALLOCATE.get(method.allocation, choose_dynamic)
    return allocate(read_random, shape, num_queries, radius, num_threads)
