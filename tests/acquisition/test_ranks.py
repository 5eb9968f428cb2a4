import numpy as np

from cbda.acquisition.ranks import Ranks, count


def ranks_of(score, free=None):
    score = np.array([score])
    return Ranks(count(score, np.ones(score.shape, bool) if free is None else np.array([free])))


def test_ranks_of_scores_of_either_sign_begin_with_the_highest():
    score = np.array([0.5, -2.0, 3.0, 0.0, -1e-7, 1e9], np.float32)
    assert ranks_of(score).of(score[None]).tolist() == [[3, 6, 2, 4, 5, 1]]


def test_equal_scores_have_equal_ranks_and_zero_has_no_sign():
    score = np.array([0.0, -0.0, 0.0, 1.0], np.float32)
    ranks = ranks_of(score).of(score[None])[0]
    assert len(set(ranks[:3])) == 1
    assert ranks[3] == 1
    assert 2 <= ranks[0] <= 4


def test_excluded_pixels_have_no_rank():
    score = np.array([3.0, 2.0, 1.0], np.float32)
    ranks = ranks_of(score, [False, True, True])
    assert ranks.num_ranked == 2
    assert ranks.of(score[None])[0, 1:].tolist() == [1, 2]


def test_ranks_among_near_scores_keep_their_order():
    score = np.nextafter(np.float32(1), np.float32(2), dtype=np.float32) * np.ones(1, np.float32)
    score = np.sort(1 + np.arange(1000, dtype=np.float32) * np.float32(2**-23))[::-1].copy()
    ranks = ranks_of(score).of(score[None])[0]
    assert (np.diff(ranks) > 0).all()
    np.testing.assert_allclose(ranks, np.arange(1, 1001), atol=1000)


def test_scores_beyond_float32_come_last():
    score = np.array([-1e300, 1.0, -5.0])
    assert ranks_of(score).of(score[None]).tolist() == [[3, 1, 2]]
