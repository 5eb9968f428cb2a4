"""Holm's correction, computed by hand."""

import numpy as np
import pandas as pd
import pytest

from cbda.results.correction import correct, holm

NAN = np.nan


@pytest.mark.parametrize(
    ("p_values", "expected"),
    [
        # Ordered 0.005, 0.01, 0.03, 0.04 times 4, 3, 2, 1: 0.02, 0.03, 0.06, 0.04 -> 0.06.
        ([0.01, 0.04, 0.03, 0.005], [0.03, 0.06, 0.06, 0.02]),
        ([0.6, 0.7], [1, 1]),
        ([0.01, NAN, 0.02], [0.02, NAN, 0.02]),  # a test that was not made is none of the family
        ([0.02, 0.02], [0.04, 0.04]),
        ([], []),
    ],
)
def test_p_values_are_corrected_as_by_hand(p_values, expected):
    np.testing.assert_allclose(holm(np.array(p_values, float)), expected)


def test_correction_is_never_below_p_and_keeps_the_order():
    p_values = np.random.default_rng(0).random(50) ** 3
    corrected = holm(p_values)
    assert (corrected >= p_values).all()
    assert (np.diff(corrected[np.argsort(p_values)]) >= 0).all()


def test_families_are_corrected_apart():
    p_values = pd.Series([0.01, 0.02, 0.03])
    assert correct(p_values, ["a", "b", "a"]).tolist() == [0.02, 0.02, 0.03]
