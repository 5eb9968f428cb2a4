"""Numbers and names that somebody gives."""

import numpy as np
import pytest
import torch

from cbda.acquisition import arguments
from cbda.errors import UserError


@pytest.mark.parametrize("value", [3, np.int8(3), np.uint64(3), torch.tensor(3)])
def test_whole_numbers_of_any_kind_are_taken(value):
    assert arguments.whole("size", value, 1) == 3


@pytest.mark.parametrize(
    "value", [True, np.True_, torch.tensor(True), 2.5, 3.0, np.float32(3), "3", None, -1, [3]]
)
def test_what_is_no_whole_number_is_one_line(value):
    with pytest.raises(UserError, match=r"size .*: allowed are whole numbers from 0 to 9") as found:
        arguments.whole("size", value, 0, 9)
    assert "\n" not in str(found.value)


@pytest.mark.parametrize("value", [0, -1.0, np.inf, np.nan, True, "0.5", None, np.ones(2)])
def test_what_is_no_positive_number_is_one_line(value):
    with pytest.raises(UserError, match=r"share .*: allowed are finite numbers above 0"):
        arguments.positive("share", value)


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ("abc", "'abc'; allowed is a list of names"),
        ({"b", "a"}, "allowed is a list of names, in order"),
        (7, "7; allowed is a list"),
        (["a", "b", "a"], "'a' is there twice, at 0 and 2; allowed is each once"),
        (["a", 7], r"image_ids\[1\]: 7; allowed are names"),
        ([""], r"image_ids\[0\]: ''"),
        (["a\0"], r"image_ids\[0\]"),
        (["\udc80"], r"image_ids\[0\]"),
        ([], "none; allowed are one or more"),
    ],
)
def test_what_is_no_list_of_names_is_one_line(values, message):
    with pytest.raises(UserError, match=message) as found:
        arguments.names("image_ids", values)
    assert "\n" not in str(found.value)


def test_names_may_come_one_after_another():
    assert arguments.names("image_ids", (name for name in np.array(["b", "ä　"]))) == ("b", "ä　")


def test_unknown_image_of_a_large_pool_is_a_short_line():
    pool = tuple(f"street_{number}" for number in range(9999))
    with pytest.raises(UserError, match=r"did you mean 'street_5'.*9999 images") as found:
        arguments.image("image", "stret_5", pool)
    assert len(str(found.value)) < 200


def test_what_is_shown_of_a_value_is_short():
    assert arguments.describe(np.zeros((3, 4))) == "(3, 4) float64"
    assert arguments.describe(torch.zeros(3, 4)) == "(3, 4) torch.float32"
    assert len(arguments.describe("x" * 999)) < 80
