import numpy as np
import pytest
import torch
from torch.nn import functional

from cbda.errors import UserError
from cbda.training.importance import importance_weights, read_weights
from cbda.training.losses import cross_entropy
from cbda.training.sparse import sparse_cross_entropy
from tests.pools import summarise, write_labels


def test_weights_are_shares_of_the_pool_over_those_of_the_labels():
    """Pool: (80 + 10, 0 + 10) of 100; labels: halves. 1.8 and 0.2, whose mean over labels is 1."""
    weights = importance_weights(np.array([10, 10]), np.array([80, 0]), 1.0)
    np.testing.assert_allclose(weights, [1.8, 0.2], rtol=1e-6)


def test_power_of_weights_is_between_the_labels_and_the_pool():
    counts = np.array([30, 10]), np.array([40, 0])
    np.testing.assert_allclose(importance_weights(*counts, 0.0), [1, 1])
    root = np.sqrt(np.array([70 / 80, 10 / 80]) / [0.75, 0.25])
    expected = root / (root * [0.75, 0.25]).sum()
    np.testing.assert_allclose(importance_weights(*counts, 0.5), expected, rtol=1e-6)


def test_class_without_a_label_weighs_nothing():
    weights = importance_weights(np.array([5, 0, 5]), np.array([10, 70, 0]), 1.0)
    assert weights[1] == 0
    assert np.isfinite(weights).all()


def make_labels(path, **changes):
    label = np.zeros((1, 2, 3), np.uint8)
    summary = summarise([[4, 2]], **changes)
    return write_labels(path, ["a"], label, label + 1, summary, [[1, 0, 0, 0]])


def test_weights_of_a_label_file_need_what_the_pool_is_predicted_as(tmp_path):
    made = make_labels(tmp_path / "labels.h5", predicted_px=np.array([2, 4]))
    np.testing.assert_allclose(read_weights(made, 1.0), [0.75, 1.5])
    older = make_labels(tmp_path / "older.h5")
    with pytest.raises(UserError, match=r"older.h5: does not say what the pool is predicted as"):
        read_weights(older, 1.0)


@pytest.mark.parametrize("loss", [cross_entropy, sparse_cross_entropy])
def test_weighted_cross_entropy_is_the_weighted_mean(loss):
    logits = torch.randn(1, 3, 4, 5, generator=torch.Generator().manual_seed(0))
    label = torch.randint(0, 3, (1, 4, 5), generator=torch.Generator().manual_seed(1))
    label[0, 0] = 255
    weights = torch.tensor([0.5, 2.0, 1.0])
    expected = functional.cross_entropy(logits, label, weights, ignore_index=255)
    torch.testing.assert_close(loss(logits, label, class_weights=weights), expected)
    nothing = torch.full_like(label, 255)
    assert loss(logits, nothing, class_weights=weights) == 0
