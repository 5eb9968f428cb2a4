import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from cbda.selection import allocation
from cbda.selection.allocation import choose_dynamic, choose_per_image
from cbda.selection.greedy import Picks, select
from cbda.selection.units import suppression_radius
from tests.literal import SETTINGS, literal_greedy, pools, units


def reader(score, blocked):
    """Reads maps (N,H,W) that are in memory."""
    return lambda index: (score[index], blocked[index].copy())


@SETTINGS
@given(pools(max_images=4), st.integers(0, 24), st.integers(0, 2), units, st.integers(1, 3))
def test_dynamic_choice_equals_the_definition(maps, num_queries, radius, unit, num_threads):
    score, blocked = maps
    read, suppressed = reader(score, blocked), suppression_radius(radius, unit)
    queries = choose_dynamic(read, score.shape, num_queries, suppressed, num_threads)
    assert queries.tolist() == literal_greedy(score, blocked, num_queries, radius, unit)
    assert queries.dtype == np.int32


@SETTINGS
@given(pools(max_images=3), st.integers(1, 3), st.integers(0, 1), units, st.integers(1, 3))
@example((np.zeros((2, 3, 3)), np.zeros((2, 3, 3), np.bool_)), 2, 1, "pixel", 1)
def test_per_image_choice_equals_that_of_each_image(maps, num_per_image, radius, unit, num_threads):
    score, blocked = maps
    each = [
        select(one, taken, num_per_image, radius, unit).tolist()
        for one, taken in zip(score, blocked, strict=True)
    ]
    read, suppressed = reader(score, blocked), suppression_radius(radius, unit)
    queries = choose_per_image(read, score.shape, num_per_image, suppressed, num_threads)
    assert queries.tolist() == [[i, *pick] for i, picks in enumerate(each) for pick in picks]


@pytest.mark.parametrize("order", ["rising", "falling", "shuffled"])
@pytest.mark.parametrize("num_threads", [1, 2, 4])
def test_images_of_different_worth_are_read_deep_enough(order, num_threads):
    """Some images hold far more than their even share, wherever they lie in the pool."""
    rng = np.random.default_rng(0)
    worth = np.arange(20.0)
    if order == "falling":
        worth = worth[::-1]
    if order == "shuffled":
        rng.shuffle(worth)
    score = (rng.random((20, 8, 9)) + worth[:, None, None] / 4).astype(np.float32)
    blocked = np.zeros(score.shape, np.bool_)
    queries = choose_dynamic(reader(score, blocked), score.shape, 60, 1, num_threads)
    assert queries.tolist() == literal_greedy(score, blocked, 60, 1, "pixel")


def test_few_images_are_read_twice_where_all_are_alike():
    score = np.random.default_rng(0).random((64, 32, 32))
    reads = []

    def read(index):
        reads.append(index)
        return score[index], np.zeros((32, 32), np.bool_)

    choose_dynamic(read, score.shape, 64 * 12, 1)
    assert len(reads) <= 64 + 8


@pytest.mark.parametrize("num_threads", [1, 3])
def test_equal_scores_that_cannot_win_are_not_kept(monkeypatch, num_threads):
    """As where a class balance gives most of the pool a weight of 0."""
    score = np.zeros((64, 8, 8), np.float32)
    score[:, :1] = np.random.default_rng(0).random((64, 1, 8))
    blocked = np.zeros(score.shape, np.bool_)
    num_kept = []

    def joined(picks, *arguments, **options):
        num_kept.append(sum(map(len, picks)))
        return join(picks, *arguments, **options)

    join = allocation._joined
    monkeypatch.setattr(allocation, "_joined", joined)
    queries = choose_dynamic(reader(score, blocked), score.shape, 64 * 10, 0, num_threads)
    assert queries.tolist() == literal_greedy(score, blocked, 64 * 10, 0, "pixel")
    assert num_kept[0] < 3 * 64 * 10


def test_one_image_may_take_all_queries():
    """Equal scores everywhere but in the second image, whose are higher."""
    score = np.zeros((3, 4, 4))
    score[1] = 1
    blocked = np.zeros(score.shape, np.bool_)
    queries = choose_dynamic(reader(score, blocked), score.shape, 12, 0)
    assert queries[:, 0].tolist() == [1] * 12


def test_an_exhausted_pool_gives_what_it_has():
    maps = np.zeros((2, 3, 3)), np.zeros((2, 3, 3), np.bool_)
    for choose in (choose_per_image, choose_dynamic):
        assert choose(reader(*maps), (2, 3, 3), 5, 2).tolist() == [[0, 0, 0], [1, 0, 0]]


@SETTINGS
@given(st.lists(st.lists(st.sampled_from([0.0, 1.0, 2.0]), max_size=4), min_size=1, max_size=4))
def test_value_of_rank_counts_over_all_images(values):
    picks = [
        Picks(np.array(sorted(v, reverse=True)), np.zeros(len(v), np.uint32), -np.inf)
        for v in values
    ]
    ranked = sorted((value for part in values for value in part), reverse=True)
    for rank in range(1, len(ranked) + 1):
        assert allocation._value_of_rank(picks, rank) == ranked[rank - 1]
    assert allocation._value_of_rank(picks, len(ranked) + 1) == -np.inf
    assert allocation._value_of_rank(picks, 0) == np.inf
