import numpy as np
import pytest

from cbda.errors import UserError
from cbda.training.order import SUB_EPOCH, BalancedOrder, _class_probability, _draw_class

COMMON, MEDIUM, RARE, ABSENT = range(4)


@pytest.fixture
def presence():
    """100 images, all with class 0, 20 with class 1, 2 with class 2, none with class 3."""
    presence = np.zeros((100, 4), np.bool_)
    presence[:, COMMON] = True
    presence[:20, MEDIUM] = True
    presence[50:52, RARE] = True
    return presence


def order(presence, seed=0, num=SUB_EPOCH, start=0):
    balanced = BalancedOrder(presence, seed, 1)
    return np.array([balanced.index(position) for position in range(start, start + num)])


def test_images_of_rare_classes_are_drawn_more_often(presence):
    images = order(presence)
    counts = presence[images].sum(axis=0)
    assert counts[RARE] > 10 * SUB_EPOCH * 2 / 100  # uniform sampling draws them 60 times
    assert counts[MEDIUM] > SUB_EPOCH / 4
    assert counts[COMMON] == SUB_EPOCH


def test_every_image_of_a_class_has_its_turn(presence):
    counts = np.bincount(order(presence), minlength=100)
    assert counts.min() > 0
    assert abs(int(counts[50]) - int(counts[51])) < 40


def test_order_depends_on_seed_and_position_alone(presence):
    whole = order(presence, num=20, start=SUB_EPOCH - 10)
    assert (whole[10:] == order(presence, num=10, start=SUB_EPOCH)).all()
    assert (whole != order(presence, seed=1, num=20, start=SUB_EPOCH - 10)).any()
    assert (order(presence) != order(presence, start=SUB_EPOCH)).any()


def test_probability_is_that_computed_by_hand():
    """Shares 3/4 and 1/4: 1/log(1.76) = 1.76893, 1/log(1.26) = 4.32686; none of the third."""
    probability = _class_probability(np.array([3, 1, 0]), np.array([True, True, False]))
    np.testing.assert_allclose(probability, [0.290196, 0.709804, 0.0], atol=1e-5)


@pytest.mark.parametrize(("uniform", "expected"), [(0.0, 1), (0.49, 1), (0.5, 3), (0.999, 3)])
def test_draw_never_takes_a_class_of_probability_zero(uniform, expected):
    assert _draw_class(np.array([0.0, 0.5, 0.0, 0.5, 0.0]), uniform) == expected


def test_no_class_at_all_is_an_error():
    with pytest.raises(UserError, match="no image contains any of the classes"):
        BalancedOrder(np.zeros((3, 2), np.bool_), 0, 1)
