"""Scores of NumPy logits are those of tensors, but for rounding."""

import numpy as np
import pytest
import torch

from cbda.acquisition.arrays import SCORES
from cbda.acquisition.methods import WINDOWS
from cbda.acquisition.scoring import score_image

DRAWN = ("random", "soft_entropy")
LOGITS = (np.random.default_rng(0).normal(size=(5, 40, 60)) * 3).astype(np.float32)


@pytest.mark.parametrize("radius", [0, 1, 30])
@pytest.mark.parametrize("unit", WINDOWS)
@pytest.mark.parametrize("name", [name for name in SCORES if name not in DRAWN])
def test_score_of_an_array_is_that_of_the_tensor(name, unit, radius):
    score, prediction = SCORES[name][unit](LOGITS, radius, np.random.default_rng(0))
    expected, classes = score_image(name, unit, radius, 0, 1, 0, torch.from_numpy(LOGITS))
    assert score.dtype == np.float32
    np.testing.assert_allclose(score, expected, rtol=1e-5, atol=2e-6)
    np.testing.assert_array_equal(prediction, classes)


def test_drawn_classes_have_the_shares_of_their_probabilities():
    logits = np.log(np.broadcast_to(np.array([[[0.2]], [[0.5]], [[0.3]]]), (3, 100, 100)))
    _, drawn = SCORES["soft_entropy"]["pixel"](logits, 0, np.random.default_rng(0))
    np.testing.assert_allclose(np.bincount(drawn.ravel()) / 1e4, [0.2, 0.5, 0.3], atol=0.02)


def test_random_scores_fill_the_unit_interval():
    score, _ = SCORES["random"]["pixel"](LOGITS, 0, np.random.default_rng(0))
    assert 0 <= score.min() < 0.01 < 0.99 < score.max() < 1
