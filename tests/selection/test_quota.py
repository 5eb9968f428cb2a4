import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from cbda.selection import quota
from cbda.selection.quota import choose_quota
from cbda.selection.units import query_px, suppression_radius
from tests.reference import SETTINGS, reference_quota, units

NUM_CLASSES = 3
VALUES = st.sampled_from(
    [st.sampled_from([-1.0, -0.0, 0.0, 0.25, 1.0]), st.floats(-2, 2, width=32)]
)
SHARES = arrays(np.float64, NUM_CLASSES, elements=st.sampled_from([0.0, 5.0, 9.0, 20.0]))
USED = arrays(np.float64, NUM_CLASSES, elements=st.sampled_from([0.0, 1.0, 8.0, 30.0]))


@st.composite
def pools(draw):
    """Scores (N,H,W) float32, predictions and blocked."""
    side = st.integers(1, 6)
    shape = (draw(st.integers(1, 3)), draw(side), draw(side))
    score = draw(arrays(np.float32, shape, elements=draw(VALUES)))
    prediction = draw(arrays(np.uint8, shape, elements=st.integers(0, NUM_CLASSES - 1)))
    blocked = draw(arrays(np.bool_, shape, elements=st.sampled_from([False, False, True])))
    return score, prediction, blocked


def reader(score, prediction, blocked):
    """Reads maps (N,H,W) that are in memory."""
    return lambda index: (score[index], prediction[index], blocked[index].copy())


@SETTINGS
@given(pools(), st.integers(1, 12), st.integers(0, 2), units, SHARES, USED, st.integers(1, 3))
def test_choice_equals_the_definition(pool, num_queries, radius, unit, share_px, used_px, threads):
    score, prediction, blocked = pool
    spent = query_px(radius, unit, score.shape[1:]), share_px, used_px
    queries = choose_quota(
        reader(score, prediction, blocked),
        score.shape,
        num_queries,
        suppression_radius(radius, unit),
        *spent,
        threads,
    )
    expected = reference_quota(
        score, prediction, blocked, num_queries, radius, unit, share_px, used_px
    )
    assert queries.tolist() == expected


@pytest.mark.parametrize("seed", range(5))
def test_classes_that_run_out_of_candidates_get_more(monkeypatch, seed):
    """Few candidates of every class are held at first, and picks block most of them."""
    rng = np.random.default_rng(seed)
    score = np.sort(rng.random((2, 24, 24)).astype(np.float32), axis=1)
    prediction = rng.integers(0, NUM_CLASSES, score.shape).astype(np.uint8)
    prediction[rng.random(score.shape) < 0.8] = 0
    blocked = np.zeros(score.shape, np.bool_)
    share_px, used_px = np.full(NUM_CLASSES, 60.0), np.zeros(NUM_CLASSES)
    monkeypatch.setattr(quota, "CANDIDATES_PER_QUERY", 1)
    gathered = []
    gather = quota._gather

    def count(*arguments):
        gathered.append(arguments)
        return gather(*arguments)

    monkeypatch.setattr(quota, "_gather", count)
    read = reader(score, prediction, blocked)
    queries = choose_quota(read, score.shape, 16, 4, 25, share_px, used_px)
    assert len(gathered) > 1
    expected = reference_quota(score, prediction, blocked, 16, 2, "region", share_px, used_px)
    assert queries.tolist() == expected


def test_a_query_spends_the_share_of_its_class_at_once():
    """Class 0 scores a little more everywhere, but its weight falls with every query."""
    score = np.array([[[1.0, 1.0, 1.0, 0.9, 0.9, 0.9]]], np.float32)
    prediction = np.array([[[0, 0, 0, 1, 1, 1]]], np.uint8)
    read = reader(score, prediction, np.zeros(score.shape, np.bool_))
    share_px = np.array([3.0, 3.0, 0.0])
    queries = choose_quota(read, score.shape, 6, 0, 1, share_px, np.zeros(NUM_CLASSES))
    # Weights 1, 2/3, 1/3 of class 0 against as many of class 1.
    assert queries[:, 2].tolist() == [0, 3, 1, 4, 2, 5]


def test_classes_that_run_out_of_candidates_do_so_together():
    """Frequent classes have to make up for many rare ones, and their best pixels lie in crowds."""
    num_images, side, num_classes = 4, 128, 19
    rng = np.random.default_rng(0)
    shares = 1 / np.arange(1, num_classes + 1) ** 2
    classes = rng.choice(num_classes, (num_images, side // 16, side // 16), p=shares / shares.sum())
    prediction = np.kron(classes, np.ones((1, 16, 16))).astype(np.uint8)
    crowds = np.kron(rng.random((num_images, side // 8, side // 8)), np.ones((1, 8, 8)))
    score = (rng.random(prediction.shape) * crowds**8).astype(np.float32)
    reads = []

    def read(index):
        reads.append(index)
        return score[index], prediction[index], np.zeros((side, side), np.bool_)

    budget_px = 0.1 * score.size
    equal = np.full(num_classes, budget_px / num_classes)
    choose_quota(read, score.shape, int(budget_px / 9), 2, 9, equal, np.zeros(num_classes))
    assert len(reads) <= 8 * num_images
