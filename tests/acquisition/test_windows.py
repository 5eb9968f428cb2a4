import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from cbda.acquisition import maps
from cbda.acquisition.scoring import find_score
from cbda.acquisition.windows import sum_over_classes
from tests.reference import SETTINGS

NUM_CLASSES = 4
PREDICTIONS = arrays(
    np.uint8,
    st.tuples(st.integers(1, 7), st.integers(1, 7)),
    elements=st.integers(0, NUM_CLASSES - 1),
)


def reference_sum(prediction, radius, table):
    """Every window cut out and counted."""
    sums = np.empty(prediction.shape, np.float32)
    for row, column in np.ndindex(prediction.shape):
        rows = slice(max(row - radius, 0), row + radius + 1)
        window = prediction[rows, max(column - radius, 0) : column + radius + 1]
        counts = np.bincount(window.ravel(), minlength=NUM_CLASSES)
        sums[row, column] = sum((table[window.size, m] for m in counts), np.float32(0))
    return sums


@SETTINGS
@given(PREDICTIONS, st.integers(0, 8))
def test_both_ways_count_every_window(prediction, radius):
    table = maps._entropy_table((2 * radius + 1) ** 2, 1e-6)
    expected = reference_sum(prediction, radius, table.numpy())
    sliding = sum_over_classes(prediction, NUM_CLASSES, radius, table.numpy())
    by_class = maps._sum_over_classes(torch.from_numpy(prediction), radius, table)
    np.testing.assert_array_equal(sliding, expected)
    np.testing.assert_array_equal(by_class.numpy(), expected)


@pytest.mark.parametrize("epsilon", [0.0, 1e-6])
def test_windows_beyond_the_image_are_those_of_all_of_it(epsilon):
    prediction = torch.randint(0, NUM_CLASSES, (9, 13), generator=torch.Generator().manual_seed(0))
    prediction, values = prediction.byte(), torch.rand(9, 13)
    for radius in (13, 10_000):
        impurity = maps.window_impurity(prediction, radius, epsilon)
        assert torch.equal(impurity, maps.window_impurity(prediction, 12, epsilon))
        assert torch.equal(maps.window_mean(values, radius), maps.window_mean(values, 12))


@pytest.mark.parametrize("epsilon", [0.0, 1e-6])
def test_wide_windows_are_counted_without_a_table(monkeypatch, epsilon):
    prediction = torch.randint(0, NUM_CLASSES, (9, 13), generator=torch.Generator().manual_seed(0))
    for radius in (0, 1, 4, 12):
        expected = maps.window_impurity(prediction.byte(), radius, epsilon)
        with monkeypatch.context() as patch:
            patch.setattr(maps, "MAX_TABLE_SIZE", 0)
            found = maps.window_impurity(prediction.byte(), radius, epsilon)
        torch.testing.assert_close(found, expected)


@pytest.mark.parametrize("name", ["ripu", "ripu_exact"])
def test_large_images_score_like_small_ones(monkeypatch, name):
    logits = 4 * torch.randn(5, 20, 30, generator=torch.Generator().manual_seed(0))
    small, _ = find_score(name, "region")(logits, 2)
    monkeypatch.setattr(maps, "LARGE_PX", 1)
    large, _ = find_score(name, "region")(logits, 2)
    assert torch.equal(small, large)
