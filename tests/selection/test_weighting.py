import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import array_shapes, arrays

from cbda.selection.weighting import weigh, weigh_literally
from tests.reference import ANY_VALUE, EXTREME_VALUE, FEW_VALUES, SETTINGS, reference_weigh

NUM_CLASSES = 3
VALUES = st.sampled_from([FEW_VALUES, ANY_VALUE, EXTREME_VALUE])
WEIGHTS = arrays(np.float64, NUM_CLASSES, elements=st.sampled_from([0.0, 0.0, 0.25, 0.7, 1.0]))


@st.composite
def weighed_maps(draw):
    """Scores (H,W) float32, predictions and weights."""
    shape = draw(array_shapes(min_dims=2, max_dims=2, max_side=8))
    score = draw(arrays(np.float32, shape, elements=draw(VALUES)))
    prediction = draw(arrays(np.uint8, shape, elements=st.integers(0, NUM_CLASSES - 1)))
    return score, prediction, draw(WEIGHTS)


def row_of(*values):
    return np.array([values], np.float32)


def ranks(values):
    """The place of every value among those that differ."""
    return np.unique(values, return_inverse=True)[1].reshape(values.shape)


@SETTINGS
@given(weighed_maps())
def test_order_equals_the_definition(maps):
    score, prediction, weights = maps
    weighted = weigh(score, prediction, weights)
    assert weighted.dtype == np.float64
    np.testing.assert_array_equal(
        ranks(weighted), ranks(reference_weigh(score, prediction, weights))
    )


@SETTINGS
@given(weighed_maps())
def test_no_weight_raises_a_score(maps):
    score, prediction, weights = maps
    assert (weigh(score, prediction, weights) <= score).all()


def test_class_without_weight_comes_last_in_the_order_of_its_scores():
    """Whatever their sign or size, below the lowest score that there is of another class."""
    extreme = np.finfo(np.float32)
    spent = [-extreme.max, -1, -extreme.tiny, 0, extreme.smallest_subnormal, 1, extreme.max]
    score = row_of(-extreme.max, *spent)
    prediction = np.array([[1] + [0] * len(spent)], np.uint8)
    weighted = weigh(score, prediction, np.array([0.0, 1.0]))[0]
    assert (np.diff(weighted[1:]) > 0).all()
    assert weighted[-1] < weighted[0] == -extreme.max


def test_zero_has_no_sign():
    weighted = weigh(row_of(0.0, -0.0), np.zeros((1, 2), np.uint8), np.zeros(1))
    assert weighted[0, 0] == weighted[0, 1]


def test_score_below_0_is_not_raised_by_a_small_weight():
    weighted = weigh(row_of(-0.5, -0.4, 0.5), np.array([[0, 1, 0]], np.uint8), np.array([0.1, 1]))
    np.testing.assert_allclose(weighted, [[-0.5, -0.4, 0.05]])


@pytest.mark.parametrize(("score", "expected"), [(-0.5, -0.05), (0.5, 0.05), (0.0, 0.0)])
def test_literal_product_raises_a_score_below_0(score, expected):
    weighted = weigh_literally(row_of(score), np.zeros((1, 1), np.uint8), np.array([0.1]))
    np.testing.assert_allclose(weighted, [[expected]])
