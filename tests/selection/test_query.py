"""Windows of queries."""

from typing import Any

import numpy as np
import pytest

from cbda import Query, UserError, label_mask


def test_window_is_clipped_at_the_border():
    assert np.zeros((5, 7))[Query("a", 0, 6, 1).window].shape == (2, 2)
    assert np.zeros((5, 7))[Query("a", 2, 3, 0).window].shape == (1, 1)


def test_mask_holds_the_windows_of_its_image_alone():
    queries = [Query("a", 1, 1, 1), Query("b", 3, 3, 0)]
    assert label_mask(queries, "a", (5, 7)).sum() == 9
    assert np.argwhere(label_mask(queries, "b", (5, 7))).tolist() == [[3, 3]]


def test_small_numbers_of_numpy_do_not_wrap_around():
    numbers: Any = np.uint8(1), np.uint8(255), np.uint8(3)
    query = Query("a", *numbers)
    assert query.window == (slice(0, 5), slice(252, 259))
    assert query == Query("a", 1, 255, 3)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"image": 7}, "image of a query"),
        ({"row": -1}, "row of a query -1: allowed are whole numbers from 0"),
        ({"column": 2.0}, "column of a query 2.0"),
        ({"radius": True}, "radius of a query True"),
    ],
)
def test_what_is_no_query_is_one_line(change, message):
    facts: dict[str, Any] = {"image": "a", "row": 1, "column": 1, "radius": 1, **change}
    with pytest.raises(UserError, match=message):
        Query(**facts)


@pytest.mark.parametrize(
    ("queries", "shape", "message"),
    [
        ([Query("a", 5, 0, 1)], (5, 7), "row 5, column 0 lies outside of the image"),
        ([("a", 1, 1, 1)], (5, 7), r"queries\[0\].*allowed is a cbda.Query"),
        (None, (5, 7), r"queries\[0\]: None"),
        ([], (5, 7, 3), "allowed are height and width"),
        ([], 5, "allowed are height and width"),
        ([], (5.0, 7), "shape 5.0"),
        ([], (1 << 31, 1 << 31), "shape .*allowed are sizes that the memory holds"),
    ],
)
def test_wrong_argument_of_a_mask_is_one_line(queries, shape, message):
    with pytest.raises(UserError, match=message):
        label_mask(queries, "a", shape)
