import numpy as np
import pytest
from scipy import stats

from cbda.acquisition.noise import Gumbel


def gumbel_map(place, shape):
    """Of a seed, a round and an image."""
    return Gumbel(*place).rows(0, shape)


def test_numbers_are_those_of_a_gumbel_distribution():
    numbers = gumbel_map((0, 1, 0), (200, 250)).ravel()
    assert stats.kstest(numbers, "gumbel_r").pvalue > 0.01


def test_numbers_are_those_of_splitmix64():
    """Uniform numbers u of the generator's definition, in Python's integers: -log(-log(1 - u))."""
    from cbda.compute.seeds import Stream, derive_seed

    key, mask, expected = derive_seed(3, Stream.SAMPLING, 2, 1), 2**64 - 1, []
    for pixel in range(1, 7):
        mixed = key + pixel * 0x9E3779B97F4A7C15 & mask
        mixed = (mixed ^ mixed >> 30) * 0xBF58476D1CE4E5B9 & mask
        mixed = (mixed ^ mixed >> 27) * 0x94D049BB133111EB & mask
        uniform = (((mixed ^ mixed >> 31) >> 32) + 0.5) * 2.0**-32
        expected.append(-np.log(-np.log1p(-uniform)))
    np.testing.assert_allclose(gumbel_map((3, 2, 1), (2, 3)).ravel(), expected, rtol=1e-5)


@pytest.mark.parametrize("other", [(1, 1, 0), (0, 2, 0), (0, 1, 1)])
def test_numbers_differ_by_seed_round_and_image(other):
    numbers = gumbel_map((0, 1, 0), (4, 5))
    assert not set(numbers.ravel()) & set(gumbel_map(other, (4, 5)).ravel())
    np.testing.assert_array_equal(numbers, gumbel_map((0, 1, 0), (4, 5)))


def test_no_number_is_infinite():
    assert np.isfinite(gumbel_map((0, 1, 0), (1000, 3000))).all()


def test_numbers_of_rows_are_those_of_the_whole():
    whole = gumbel_map((0, 1, 0), (6, 5))
    np.testing.assert_array_equal(Gumbel(0, 1, 0).rows(2, (3, 5)), whole[2:5])
