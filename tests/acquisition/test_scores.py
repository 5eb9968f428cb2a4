import math

import numpy as np
import pytest
import torch

from cbda.acquisition.methods import SCORE_NAMES, UNITS
from cbda.acquisition.scores import (
    SCORES,
    bvsb_pixel,
    bvsb_region,
    compute_score,
    entropy_pixel,
    entropy_region,
    margin_pixel,
    margin_region,
    ripu_exact_pixel,
    ripu_exact_region,
    ripu_pixel,
    ripu_region,
)
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


def test_ripu_region_by_hand():
    assert_scores(ripu_region(ROW, 1), 0.0, 0.918296 * 0.811278, 0.811278)


def test_ripu_exact_region_by_hand():
    expected = [0.001 * 0.811278, 0.919296 * 0.811278, 1.001 * 0.811278]
    np.testing.assert_allclose(ripu_exact_region(ROW, 1)[0].numpy(), [expected], atol=3e-6)


def test_ripu_pixel_by_hand():
    """The same in nats: h = 0.562335, P' = 0, 0.636514, 0.693147."""
    assert_scores(ripu_pixel(ROW, 1), 0.0, 0.636514 * 0.562335, 0.693147 * 0.562335)


def test_ripu_exact_pixel_by_hand():
    expected = [0.001 * 0.562335, 0.637514 * 0.562335, 0.694147 * 0.562335]
    np.testing.assert_allclose(ripu_exact_pixel(ROW, 1)[0].numpy(), [expected], atol=3e-6)


def test_entropy_by_hand():
    logits = logits_of(TORN, SURE, CERTAIN)
    assert_scores(entropy_pixel(logits, 1), 1.0, 0.811278, 0.0)
    assert_scores(entropy_region(logits, 1), 1.811278 / 2, 1.811278 / 3, 0.811278 / 2)


def test_margin_by_hand():
    logits = logits_of(TORN, SURE, CERTAIN)
    assert_scores(margin_pixel(logits, 1), 1.0, 0.5, 0.0)
    assert_scores(margin_region(logits, 1), 0.75, 0.5, 0.25)


def test_bvsb_by_hand():
    """Ratios of the second best to the best: 1, 1/3 and 0."""
    logits = logits_of(TORN, SURE, CERTAIN)
    assert_scores(bvsb_pixel(logits, 1), 1.0, 1 / 3, 0.0)
    assert_scores(bvsb_region(logits, 1), 2 / 3, 4 / 9, 1 / 6)


def test_margin_is_of_the_two_most_probable():
    assert_scores(margin_pixel(logits_of((0.2, 0.5, 0.3)), 0), 0.8)


@pytest.mark.parametrize("score", [ripu_region, ripu_exact_region, ripu_pixel, entropy_region])
def test_prediction_is_the_most_probable_class(score):
    assert score(ROW, 1)[1].tolist() == [[0, 0, 1]]


def test_window_larger_than_the_image_is_the_image():
    logits = torch.randn(4, 5, 7, generator=generator())
    entropy = entropy_pixel(logits, 0)[0]
    mean = entropy_region(logits, 9)[0]
    torch.testing.assert_close(mean, entropy.mean().expand(5, 7))


def pure_blocks():
    """(2,9,36) logits: three blocks of class 0, less certain to the right, then one of class 1.

    Columns 10 to 16 see the second block only, with a radius of 1, and so on.
    """
    first = torch.tensor([0.99, 0.9, 0.8, 0.2]).repeat_interleave(9)  # probability of class 0
    return torch.log(torch.stack([first, 1 - first]))[:, None].expand(2, 9, 36)


def test_ripu_exact_takes_pure_windows_last_and_the_most_uncertain_first():
    score = ripu_exact_region(pure_blocks(), 1)[0][4]  # one row: (36,)
    impure, pure = score[26:28], torch.cat([score[:26], score[28:]])
    assert impure.min() > 100 * pure.max()
    assert score[4] < score[13] < score[22]


def test_published_ripu_turns_the_order_of_pure_windows_round():
    """Its epsilon makes pure windows negative: why `ripu_exact` exists."""
    score = ripu_region(pure_blocks(), 1)[0][4]
    assert score[22] < score[13] < score[4] < 0
    assert score[22] > -1e-5


@pytest.mark.parametrize("score", [ripu_exact_region, ripu_exact_pixel])
@pytest.mark.parametrize("scale", [0.1, 1.0, 1e4])
def test_ripu_exact_is_never_negative(score, scale):
    logits = scale * torch.randn(5, 20, 30, generator=generator())
    assert score(logits, 1)[0].min() >= 0
    certain = torch.zeros(5, 6, 6)
    certain[2] = scale * 100
    assert score(certain, 2)[0].min() >= 0


def test_random_depends_on_the_generator_alone():
    one, other = torch.zeros(3, 8, 9), torch.randn(3, 8, 9, generator=generator(5))
    score, _ = compute_score("random", "region", one, 1, generator(1))
    again, prediction = compute_score("random", "pixel", other, 4, generator(1))
    different, _ = compute_score("random", "region", one, 1, generator(2))
    assert torch.equal(score, again)
    assert not torch.equal(score, different)
    assert torch.equal(prediction.long(), other.argmax(dim=0))


def test_every_score_but_random_has_both_units():
    assert set(SCORES) == {(n, u) for n in SCORE_NAMES if n != "random" for u in UNITS}


@pytest.mark.parametrize("unit", UNITS)
@pytest.mark.parametrize("name", SCORE_NAMES)
def test_maps_have_the_size_and_type_of_the_file(name, unit):
    logits = torch.randn(3, 7, 11, generator=generator())
    score, prediction = compute_score(name, unit, logits, 2, generator())
    assert score.shape == prediction.shape == (7, 11)
    assert (score.dtype, prediction.dtype) == (torch.float32, torch.uint8)
    assert torch.isfinite(score).all()


@pytest.mark.parametrize("bad", [float("nan"), float("inf"), float("-inf")])
@pytest.mark.parametrize("name", SCORE_NAMES)
def test_diverged_model_is_an_error(name, bad):
    logits = torch.zeros(3, 4, 4)
    logits[1, 2, 3] = bad
    with pytest.raises(UserError, match="NaN or infinite"):
        compute_score(name, "region", logits, 1, generator())


@pytest.mark.parametrize(
    ("name", "unit", "message"),
    [
        ("ripuu", "region", "score 'ripuu' is unknown; allowed: ripu, ripu_exact, entropy"),
        ("ripu", "patch", "unit 'patch' is unknown; allowed: region, pixel"),
    ],
)
def test_unknown_name_lists_the_allowed_ones(name, unit, message):
    with pytest.raises(UserError, match=message):
        compute_score(name, unit, torch.zeros(3, 4, 4), 1, generator())
