"""Class counts and weights of labels."""

import numpy as np
import pytest

from cbda import UserError, class_weights, count_classes

LABEL = np.array([[0, 0, 255], [2, 1, 255]], np.uint8)


def test_counts_leave_void_out():
    assert count_classes([LABEL, LABEL], 4).tolist() == [4, 2, 2, 0]
    assert count_classes({"a": LABEL}, 3).tolist() == [2, 1, 1]


def test_label_beyond_the_classes_is_refused():
    with pytest.raises(UserError, match="labels 0: 2; allowed are 0 to 1, and 255 for none"):
        count_classes([LABEL], 2)


def test_weights_are_those_of_the_rules():
    counts = np.array([6, 2, 0])
    assert class_weights(counts, "none").tolist() == [1, 1, 1]
    np.testing.assert_allclose(class_weights(counts, budget_px=30), [0.4, 0.8, 1])
    shared = class_weights(counts, "ratio", target_distribution=[0.5, 0.5, 0.0])
    np.testing.assert_allclose(shared, [1 / 3, 1, 1])
    predicted = class_weights(counts, "exp", predicted=np.array([1, 1, 2]))
    np.testing.assert_allclose(predicted, np.exp([-0.25, -0.25, -0.5]))


@pytest.mark.parametrize("facts", [{"balance": "exp"}, {"target_distribution": "predicted"}])
def test_rule_that_goes_by_predictions_asks_for_them(facts):
    with pytest.raises(UserError, match="goes by the pool's predictions"):
        class_weights(np.array([1, 2]), **facts)


def test_unknown_balance_is_refused_with_a_hint():
    with pytest.raises(UserError, match="did you mean 'consumed'"):
        class_weights(np.array([1, 2]), "consumd")


@pytest.mark.parametrize(
    ("facts", "message"),
    [
        ({"acquired": [1, -2]}, "acquired: -2; allowed"),
        ({"acquired": np.array([1.0, np.nan])}, "acquired: .*float64"),
        ({"budget_px": np.nan}, "budget_px nan: allowed are finite"),
        ({"budget_px": 0}, "budget_px 0: allowed"),
        ({"balance": 3}, "balance 3: allowed are none, "),
        ({"balance": None}, "balance None: allowed are none, "),
        ({"target_distribution": 0.5}, "target_distribution: 0.5; allowed"),
        ({"target_distribution": ["a", "b"]}, "target_distribution: "),
        ({"target_distribution": [np.nan, 1]}, "target distribution"),
        ({"predicted": [1, 2, 3]}, "predicted: of 3 classes, but acquired has 2"),
        ({"max_weight": True}, "max_weight True: allowed"),
    ],
)
def test_wrong_argument_of_weights_is_one_line(facts, message):
    with pytest.raises(UserError, match=message):
        class_weights(**{"acquired": np.array([1, 2]), **facts})


@pytest.mark.parametrize(
    ("labels", "num_classes", "message"),
    [
        ([LABEL], True, "num_classes True: allowed are whole numbers from 1 to 255"),
        ([LABEL], 2.0, "num_classes 2.0"),
        (LABEL, 3, r"labels 0: \(3,\); allowed is \(H,W\)"),
        ({"a": LABEL + 0.5}, 3, "labels of 'a': float64"),
        ("labels", 3, "labels: 'labels'; allowed are maps"),
        (None, 3, "labels: None; allowed are maps"),
    ],
)
def test_wrong_argument_of_counts_is_one_line(labels, num_classes, message):
    with pytest.raises(UserError, match=message):
        count_classes(labels, num_classes)
