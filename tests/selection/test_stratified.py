import numpy as np
import pytest

from cbda.selection.allocation import choose_dynamic
from cbda.selection.allocations.stratified import choose

SHAPE = (2, 6, 20)


@pytest.fixture
def pool():
    """Random scores; class 2 on one column of image 0, class 1 on image 1, class 0 elsewhere."""
    score = np.random.default_rng(0).random(SHAPE)
    prediction = np.zeros(SHAPE, np.uint8)
    prediction[0, :, 3], prediction[1] = 2, 1
    score[prediction == 2] -= 10
    return score, prediction


def chosen(pool, num_queries, free_share, radius=0, num_threads=1, excluded=None):
    score, prediction = pool

    def read(image):
        free = np.zeros(SHAPE[1:], bool) if excluded is None else excluded[image].copy()
        return score[image].copy(), free

    known = (read, prediction.__getitem__, SHAPE, num_queries, radius, num_threads, free_share)
    return choose(*known), choose_dynamic(read, SHAPE, num_queries, radius)


def classes_of(pool, queries):
    return np.bincount(pool[1][tuple(queries.T)], minlength=3).tolist()


def test_classes_share_what_is_not_free_the_rarest_first(pool):
    queries, best = chosen(pool, 10, free_share=0.34)
    assert classes_of(pool, queries[:6]) == [2, 2, 2]
    assert pool[1][tuple(queries[0])] == 2
    assert classes_of(pool, best)[2] == 0
    left = [row for row in best.tolist() if row not in queries[:6].tolist()]
    assert queries[6:].tolist() == left[:4]


def test_a_class_takes_its_best_pixels(pool):
    queries, _ = chosen(pool, 9, free_share=0.0)
    column = pool[0][0, :, 3]
    assert queries[:3].tolist() == [[0, row, 3] for row in np.argsort(-column)[:3]]


def test_what_a_class_cannot_use_is_free(pool):
    queries, _ = chosen(pool, 30, free_share=0.0)
    assert classes_of(pool, queries)[2] == 6
    assert len(queries) == 30


def test_classes_that_are_excluded_have_no_share(pool):
    excluded = pool[1] == 2
    queries, _ = chosen(pool, 8, free_share=0.0, excluded=excluded)
    assert classes_of(pool, queries) == [4, 4, 0]


def test_all_free_is_the_best_of_the_pool(pool):
    queries, best = chosen(pool, 12, free_share=1.0, radius=1)
    assert queries.tolist() == best.tolist()


def test_queries_of_classes_suppress_one_another_whatever_the_threads(pool):
    queries, _ = chosen(pool, 12, free_share=0.2, radius=1)
    for image, row, column in queries:
        near = (queries[:, 0] == image) & (np.abs(queries[:, 1:] - (row, column)).max(axis=1) <= 1)
        assert near.sum() == 1
    assert chosen(pool, 12, 0.2, radius=1, num_threads=3)[0].tolist() == queries.tolist()
