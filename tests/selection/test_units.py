import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cbda.selection.greedy import select
from cbda.selection.units import (
    centres_by_image,
    label_radius,
    paint,
    queries_per_image,
    suppression_radius,
    widen,
)
from tests.conformance import CASES, load_case, our_score
from tests.literal import SETTINGS, pools, units


@SETTINGS
@given(pools(max_images=1), st.integers(0, 12), st.integers(0, 9), units)
def test_widened_windows_are_what_queries_suppress(pool, num_queries, radius, unit):
    score, blocked = pool[0][0], pool[1][0]
    picks = select(score, blocked, num_queries, radius, unit)
    acquired, expected = np.zeros(score.shape, np.bool_), np.zeros(score.shape, np.bool_)
    paint(acquired, picks, label_radius(radius, unit))
    paint(expected, picks, suppression_radius(radius, unit))
    np.testing.assert_array_equal(widen(acquired, radius), expected)


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        ((1024, 2048, 0.05, 5, 1, "region"), 2331),  # 2330.17
        ((64, 112, 0.05, 3, 2, "region"), 5),  # 4.78
        ((6, 12, 0.25, 2, 1, "region"), 1),  # exactly 1
        ((10, 10, 0.5, 2, 3, "pixel"), 25),  # exactly 25, whatever the radius is
    ],
)
def test_queries_per_image_are_rounded_up(arguments, expected):
    assert queries_per_image(*arguments) == expected


def test_paint_clips_at_the_border():
    mask = np.zeros((3, 5), np.bool_)
    paint(mask, np.array([[0, 0], [2, 4]]), 1)
    assert mask.astype(int).tolist() == [[1, 1, 0, 0, 0], [1, 1, 0, 1, 1], [0, 0, 0, 1, 1]]


@pytest.mark.parametrize("name", CASES)
def test_number_of_queries_equals_the_published_one(name):
    case = load_case(name)
    budget, rounds = float(case.arrays["ratio"]), len(case.rounds)
    height, width = our_score(name, "region", 0).shape
    expected = int(case.arrays["regions_per_round"])
    assert queries_per_image(height, width, budget, rounds, case.radius, "region") == expected


def test_centres_by_image_keep_the_order_of_picks():
    queries = np.array([[2, 5, 6], [0, 9, 9], [2, 1, 1], [0, 3, 4]], np.int32)
    found = [centres.tolist() for centres in centres_by_image(queries, 4)]
    assert found == [[[9, 9], [3, 4]], [], [[5, 6], [1, 1]], []]
    assert [len(centres) for centres in centres_by_image(queries[:0], 2)] == [0, 0]
