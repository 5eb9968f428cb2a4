import math

import numpy as np
import pytest
import torch

from cbda.acquisition import ripu_pixel, ripu_region
from cbda.acquisition.scores import bvsb, entropy, margin, ripu_exact, soft_entropy
from cbda.errors import UserError
from tests.conformance import CASES, load_case, our_score

CERTAIN = (1.0, 0.0)
SURE, UNSURE, TORN = (0.75, 0.25), (0.25, 0.75), (0.5, 0.5)


def logits_of(*probabilities):
    """(C,1,W) logits of one row of pixels with these class probabilities."""
    probability = torch.tensor(probabilities).T[:, None]  # (C, 1, W)
    return torch.log(probability).clamp(min=-100)


def assert_scores(scored, *expected):
    """The one row of a score map, to 1e-5: the published epsilon of 1e-6 moves it by less."""
    np.testing.assert_allclose(scored[0].numpy(), [expected], atol=1e-5, rtol=0)


def generator(seed=0):
    return torch.Generator().manual_seed(seed)


@pytest.mark.parametrize("name", CASES)
def test_region_score_is_the_published_one(name):
    """The published code divides both factors by log 19 whatever the number of classes is."""
    case = load_case(name)
    factor = (math.log(case.num_classes) / math.log(19)) ** 2
    for number in case.rounds:
        published = case.read("score", "region", number)
        ours = our_score(name, "region", number)
        np.testing.assert_allclose(ours * factor, published, atol=1e-6, rtol=0)


@pytest.mark.parametrize("name", CASES)
def test_pixel_score_is_the_published_one(name):
    case = load_case(name)
    for number in case.rounds:
        published = case.read("score", "pixel", number)
        ours = our_score(name, "pixel", number)
        np.testing.assert_allclose(ours, published, atol=1e-6, rtol=0)


# One row of three pixels of which two are predicted as class 0 and one as class 1. Entropies in
# bits: h(3/4) = 0.811278, so U = 0.811278 everywhere; P of the windows, which are clipped to two
# pixels at the ends: 0 (pure), h(1/3) = 0.918296, 1.
ROW = logits_of(SURE, SURE, UNSURE)


def test_ripu_region_is_that_computed_by_hand():
    assert_scores(ripu_region(ROW, 1), 0.0, 0.918296 * 0.811278, 0.811278)


def test_ripu_exact_region_is_that_computed_by_hand():
    expected = [0.001 * 0.811278, 0.919296 * 0.811278, 1.001 * 0.811278]
    np.testing.assert_allclose(ripu_exact.region(ROW, 1)[0].numpy(), [expected], atol=3e-6)


def test_ripu_pixel_is_that_computed_by_hand():
    """The same in nats: h = 0.562335, P' = 0, 0.636514, 0.693147."""
    assert_scores(ripu_pixel(ROW, 1), 0.0, 0.636514 * 0.562335, 0.693147 * 0.562335)


def test_ripu_exact_pixel_is_that_computed_by_hand():
    expected = [0.001 * 0.562335, 0.637514 * 0.562335, 0.694147 * 0.562335]
    np.testing.assert_allclose(ripu_exact.pixel(ROW, 1)[0].numpy(), [expected], atol=3e-6)


def test_entropy_is_that_computed_by_hand():
    logits = logits_of(TORN, SURE, CERTAIN)
    assert_scores(entropy.pixel(logits, 1), 1.0, 0.811278, 0.0)
    assert_scores(entropy.region(logits, 1), 1.811278 / 2, 1.811278 / 3, 0.811278 / 2)


def test_margin_is_that_computed_by_hand():
    logits = logits_of(TORN, SURE, CERTAIN)
    assert_scores(margin.pixel(logits, 1), 1.0, 0.5, 0.0)
    assert_scores(margin.region(logits, 1), 0.75, 0.5, 0.25)


