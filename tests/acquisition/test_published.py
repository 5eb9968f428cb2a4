"""Scores of regions are those of RIPU's published code, in float64."""

import math
from collections.abc import Iterator

import pytest
import torch

from cbda.acquisition import ripu_region
from cbda.acquisition.maps import entropy_and_prediction, window_impurity, window_mean
from tests.golden import assert_golden, normal


@pytest.fixture(autouse=True)
def double() -> Iterator[None]:
    torch.set_default_dtype(torch.float64)
    yield
    torch.set_default_dtype(torch.float32)


@pytest.mark.parametrize("num_classes", [19, 16])
def test_scores_are_the_published_ones(num_classes: int) -> None:
    """The published code divides by log 19 whatever the number of classes is."""
    logits = normal(f"score/{num_classes}/logits", (num_classes, 12, 18), 1.5)
    logits = logits.repeat_interleave(2, 1).repeat_interleave(2, 2)
    entropy, prediction = entropy_and_prediction(logits)
    golden, scale = f"score.{num_classes}.", math.log(19)
    assert_golden(golden + "uncertainty", window_mean(entropy / scale, 1))
    assert_golden(golden + "impurity", window_impurity(prediction, 1, 1e-6) / scale)
    score, _ = ripu_region(logits, 1)
    assert_golden(golden + "score", score * (math.log(num_classes) / scale) ** 2)
