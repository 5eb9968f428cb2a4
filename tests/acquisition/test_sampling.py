"""Probabilities of the first pick against the formula, by a chi-square test over seeds."""

import numpy as np
import pytest
from scipy import stats

from cbda.acquisition.choice import SAMPLINGS, Choice
from cbda.acquisition.noise import Gumbel
from cbda.acquisition.ranks import Ranks, count
from cbda.acquisition.sampling import compete, find_utility, goes_by_rank

SCORE = np.array([[0.5, 0.25, 1.0], [2.0, 0.125, 1.5]], np.float32)
RANK = np.array([4, 5, 3, 1, 6, 2])
DRAWN = [name for name in SAMPLINGS if name != "best"]
NUM_DRAWS = 10_000
many_draws = pytest.mark.no_cover  # which take twice as long when they are traced


def draws(choice, score=SCORE, num_seeds=1):
    """The numbers by which the pixels of an image compete, seed by seed."""
    utility = find_utility(choice)
    assert utility is not None
    ranks = Ranks(count(score, np.ones(score.shape, bool))) if goes_by_rank(utility) else None
    return (compete(utility, choice, score, ranks, Gumbel(seed, 1, 0)) for seed in range(num_seeds))


def drawn(choice, score=SCORE):
    return next(draws(choice, score))


def first_picks(choice, score=SCORE):
    """How often each pixel is the first of an image, over seeds."""
    picks = [values.argmax() for values in draws(choice, score, NUM_DRAWS)]
    return np.bincount(picks, minlength=score.size)


@many_draws
@pytest.mark.parametrize(
    ("sampling", "beta", "weights"),
    [
        ("power", 1.0, SCORE.ravel()),
        ("power", 2.0, SCORE.ravel() ** 2),
        ("softmax", 2.0, np.exp(2 * SCORE.ravel())),
        ("softrank", 1.0, 1 / RANK),
        ("softrank", 2.0, 1 / RANK**2),
    ],
)
def test_first_pick_has_the_probability_of_the_formula(sampling, beta, weights):
    found = first_picks(Choice(sampling=sampling, beta=beta))
    expected = NUM_DRAWS * weights / weights.sum()
    assert stats.chisquare(found, expected, sum_check=False).pvalue > 0.001


@many_draws
@pytest.mark.parametrize("sampling", DRAWN)
def test_beta_of_zero_is_random(sampling):
    score = np.linspace(-1, 5, 20, dtype=np.float32).reshape(4, 5)
    found = first_picks(Choice(sampling=sampling, beta=0.0), score)
    assert stats.chisquare(found).pvalue > 0.001


@many_draws
def test_top_draws_evenly_among_the_highest_and_the_rest_follow_by_score():
    choice = Choice(sampling="top", top_fraction=0.5)
    found = first_picks(choice)
    assert stats.chisquare(found[RANK <= 3]).pvalue > 0.001
    assert found[RANK > 3].sum() == 0
    order = np.argsort(-drawn(choice).ravel())
    assert RANK[order][3:].tolist() == [4, 5, 6]


@many_draws
def test_top_draws_from_one_pixel_at_least():
    assert first_picks(Choice(sampling="top", top_fraction=0.01)).argmax() == 3


@pytest.mark.parametrize("sampling", ["power", "softmax", "softrank"])
def test_large_beta_keeps_the_order_of_the_scores(sampling):
    rng = np.random.default_rng(0)
    score = rng.normal(size=(50, 60)).astype(np.float32)
    score[:10] *= np.float32(1e-6)
    values = drawn(Choice(sampling=sampling, beta=1e25), score)
    np.testing.assert_array_equal(np.argsort(values.ravel()), np.argsort(score.ravel()))


def test_scores_below_zero_have_less_power_than_any_above():
    score = np.array([[1e-30, 0.0, -1e-6, -1.0]], np.float32)
    values = drawn(Choice(sampling="power", beta=1e9), score)
    assert values[0].tolist() == sorted(values[0], reverse=True)
    assert len(set(values[0])) == 4


def test_infinite_beta_and_best_are_the_plain_choice():
    assert find_utility(Choice(sampling="power", beta=float("inf"))) is None
    assert find_utility(Choice()) is None


@pytest.mark.parametrize("sampling", DRAWN)
@pytest.mark.parametrize("beta", [1e-44, 1e-6, 1e30])
def test_no_beta_makes_numbers_infinite(sampling, beta):
    assert np.isfinite(drawn(Choice(sampling=sampling, beta=beta))).all()
