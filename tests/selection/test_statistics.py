"""Class counts and weights of labels."""

import numpy as np
import pytest

from cbda import UserError, class_weights, count_classes

LABEL = np.array([[0, 0, 255], [2, 1, 255]], np.uint8)


def test_counts_leave_void_out():
    assert count_classes([LABEL, LABEL], 4).tolist() == [4, 2, 2, 0]
    assert count_classes({"a": LABEL}, 3).tolist() == [2, 1, 1]


def test_label_beyond_the_classes_is_refused():
    with pytest.raises(UserError, match="labels: allowed are 0 to 1, and 255 for none"):
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
