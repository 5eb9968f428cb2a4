from dataclasses import asdict, fields

import pytest

from cbda.acquisition.catalogue import (
    METHODS,
    REFERENCES,
    SHOWN_AS,
    balance_settings,
    compose,
)
from cbda.acquisition.methods import FIELD_CHOICES, SCORE_NAMES, Method
from cbda.errors import UserError

CHOICES = {"score": SCORE_NAMES, **FIELD_CHOICES}


def test_every_part_of_a_method_has_its_choices():
    names = [item.name for item in fields(Method)]
    others = ["max_weight", "target_distribution", "random_fraction", "radius", "choice", "views"]
    assert names == [*CHOICES, *others]


@pytest.mark.parametrize("part", CHOICES)
def test_unknown_part_lists_the_allowed_ones(part):
    allowed = ", ".join(CHOICES[part])
    with pytest.raises(UserError, match=f"method {part} 'x' is unknown; allowed: {allowed}"):
        compose({part: "x"})


def test_radius_below_zero_says_what_is_allowed():
    with pytest.raises(UserError, match="radius -1: allowed are whole numbers from 0 to 10000"):
        compose({"radius": -1})


@pytest.mark.parametrize("fraction", [1, 1.0, -0.1, 20, float("nan"), float("inf"), "0.2", None])
def test_random_fraction_out_of_range_says_what_is_allowed(fraction):
    with pytest.raises(UserError, match=r"random_fraction .*: allowed are numbers from 0 up to,"):
        compose({"random_fraction": fraction})


def test_random_fraction_may_be_called_explore():
    assert compose({"explore": 0.2}) == compose({"random_fraction": 0.2})
    with pytest.raises(UserError, match=r"'explore' is another name of 'random_fraction'"):
        compose({"explore": 0.2, "random_fraction": 0.2})


@pytest.mark.parametrize(
    ("name", "allocation", "balanced"),
    [
        ("ra", "per_image", False),
        ("cb", "per_image", True),
        ("da", "dynamic", False),
        ("cbda", "dynamic", True),
    ],
)
def test_arms_of_the_ablation(name, allocation, balanced):
    method = METHODS[name]
    assert (method.score, method.unit, method.allocation) == ("ripu", "region", allocation)
    assert (method.balance != "none") == balanced


@pytest.mark.parametrize(("exact", "published"), [(n, n[:-6]) for n in METHODS if "_exact" in n])
def test_exact_arms_differ_in_the_score_alone(exact, published):
    assert asdict(METHODS[exact]) == {**asdict(METHODS[published]), "score": "ripu_exact"}


@pytest.mark.parametrize(
    ("pixel", "region"), [("pa", "ra"), ("cbpa", "cb"), ("dpa", "da"), ("cbdpa", "cbda")]
)
def test_pixel_arms_differ_in_the_unit_alone(pixel, region):
    assert asdict(METHODS[pixel]) == {**asdict(METHODS[region]), "unit": "pixel"}


def test_no_two_names_mean_the_same_method():
    assert len(set(METHODS.values())) == len(METHODS)


def test_names_for_people_are_all_different():
    assert set(SHOWN_AS) == {*METHODS, *REFERENCES}
    assert len(set(SHOWN_AS.values())) == len(SHOWN_AS)


def test_references_are_no_methods():
    assert not set(REFERENCES) & set(METHODS)


def test_parts_left_out_are_those_of_ra():
    composed = compose({"score": "margin", "allocation": "dynamic"})
    assert composed == Method(score="margin", allocation="dynamic")
    assert compose({}) == METHODS["ra"]


def test_unknown_part_of_a_method_lists_the_allowed_ones():
    with pytest.raises(UserError, match=r"unknown part 'unitt'; allowed: score, unit, alloc"):
        compose({"unitt": "pixel"})


def test_settings_of_the_balance_are_those_of_the_experiment_unless_given():
    experiment = {"max_weight": 10.0, "target_distribution": [1, 2]}
    assert balance_settings(METHODS["cbda"], experiment) == experiment
    own = compose({"balance": "ratio", "target_distribution": [3, 4]})
    assert balance_settings(own, experiment) == {"max_weight": 10.0, "target_distribution": (3, 4)}


def test_class_aware_random_is_random_but_for_the_balance():
    assert asdict(METHODS["random_class"]) == {**asdict(METHODS["random"]), "balance": "consumed"}
