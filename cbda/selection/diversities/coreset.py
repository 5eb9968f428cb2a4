"""K-centre greedy, the core-set of Sener and Savarese (ICLR 2018).

Distances to the nearest centre only fall, so that an old one is a bound: the candidate with the
highest is compared with the picks that it hasn't met, until one has met all and is still first.
"""

import heapq

import numpy as np
from numpy.typing import NDArray

from cbda.compiled import compiled
from cbda.selection.distances import Distances, Features, nearest
from cbda.selection.units import IntArray


def pick(
    features: Features, labelled: Features, num_queries: int, num_threads: int = 1
) -> IntArray:
    """Again and again the candidate whose nearest labelled or picked one is the farthest.

    Of equal ones the first, as is the first pick where nothing is labelled.
    """
    distances, _ = nearest(features, labelled, num_threads)
    return _pick(features, distances, min(num_queries, len(features)))


@compiled
def _pick(features: Features, distances: Distances, num_queries: int) -> IntArray:
    picked, num_met = np.empty(num_queries, np.int64), np.zeros(len(features), np.int64)
    waiting = [(-distances[index], index) for index in range(len(features))]
    heapq.heapify(waiting)
    num_picked = 0
    while num_picked < num_queries:
        bound, index = waiting[0]
        if num_met[index] == num_picked:
            heapq.heappop(waiting)
            picked[num_picked] = index
            num_picked += 1
            continue
        for place in range(num_met[index], num_picked):
            bound = max(bound, -_squared_distance(features[index], features[picked[place]]))
        num_met[index] = num_picked
        heapq.heapreplace(waiting, (bound, index))
    return picked


@compiled
def _squared_distance(
    first: NDArray[np.float32], second: NDArray[np.float32]
) -> np.float32 | float:
    total = np.float32(0)
    for channel in range(len(first)):
        difference = first[channel] - second[channel]
        total += difference * difference
    return total
