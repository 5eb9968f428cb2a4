"""The candidates of the confirmation follow from the differences alone."""

import pandas as pd
import pytest
import yaml

from evidence.decision import PARENTS, RANDOM, decide, num_parts
from evidence.run import FOLDER

CONFIGURATION = yaml.safe_load((FOLDER / "candidates.yaml").read_text())
CANDIDATES = [name for name in CONFIGURATION["experiment"]["methods"] if name != RANDOM]


def differences(**values):
    return pd.Series(dict.fromkeys(CANDIDATES, 0.0) | values)


def test_highest_are_confirmed_with_what_the_balanced_one_is_without_balance():
    found = decide(differences(da_margin_pixel=1.0, cbda_margin_pixel_power=0.5))
    assert found == ("da_margin_pixel", "cbda_margin_pixel_power", "da_margin_pixel_power")


def test_balanced_candidate_may_be_the_method():
    assert decide(differences(cb_margin_pixel=1.0))[:2] == ("cb_margin_pixel",) * 2


def test_ties_go_to_fewer_parts():
    close = differences(cbda_margin_pixel_power=1.0, margin_pixel_power=0.96, cb_margin_pixel=0.94)
    assert decide(close) == (
        "margin_pixel_power",
        "cbda_margin_pixel_power",
        "da_margin_pixel_power",
    )


@pytest.mark.parametrize(
    ("name", "expected"),
    [("margin_pixel", 0), ("da_margin_pixel_power", 2), ("cb_margin_pixel", 1)],
)
def test_parts_are_counted(name, expected):
    assert num_parts(name) == expected


def test_every_balanced_candidate_has_a_parent_among_the_candidates():
    assert {name for name in CANDIDATES if name.startswith("cb")} == set(PARENTS)
    assert set(PARENTS.values()) < set(CANDIDATES)
