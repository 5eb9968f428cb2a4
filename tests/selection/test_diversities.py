"""Picks by features against literal definitions."""

import numpy as np
import pytest

from cbda.selection.distances import k_means, nearest
from cbda.selection.diversities import coreset, typical
from cbda.selection.diversities.typical import mean_distances

RNG = np.random.default_rng(0)
FEATURES = RNG.random((700, 5)).astype(np.float32)
LABELLED = RNG.random((9, 5)).astype(np.float32)
NONE = np.empty((0, 5), np.float32)


def distance(first, second):
    return float(np.square(first.astype(np.float64) - second).sum())


def k_centre_greedy(features, labelled, num_queries):
    """The definition: all distances, again and again."""
    centres, picked = list(labelled), []
    for _ in range(num_queries):
        far = [min((distance(f, c) for c in centres), default=np.inf) for f in features]
        picked.append(int(np.argmax([-1 if i in picked else d for i, d in enumerate(far)])))
        centres.append(features[picked[-1]])
    return picked


@pytest.mark.parametrize("labelled", [NONE, LABELLED])
def test_core_set_is_k_centre_greedy(labelled):
    features = FEATURES[:80]
    picks = coreset.pick(features, labelled, 30).tolist()
    assert picks == k_centre_greedy(features, labelled, 30)
    assert (picks[0] == 0) == (not len(labelled))


def test_core_set_takes_equal_candidates_last_and_all_of_them_in_order():
    features = np.repeat(FEATURES[:3], 2, axis=0)
    picks = coreset.pick(features, NONE, 9).tolist()
    assert sorted(picks[:3]) == [0, 2, 4]
    assert picks[3:] == [1, 3, 5]


@pytest.mark.parametrize("module", [coreset, typical])
def test_picks_by_features_are_distinct_and_the_same_whatever_the_threads(module):
    def pick(num_threads):
        known = {"generator": np.random.default_rng(3)} if module is typical else {}
        return module.pick(FEATURES, LABELLED, 300, num_threads=num_threads, **known).tolist()

    picks = pick(1)
    assert len(set(picks)) == 300
    assert pick(2) == picks


def test_nearest_centre_is_the_first_of_the_nearest():
    centres = np.concatenate([LABELLED, LABELLED])
    found, index = nearest(FEATURES, centres, 2)
    expected = [[distance(point, centre) for centre in LABELLED] for point in FEATURES]
    np.testing.assert_allclose(found, np.min(expected, axis=1), rtol=1e-5)
    np.testing.assert_array_equal(index, np.argmin(expected, axis=1))


def test_k_means_ends_where_every_point_is_nearest_to_the_mean_of_its_cluster():
    points = np.concatenate([RNG.normal(place, 0.1, (40, 2)) for place in range(6)])
    points = points.astype(np.float32)
    cluster = k_means(points, 6, np.random.default_rng(1))
    means = np.array([points[cluster == label].mean(axis=0) for label in range(6)], np.float32)
    np.testing.assert_array_equal(nearest(points, means)[1], cluster)


def blobs(*sizes):
    """Points around directions that are far apart, and which of them."""
    which = np.repeat(np.arange(len(sizes)), sizes)
    return (np.eye(len(sizes))[which] + RNG.normal(0, 0.02, (len(which), len(sizes)))).astype(
        np.float32
    ), which


def test_typical_ones_are_of_the_largest_clusters_without_a_label():
    features, which = blobs(30, 20, 12, 3)
    labelled = np.eye(4, dtype=np.float32)[:1]
    picks = typical.pick(features, labelled, 3, np.random.default_rng(0))
    assert which[picks].tolist() == [1, 2, 0]  # of 3 candidates is less than 5: after all others
    points = features / np.linalg.norm(features, axis=1, keepdims=True)
    for pick in picks:
        inside = np.flatnonzero(which == which[pick])
        means = mean_distances(points[inside])
        assert pick == inside[np.argmin(means)]


def test_mean_distance_is_to_the_nearest_twenty_others():
    points = FEATURES[:50]
    expected = [
        np.mean(sorted(np.sqrt(distance(point, other)) for other in points)[1:21])
        for point in points
    ]
    np.testing.assert_allclose(mean_distances(points), expected, rtol=1e-5)
    assert mean_distances(points[:1]).tolist() == [0]


def test_typical_ones_are_all_candidates_in_the_end():
    features, _ = blobs(7, 4, 1)
    picks = typical.pick(features, features[:0], 20, np.random.default_rng(0))
    assert sorted(picks.tolist()) == list(range(12))