def test_bvsb_is_that_computed_by_hand():
    """Ratios of the second best to the best: 1, 1/3 and 0."""
    logits = logits_of(TORN, SURE, CERTAIN)
    assert_scores(bvsb.pixel(logits, 1), 1.0, 1 / 3, 0.0)
    assert_scores(bvsb.region(logits, 1), 2 / 3, 4 / 9, 1 / 6)


def test_margin_is_of_the_two_most_probable():
    assert_scores(margin.pixel(logits_of((0.2, 0.5, 0.3)), 0), 0.8)


@pytest.mark.parametrize("score", [ripu_region, ripu_exact.region, ripu_pixel, entropy.region])
def test_prediction_is_the_most_probable_class(score):
    assert score(ROW, 1)[1].tolist() == [[0, 0, 1]]


def test_window_larger_than_the_image_is_the_image():
    logits = torch.randn(4, 5, 7, generator=generator())
    mean = entropy.region(logits, 9)[0]
    torch.testing.assert_close(mean, entropy.pixel(logits, 0)[0].mean().expand(5, 7))


def pure_blocks():
    """(2,9,36) logits: three blocks of class 0, less certain to the right, then one of class 1.

    Columns 10 to 16 see the second block only, with a radius of 1, and so on.
    """
    first = torch.tensor([0.99, 0.9, 0.8, 0.2]).repeat_interleave(9)  # probability of class 0
    return torch.log(torch.stack([first, 1 - first]))[:, None].expand(2, 9, 36)


def test_ripu_exact_takes_pure_windows_last_and_the_most_uncertain_first():
    score = ripu_exact.region(pure_blocks(), 1)[0][4]  # one row: (36,)
    impure, pure = score[26:28], torch.cat([score[:26], score[28:]])
    assert impure.min() > 100 * pure.max()
    assert score[4] < score[13] < score[22]


def test_published_ripu_turns_the_order_of_pure_windows_round():
    """Its epsilon makes pure windows negative: why `ripu_exact` exists."""
    score = ripu_region(pure_blocks(), 1)[0][4]
    assert score[22] < score[13] < score[4] < 0
    assert score[22] > -1e-5


@pytest.mark.parametrize("score", [ripu_exact.region, ripu_exact.pixel])
@pytest.mark.parametrize("scale", [0.1, 1.0, 1e4])
def test_ripu_exact_is_never_negative(score, scale):
    logits = scale * torch.randn(5, 20, 30, generator=generator())
    assert score(logits, 1)[0].min() >= 0
    certain = torch.zeros(5, 6, 6)
    certain[2] = scale * 100
    assert score(certain, 2)[0].min() >= 0


def test_soft_entropy_draws_classes_by_their_probabilities():
    probability = torch.tensor([0.7, 0.25, 0.05])
    logits = torch.log(probability)[:, None, None].expand(3, 100, 100)
    score, drawn = soft_entropy.region(logits, 1, generator())
    torch.testing.assert_close(score, entropy.region(logits, 1)[0])
    counts = torch.bincount(drawn.flatten().long(), minlength=3)
    torch.testing.assert_close(counts / 10_000, probability, atol=0.015, rtol=0)


@pytest.mark.parametrize("function", [ripu_region, ripu_pixel])
@pytest.mark.parametrize(
    ("logits", "radius", "message"),
    [
        (ROW.numpy(), 1, "logits: ndarray; allowed is a tensor"),
        (ROW[0], 1, r"allowed is \(C,H,W\)"),
        (ROW.long(), 1, "int64; allowed are floating"),
        (ROW, 1.0, "radius 1.0: allowed are whole numbers"),
        (ROW, -1, "radius -1: allowed"),
    ],
)
def test_wrong_argument_of_a_published_score_is_one_line(function, logits, radius, message):
    with pytest.raises(UserError, match=message):
        function(logits, radius)


def test_published_scores_take_tensors_with_gradients():
    assert not ripu_region(ROW.clone().requires_grad_(), 1)[0].requires_grad
