"""Distances between features, the same to the bit whatever the threads, and clusters by them."""

import numpy as np
from numpy.typing import NDArray

from cbda.compiled import compiled
from cbda.compute.parallel import ordered_map
from cbda.selection.units import IntArray

Features = NDArray[np.float32]  # (n,D)
Distances = NDArray[np.float32]  # (n,)

BLOCK = 512  # points whose distances stay in a processor's cache
MAX_STEPS = 30


def nearest(
    points: Features, centres: Features, num_threads: int = 1
) -> tuple[Distances, NDArray[np.integer]]:
    """Squared distance of every point to its nearest centre, and which that is, the first on a tie.

    Infinite, and 0, if there is none.
    """
    blocks = (points[first : first + BLOCK] for first in range(0, len(points), BLOCK))
    found = ordered_map(lambda block: _nearest(block.T.copy(), centres), blocks, num_threads)
    distances, indices = zip(*found, strict=True)
    return np.concatenate(distances), np.concatenate(indices)


def k_means(
    points: Features, num_clusters: int, generator: np.random.Generator, num_threads: int = 1
) -> NDArray[np.integer]:
    """The cluster of every point, (n,): Lloyd's algorithm from a k-means++ start, in 30 steps.

    Clusters may be empty if points are equal.
    """
    centres = _spread_centres(points, num_clusters, generator)
    cluster = nearest(points, centres, num_threads)[1]
    for _ in range(MAX_STEPS):
        before, centres = cluster, _means(points, cluster, centres)
        cluster = nearest(points, centres, num_threads)[1]
        if np.array_equal(before, cluster):
            break
    return cluster


def _spread_centres(points: Features, number: int, generator: np.random.Generator) -> Features:
    """Points drawn one by one, each by its squared distance to those drawn before."""
    chosen = [int(generator.integers(len(points)))]
    distance = np.full(len(points), np.inf, np.float32)
    while len(chosen) < number:
        distance = np.minimum(distance, nearest(points, points[chosen[-1:]])[0])
        bounds = np.cumsum(distance, dtype=np.float64)
        drawn = np.searchsorted(bounds, generator.random() * bounds[-1], "right")
        chosen.append(min(int(drawn), len(points) - 1))
    return points[chosen]


def _means(points: Features, cluster: NDArray[np.integer], centres: Features) -> Features:
    """Means of the clusters; an empty one stays where it is."""
    sums, sizes = np.zeros(centres.shape, np.float64), np.bincount(cluster, minlength=len(centres))
    np.add.at(sums, cluster, points)
    means = sums / np.maximum(sizes, 1)[:, None]
    return np.where(sizes[:, None] > 0, means, centres).astype(np.float32)


@compiled
def _nearest(columns: Features, centres: Features) -> tuple[Distances, IntArray]:
    """Of points that lie in columns, (D,n), so that a processor works on many at a time."""
    num_channels, num_points = columns.shape
    best, which = np.full(num_points, np.float32(np.inf)), np.zeros(num_points, np.int64)
    distance = np.empty(num_points, np.float32)
    for centre in range(len(centres)):
        distance[:] = 0
        for channel in range(num_channels):
            value = centres[centre, channel]
            for point in range(num_points):
                difference = columns[channel, point] - value
                distance[point] += difference * difference
        for point in range(num_points):
            if distance[point] < best[point]:
                best[point], which[point] = distance[point], centre
    return best, which
