import numpy as np
import pytest

from cbda.acquisition.methods import BALANCES
from cbda.errors import UserError
from cbda.results.metrics import normalised_entropy
from cbda.selection.balance import (
    Statistics,
    aims_at_shares,
    class_weights,
    needs_predictions,
    target_shares,
)


def weights(rule, counts, budget_px=100.0, target=None, max_weight=10.0, predicted=None):
    acquired = np.array(counts, np.int64)
    target = target_shares((), len(acquired)) if target is None else target
    predicted = np.zeros_like(acquired) if predicted is None else predicted
    statistics = Statistics(acquired, predicted, target, budget_px, max_weight)
    return class_weights(rule, statistics)


def test_balances_aim_at_shares_or_go_by_predictions():
    aiming = ["consumed", "consumed_literal", "quota", "ratio"]
    assert [name for name in BALANCES if aims_at_shares(name)] == aiming
    assert [name for name in BALANCES if needs_predictions(name, "uniform")] == ["exp", "pixbal"]
    assert needs_predictions("ratio", "sqrt_predicted")
    assert not needs_predictions("none", "sqrt_predicted")


def test_none_weighs_all_classes_alike():
    assert weights("none", [0, 50, 7]).tolist() == [1, 1, 1]


def test_consumed_weighs_by_what_is_left_of_a_share():
    """The share of each of 4 classes of 100 pixels is 25: 0, 10, 25 and 60 of them are used."""
    np.testing.assert_allclose(weights("consumed", [0, 10, 25, 60]), [1, 0.6, 0, 0])


def test_consumed_takes_shares_of_a_target():
    """Shares of 50, 40 and 10 pixels."""
    target = np.array([0.5, 0.4, 0.1])
    np.testing.assert_allclose(weights("consumed", [20, 20, 1], target=target), [0.6, 0.5, 0.9])


def test_ratio_weighs_by_wanted_over_acquired():
    """q n = 30/3 = 10 pixels: 10/5 = 2, 10/20 = 0.5, 10/5 = 2; over the highest, 2."""
    np.testing.assert_allclose(weights("ratio", [5, 20, 5]), [1, 0.25, 1])


def test_ratio_is_capped_before_it_is_scaled():
    """q n = 202/2 = 101 pixels: 101/2 is capped at 10, 101/200 = 0.505."""
    np.testing.assert_allclose(weights("ratio", [2, 200]), [1, 0.0505])
    np.testing.assert_allclose(weights("ratio", [2, 200], max_weight=2.0), [1, 0.2525])


def test_ratio_takes_shares_of_a_target():
    """q n = 20 and 80 pixels of 100: 20/40 = 0.5, 80/60 = 4/3."""
    target = np.array([0.2, 0.8])
    np.testing.assert_allclose(weights("ratio", [40, 60], target=target), [0.375, 1])


def test_ratio_of_a_class_never_seen_is_1():
    """q n = 30/3 = 10 pixels: 10/20 = 0.5 and 10/10 = 1."""
    np.testing.assert_allclose(weights("ratio", [20, 10, 0]), [0.5, 1, 1])


def test_exp_falls_with_the_share_of_predictions():
    """Shares of 1/2, 1/2 and 0 of the predicted pixels, whatever was acquired."""
    expected = [np.exp(-0.5), np.exp(-0.5), 1]
    np.testing.assert_allclose(weights("exp", [9, 0, 0], predicted=np.array([50, 50, 0])), expected)


def test_pixbal_falls_with_the_square_of_the_share_of_predictions():
    """Shares of 1/2, 1/2 and 0: (1 + 3)^-2."""
    predicted = np.array([50, 50, 0])
    np.testing.assert_allclose(
        weights("pixbal", [9, 0, 0], predicted=predicted), [1 / 16, 1 / 16, 1]
    )


@pytest.mark.parametrize(
    ("wanted", "expected"),
    [
        ((), [0.25, 0.25, 0.25, 0.25]),
        ("uniform", [0.25, 0.25, 0.25, 0.25]),
        ("predicted", [0.64, 0.36, 0, 0]),
        ("sqrt_predicted", [8 / 14, 6 / 14, 0, 0]),
        ((1, 1, 2, 0), [0.25, 0.25, 0.5, 0]),
    ],
)
def test_target_shares_sum_to_1(wanted, expected):
    np.testing.assert_allclose(target_shares(wanted, 4, np.array([64, 36, 0, 0])), expected)


@pytest.mark.parametrize("wanted", ["predicted", "sqrt_predicted"])
def test_target_without_predictions_is_uniform(wanted):
    assert target_shares(wanted, 2).tolist() == [0.5, 0.5]


@pytest.mark.parametrize(
    "wanted",
    [(1, 2), (1, -1, 1), (0, 0, 0), (np.inf, 1, 1), (1e308, 1e308, 1), (np.nan, 1, 1), "pool"],
)
def test_target_that_is_no_distribution_is_an_error(wanted):
    with pytest.raises(UserError, match=r"target distribution .*uniform, predicted, sqrt_pred"):
        target_shares(wanted, 3)


@pytest.mark.parametrize("rule", BALANCES)
def test_before_the_first_round_every_class_weighs_1(rule):
    assert weights(rule, [0, 0, 0]).tolist() == [1, 1, 1]


def test_class_that_is_not_wanted_weighs_nothing():
    target = np.array([0.5, 0.5, 0.0])
    assert weights("consumed", [25, 0, 0], target=target).tolist() == [0.5, 1, 0]
    np.testing.assert_allclose(weights("ratio", [10, 20, 30], target=target), [1, 0.5, 0])


def test_counts_are_left_unchanged():
    counts = np.array([3, 4], np.int64)
    class_weights("ratio", Statistics(counts, counts, np.array([0.5, 0.5]), 10.0, 10.0))
    assert counts.tolist() == [3, 4]


@pytest.mark.parametrize(
    ("counts", "expected"),
    [
        ([7, 7, 7], 1.0),
        ([0, 9, 0], 0.0),
        ([5, 5, 0, 0], 0.5),  # log 2 / log 4
        ([3, 1], 0.811278),
    ],
)
def test_normalised_entropy_is_1_for_equal_counts(counts, expected):
    assert normalised_entropy(np.array(counts)) == pytest.approx(expected, abs=1e-6)


def test_normalised_entropy_of_nothing_is_not_a_number():
    assert np.isnan(normalised_entropy(np.zeros(3, np.int64)))
