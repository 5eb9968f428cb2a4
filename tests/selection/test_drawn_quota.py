"""Queries of a quota that are drawn, step by step against their definition."""

import numpy as np
import pytest
from scipy import stats

from cbda.acquisition.choice import Choice
from cbda.acquisition.methods import ResolvedMethod
from cbda.acquisition.noise import Gumbel
from cbda.selection import quota
from cbda.selection.quota import choose_quota
from cbda.selection.round import Round
from cbda.selection.sampling import drawn_by_class
from tests.reference import block

SHAPE, NUM_CLASSES, COST = (3, 8, 9), 3, 9
NUM_DRAWS = 10_000


def choose(pool, beta, num_queries, share_px, used_px, seed=0, num_threads=1, radius=1):
    score, prediction, blocked = pool

    def read(image):
        return score[image].copy(), prediction[image], blocked[image].copy()

    choice = Choice(sampling="power", beta=beta)
    method = ResolvedMethod(allocation="dynamic", balance="quota", radius=radius, choice=choice)
    round_ = Round(method, 0.5, 1, number=1, seed=seed, num_classes=NUM_CLASSES)
    numbers = 2 * radius, (2 * radius + 1) ** 2, share_px, used_px, num_threads
    reader = read if beta == np.inf else drawn_by_class(read, round_)
    return choose_quota(reader, score.shape, num_queries, *numbers, beta < np.inf).tolist()


def definition(pool, beta, num_queries, share_px, used_px):
    """Step by step the highest of log A + log w + G / beta, ties aside."""
    score, prediction, blocked = pool
    noise = np.stack([Gumbel(0, 1, image).rows(0, SHAPE[1:]) for image in range(len(score))])
    taken, used = blocked.copy(), used_px.copy()
    picks: list[list[int]] = []
    while len(picks) < num_queries and not taken.all():
        ranked = []
        for place in zip(*np.nonzero(~taken), strict=True):
            value, label = float(score[place]), prediction[place]
            weight = 1 - used[label] / share_px[label] if used[label] < share_px[label] else 0
            number = np.log(value) if value > 0 else np.log(np.finfo(np.float32).tiny) + value
            number += noise[place] / beta
            if value > 0 and weight > 0:
                number += np.log(weight)
            ranked.append((weight > 0, number, *place))
        picks.append([int(number) for number in max(ranked)[2:]])
        used[prediction[tuple(picks[-1])]] += COST
        block(taken, picks[-1:], 1, "region")
    return picks


def make_pool(seed):
    """Scores of which some are 0 and less, classes, and what is blocked."""
    rng = np.random.default_rng(seed)
    score = rng.normal(0.5, 0.5, SHAPE).astype(np.float32)
    score[rng.random(SHAPE) < 0.05] = 0
    prediction = rng.choice(NUM_CLASSES, SHAPE, p=[0.7, 0.2, 0.1]).astype(np.uint8)
    return score, prediction, rng.random(SHAPE) < 0.1


@pytest.mark.parametrize("beta", [0.05, 1.0, 4.0])
@pytest.mark.parametrize("seed", range(4))
def test_drawn_quota_equals_the_definition(seed, beta):
    pool, share_px = make_pool(seed), np.array([40.0, 30.0, 9.0])
    used_px = np.array([0.0, 10.0, 9.0])
    expected = definition(pool, beta, 14, share_px, used_px)
    for threads in (1, 3):
        assert choose(pool, beta, 14, share_px, used_px, num_threads=threads) == expected


@pytest.mark.parametrize("seed", range(4))
def test_large_beta_is_the_plain_quota_pick_for_pick(seed):
    pool, share_px = make_pool(seed), np.array([40.0, 30.0, 20.0])
    given = 14, share_px, np.zeros(3)
    assert choose(pool, 1e25, *given) == choose(pool, np.inf, *given)


@pytest.fixture
def _one_thread(monkeypatch):
    """Without a pool of threads for each of many draws."""
    monkeypatch.setattr(quota, "ordered_map", lambda function, items, _: map(function, items))


def draw_pixels(score, beta, used_px):
    """The pixel that each of many seeds draws first, of six of three classes."""
    prediction = np.array([[[0, 1, 2, 0, 1, 2]]], np.uint8)
    pool = score, prediction, np.zeros(score.shape, bool)
    given = 1, np.array([10.0, 10.0, 10.0]), np.array(used_px)
    return [choose(pool, beta, *given, seed=seed, radius=0)[0][2] for seed in range(NUM_DRAWS)]


@pytest.mark.usefixtures("_one_thread")
def test_pixel_is_drawn_by_its_score_times_the_weight_of_its_class():
    score = np.array([[[0.5, 0.25, 1.0, 2.0, 0.125, 1.5]]], np.float32)
    picks = draw_pixels(score, 2.0, [8.0, 0.0, 5.0])
    weights = (score.ravel() * np.array([0.2, 1.0, 0.5, 0.2, 1.0, 0.5])) ** 2
    expected = len(picks) * weights / weights.sum()
    found = np.bincount(picks, minlength=6)
    assert stats.chisquare(found, expected, sum_check=False).pvalue > 0.001


@pytest.mark.usefixtures("_one_thread")
def test_beta_of_zero_is_random_whatever_the_weights():
    score = np.array([[[0.5, 0.25, 1.0, 2.0, -1.0, 1.5]]], np.float32)
    picks = draw_pixels(score, 0.0, [9.0, 0.0, 5.0])
    assert stats.chisquare(np.bincount(picks, minlength=6)).pvalue > 0.001
