import numpy as np
import pytest
from hypothesis import assume, example, given
from hypothesis import strategies as st

from cbda.errors import UserError
from cbda.selection import allocation
from cbda.selection.allocation import Pool, Portion, choose_queries
from cbda.selection.greedy import Picks, select
from tests.literal import SETTINGS, literal_greedy, pools, units


def pool_of(score, blocked, num_threads=1):
    """A pool of maps (N,H,W) that lie in memory."""
    return Pool(
        [f"image{index}" for index in range(len(score))],
        score.shape[1],
        lambda index: (score[index], blocked[index].copy()),
        num_threads,
    )


def in_order(chosen, num_rows=4):
    """All queries as lists, through blocks of a few rows."""
    return [row for block in chosen.in_order(num_rows) for row in block.tolist()]


@SETTINGS
@given(pools(max_images=4), st.integers(0, 24), st.integers(0, 2), units, st.integers(1, 3))
def test_dynamic_choice_is_the_literal_greedy_choice(maps, num_queries, radius, unit, num_threads):
    score, blocked = maps
    expected = literal_greedy(score, blocked, num_queries, radius, unit)
    assume(len(expected) == num_queries)
    pool = pool_of(score, blocked, num_threads)
    chosen = choose_queries(pool, Portion(num_queries), "dynamic", radius, unit)
    assert len(chosen) == num_queries
    assert in_order(chosen) == expected
    for image in range(len(score)):
        assert chosen.centres(image).tolist() == [row[1:] for row in expected if row[0] == image]


@SETTINGS
@given(pools(max_images=3), st.integers(1, 3), st.integers(0, 1), units, st.integers(1, 3))
@example((np.zeros((2, 3, 3)), np.zeros((2, 3, 3), np.bool_)), 2, 1, "pixel", 1)
def test_per_image_choice_is_that_of_each_image(maps, num_per_image, radius, unit, num_threads):
    score, blocked = maps
    each = [
        select(one, taken, num_per_image, radius, unit).tolist()
        for one, taken in zip(score, blocked, strict=True)
    ]
    assume(all(len(picks) == num_per_image for picks in each))
    pool = pool_of(score, blocked, num_threads)
    chosen = choose_queries(pool, Portion(num_per_image), "per_image", radius, unit)
    assert in_order(chosen) == [[i, *pick] for i, picks in enumerate(each) for pick in picks]


@pytest.mark.parametrize("order", ["rising", "falling", "shuffled"])
@pytest.mark.parametrize("num_threads", [1, 2, 4])
def test_images_of_different_worth_are_looked_at_deep_enough(order, num_threads):
    """Some images hold far more than their even share, wherever they lie in the pool."""
    rng = np.random.default_rng(0)
    worth = np.arange(20.0)
    if order == "falling":
        worth = worth[::-1]
    if order == "shuffled":
        rng.shuffle(worth)
    score = (rng.random((20, 8, 9)) + worth[:, None, None] / 4).astype(np.float32)
    blocked = np.zeros(score.shape, np.bool_)
    pool = pool_of(score, blocked, num_threads)
    chosen = choose_queries(pool, Portion(60), "dynamic", 1, "pixel")
    assert in_order(chosen) == literal_greedy(score, blocked, 60, 1, "pixel")


def test_few_images_are_read_twice_where_all_are_alike():
    score = np.random.default_rng(0).random((64, 32, 32))
    reads = []

    def read(index):
        reads.append(index)
        return score[index], np.zeros((32, 32), np.bool_)

    pool = Pool(list(map(str, range(64))), 32, read)
    choose_queries(pool, Portion(64 * 12), "dynamic", 1, "pixel")
    assert len(reads) <= 64 + 8


@pytest.mark.parametrize("num_threads", [1, 3])
def test_equal_scores_that_cannot_win_are_not_kept(num_threads):
    """As where a class balance gives most of the pool a weight of 0."""
    score = np.zeros((64, 16, 16), np.float32)
    score[:, :2] = np.random.default_rng(0).random((64, 2, 16))
    blocked = np.zeros(score.shape, np.bool_)
    pool = pool_of(score, blocked, num_threads)
    chosen = choose_queries(pool, Portion(64 * 40), "dynamic", 0, "pixel")
    assert in_order(chosen) == literal_greedy(score, blocked, 64 * 40, 0, "pixel")
    assert sum(map(len, chosen.picks)) < 3 * 64 * 40


def test_one_image_may_take_all_queries():
    """Equal scores everywhere but in the second image, whose are higher."""
    score = np.zeros((3, 4, 4))
    score[1] = 1
    blocked = np.zeros(score.shape, np.bool_)
    chosen = choose_queries(pool_of(score, blocked), Portion(12), "dynamic", 0, "pixel")
    assert chosen.num_chosen.tolist() == [0, 12, 0]


def test_blocks_of_one_score_go_image_by_image():
    score = np.zeros((3, 2, 2))
    chosen = choose_queries(
        pool_of(score, np.zeros(score.shape, np.bool_)), Portion(9), "dynamic", 0, "pixel"
    )
    blocks = [len(block) for block in chosen.in_order(2)]
    assert sum(blocks) == 9
    assert max(blocks) <= 4


def test_exhausted_pool_says_how_much_was_acquired():
    maps = np.zeros((2, 3, 3)), np.zeros((2, 3, 3), np.bool_)
    with pytest.raises(UserError, match=r"image 'image0' is exhausted: 1 of 2 queries"):
        choose_queries(pool_of(*maps), Portion(2), "per_image", 1, "region")
    with pytest.raises(UserError, match=r"the pool is exhausted: 2 of 4 queries"):
        choose_queries(pool_of(*maps), Portion(4), "dynamic", 1, "region")
    with pytest.raises(UserError, match=r"image 'image0' is exhausted: 4 of 10 queries"):
        choose_queries(pool_of(*maps), Portion(2, 3, 5), "per_image", 1, "region")
    with pytest.raises(UserError, match=r"the pool is exhausted: 5 of 12 queries"):
        choose_queries(pool_of(*maps), Portion(4, 3, 5), "dynamic", 1, "region")


@pytest.mark.parametrize("choice", ["per_image", "dynamic"])
def test_bad_score_raises(choice):
    score = np.zeros((2, 4, 4))
    score[1, 2, 3] = np.nan
    pool = pool_of(score, np.zeros(score.shape, np.bool_), 2)
    with pytest.raises(ValueError, match="1 scores are NaN or infinite"):
        choose_queries(pool, Portion(2), choice, 1, "region")


def test_unknown_allocation_lists_the_allowed_ones():
    maps = np.zeros((1, 4, 4)), np.zeros((1, 4, 4), np.bool_)
    with pytest.raises(UserError, match="allowed: per_image, dynamic"):
        choose_queries(pool_of(*maps), Portion(1), "static", 1, "region")


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
