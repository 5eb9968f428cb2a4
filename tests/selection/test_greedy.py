import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from cbda.errors import UserError
from cbda.selection.greedy import select
from cbda.selection.units import label_radius, paint, suppression_radius
from tests.conformance import CASES, load_case, our_score
from tests.reference import SETTINGS, pools, reference_greedy, units


@SETTINGS
@given(pools(max_images=1), st.integers(0, 12), st.integers(0, 4), units)
def test_select_equals_the_definition(pool, num_queries, radius, unit):
    score, blocked = pool
    picks = select(score[0], blocked[0], num_queries, radius, unit)
    expected = [pick[1:] for pick in reference_greedy(score, blocked, num_queries, radius, unit)]
    assert picks.tolist() == expected


@SETTINGS
@given(pools(max_images=1), st.integers(0, 12), st.integers(0, 3))
def test_regions_never_overlap_and_are_never_more_than_asked(pool, num_queries, radius):
    score, blocked = pool[0][0], pool[1][0]
    picks = select(score, blocked, num_queries, radius, "region")
    assert len(picks) <= num_queries
    assert not blocked[tuple(picks.T)].any()
    times_labelled = np.zeros(score.shape, np.int64)
    for pick in picks:
        region = np.zeros(score.shape, np.bool_)
        paint(region, pick[None], label_radius(radius, "region"))
        times_labelled += region
    assert times_labelled.max() <= 1


@SETTINGS
@given(pools(max_images=1), st.integers(0, 12), st.integers(0, 3), units)
def test_arguments_are_left_unchanged(pool, num_queries, radius, unit):
    score, blocked = pool[0][0], pool[1][0]
    before = score.tobytes(), blocked.tobytes()
    select(score, blocked, num_queries, radius, unit)
    assert (score.tobytes(), blocked.tobytes()) == before


def test_ties_go_to_the_smallest_column_then_row():
    picks = select(np.zeros((2, 3)), np.zeros((2, 3), np.bool_), 4, 0, "pixel")
    assert picks.tolist() == [[0, 0], [1, 0], [0, 1], [1, 1]]


def test_a_region_suppresses_twice_its_radius_and_a_pixel_its_radius():
    score = np.arange(7.0)[None, ::-1]
    free = np.zeros((1, 7), np.bool_)
    assert select(score, free, 9, 1, "region")[:, 1].tolist() == [0, 3, 6]
    assert select(score, free, 9, 1, "pixel")[:, 1].tolist() == [0, 2, 4, 6]


def test_many_suppressed_candidates_make_it_gather_more():
    """The best candidates all lie around two peaks, so that one batch of them is not enough."""
    row, column = np.mgrid[:40, :50]
    near, far = np.hypot(row - 9, column - 9), np.hypot(row - 30, column - 40)
    score = np.maximum(np.exp(-near / 9), np.exp(-far / 7)).astype(np.float32)
    blocked = np.zeros(score.shape, np.bool_)
    blocked[:, 20:30] = True
    picks = select(score, blocked, 15, 3, "region")
    assert picks.tolist() == [
        pick[1:] for pick in reference_greedy(score[None], blocked[None], 15, 3, "region")
    ]
    assert len(picks) == 15


@pytest.mark.parametrize("order", ["C", "F"])
def test_layout_in_memory_does_not_matter(order):
    score = np.random.default_rng(0).random((6, 9))
    blocked = score < 0.3
    expected = reference_greedy(score[None], blocked[None], 8, 1, "pixel")
    picks = select(np.asarray(score, order=order), np.asarray(blocked, order=order), 8, 1, "pixel")
    assert picks.tolist() == [pick[1:] for pick in expected]


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
def test_bad_score_raises_even_where_it_is_blocked(bad):
    score = np.zeros((4, 4), np.float32)
    score[2, 3] = bad
    blocked = np.ones((4, 4), np.bool_)
    with pytest.raises(UserError, match="1 scores are NaN or infinite"):
        select(score, blocked, 1, 1, "region")


def test_shapes_must_agree():
    with pytest.raises(UserError, match="must be one"):
        select(np.zeros((4, 5)), np.zeros((5, 4), np.bool_), 1, 1, "region")


def test_scores_must_be_floats():
    with pytest.raises(UserError, match="score is int64, must be float32 or float64"):
        select(np.zeros((4, 4), np.int64), np.zeros((4, 4), np.bool_), 1, 1, "region")


def test_unknown_unit_lists_the_allowed_ones():
    with pytest.raises(UserError, match="unit 'patch' is unknown; allowed: region, pixel"):
        select(np.zeros((4, 4)), np.zeros((4, 4), np.bool_), 1, 1, "patch")


@pytest.mark.parametrize("unit", ["region", "pixel"])
@pytest.mark.parametrize("name", CASES)
def test_picks_and_masks_equal_the_published_ones(name, unit):
    """Over all rounds, with our own scores and our own masks."""
    case = load_case(name)
    shape = our_score(name, unit, 0).shape
    blocked, selected = np.zeros(shape, np.bool_), np.zeros(shape, np.bool_)
    for number in case.rounds:
        published = case.read("order", unit, number)
        score = our_score(name, unit, number)
        picks = select(score, blocked, len(published), case.radius, unit)
        np.testing.assert_array_equal(picks, published)
        paint(blocked, picks, suppression_radius(case.radius, unit))
        paint(selected, picks, label_radius(case.radius, unit))
        np.testing.assert_array_equal(blocked, case.read("blocked", unit, number))
        np.testing.assert_array_equal(selected, case.read("selected", unit, number))


@pytest.mark.parametrize(
    "change",
    [
        {"blocked": np.zeros((4, 5), np.uint8)},
        {"score": [[1.0]]},
        {"score": np.ma.masked_all((4, 5))},
        {"score": torch.zeros(4, 5)},
        {"blocked": np.ma.masked_array(np.zeros((4, 5), bool), True)},
        {"blocked": [[False] * 5] * 4},
        {"num_queries": 2.5},
        {"num_queries": True},
        {"radius": -1},
        {"radius": "1"},
        {"unit": None},
    ],
)
def test_wrong_argument_is_refused_where_it_is_given(change):
    plain = {"score": np.zeros((4, 5)), "blocked": np.zeros((4, 5), bool), "num_queries": 1}
    with pytest.raises(UserError, match=r"must|allowed"):
        select(**{**plain, "radius": 1, "unit": "region", **change})
