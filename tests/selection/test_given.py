"""Labels, masks and counts as somebody gives them."""

import numpy as np
import pytest
import torch

from cbda.errors import UserError
from cbda.selection import given

LABEL = np.array([[0, 1], [255, 2]], np.uint8)


@pytest.mark.parametrize(
    "values",
    [
        LABEL,
        LABEL.astype(np.int64),
        LABEL.astype(">i2"),
        np.asfortranarray(LABEL),
        np.repeat(LABEL, 2, axis=0)[::2],
        np.broadcast_to(LABEL, (2, 2)),
        torch.from_numpy(LABEL),
        torch.from_numpy(LABEL).long(),
        LABEL.tolist(),
    ],
)
def test_labels_of_any_kind_are_those_labels(values):
    found = given.labels("labels", values, 3, (2, 2))
    assert found.dtype == np.uint8
    np.testing.assert_array_equal(found, LABEL)


@pytest.mark.parametrize(
    ("values", "message"),
    [
        (np.full((2, 2), 2.7), "float64; allowed are whole numbers, of an integer type"),
        (torch.zeros(2, 2, dtype=torch.bfloat16), "float32; allowed are whole numbers"),
        (np.ones((2, 2), bool), "bool; allowed are whole"),
        (np.full((2, 2), 257), "257; allowed are 0 to 2, and 255 for none"),
        (np.full((2, 2), -1), "-1; allowed are 0 to 2"),
        (np.full((2, 2), 2**64 - 1, np.uint64), "18446744073709551615; allowed are 0 to 2"),
        (np.ma.masked_equal(LABEL, 2), "a masked array, whose mask would be lost; give filled"),
        (np.zeros((2, 2, 3), np.uint8), r"\(2, 2, 3\), must be \(2, 2\).*from colours to classes"),
        ([[0, 1], [2]], "allowed is an array or a tensor"),
        (None, "None; allowed is an array"),
        ("label.png", "allowed are whole numbers|must be"),
    ],
)
def test_what_is_no_labels_is_one_line(values, message):
    with pytest.raises(UserError, match=message) as found:
        given.labels("labels", values, 3, (2, 2))
    assert "\n" not in str(found.value)


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"a": np.ones((2, 2), np.uint8)}, r"masks of 'a': .*allowed is \(H,W\) bool.*mask != 0"),
        ({"a": np.ones(2, bool)}, r"masks of 'a': \(2,\)"),
        ({"c": np.ones((2, 2), bool)}, "image of masks 'c'.* is unknown"),
        ({"a": np.ones((2, 2), bool), "b": np.ones((2, 3), bool)}, "allowed is one"),
        ([np.ones((2, 2), bool)], "allowed is a dict by name"),
    ],
)
def test_what_is_no_masks_is_one_line(values, message):
    with pytest.raises(UserError, match=message):
        given.masks("masks", values, ("a", "b"))


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ([1, -2], "-2; allowed are whole numbers from 0"),
        ([1.0, np.nan], "float64; allowed is a whole number for each class"),
        ([[1, 2]], r"\(1, 2\)"),
        ([], r"\(0,\)"),
        ([True, False], "bool"),
        (7, r"\(\)"),
        (np.array([2**64 - 1], np.uint64), "allowed are whole numbers from 0"),
    ],
)
def test_what_is_no_counts_is_one_line(values, message):
    with pytest.raises(UserError, match=f"counts: .*{message}"):
        given.counts("counts", values)
