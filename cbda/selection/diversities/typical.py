"""The typical ones of many clusters, TypiClust (Hacohen, Dekel and Weinshall, ICML 2022)."""

from collections.abc import Iterator, Sequence
from itertools import chain, islice, zip_longest

import numpy as np

from cbda.selection.distances import Distances, Features, k_means
from cbda.selection.units import IntArray

MAX_CLUSTERS = 500
SMALLEST = 5  # of the clusters that have their turns before all others
NUM_NEIGHBOURS = 20


def pick(
    features: Features,
    labelled: Features,
    num_queries: int,
    generator: np.random.Generator,
    num_threads: int = 1,
) -> IntArray:
    """The most typical candidate of every cluster in turn, then the second of each, and so on.

    Candidates and labelled ones, brought to length 1, are clustered by k-means, with as many
    clusters as there are labelled ones and queries, but at most 500. Those with the fewest labelled
    ones come first, then the largest; those of less than 5 candidates after all others.
    """
    points = _of_length_one(np.concatenate([features, labelled]))
    number = min(len(labelled) + num_queries, MAX_CLUSTERS, len(points))
    cluster = k_means(points, number, generator, num_threads)
    num_labelled = np.bincount(cluster[len(features) :], minlength=number)
    members = [np.flatnonzero(cluster[: len(features)] == label) for label in range(number)]
    order = sorted(range(number), key=lambda label: (num_labelled[label], -len(members[label])))
    ranked = [found[np.argsort(mean_distances(points[found]), kind="stable")]
              for found in (members[label] for label in order)]  # fmt: skip
    large = [found for found in ranked if len(found) >= SMALLEST]
    small = [found for found in ranked if len(found) < SMALLEST]
    return np.fromiter(islice(chain(_in_turn(large), _in_turn(small)), num_queries), np.int64)


def mean_distances(points: Features) -> Distances:
    """Mean distance of every point of a cluster to its nearest 20 others, (n,), 0 of a single one.

    Typicality is its inverse.
    """
    number = min(NUM_NEIGHBOURS, len(points) - 1)
    means = np.zeros(len(points), np.float32)
    for index in range(len(points) if number else 0):
        distances = np.sqrt(((points - points[index]) ** 2).sum(axis=1))
        means[index] = np.sort(distances)[1 : 1 + number].mean()  # the nearest one is itself
    return means


def _of_length_one(features: Features) -> Features:
    length = np.sqrt((features**2).sum(axis=1, keepdims=True))
    return np.asarray(features / np.maximum(length, np.finfo(np.float32).tiny))


def _in_turn(clusters: Sequence[IntArray]) -> Iterator[int]:
    """The first of each, then the second of each, and so on."""
    for turn in zip_longest(*clusters):
        yield from (int(index) for index in turn if index is not None)
