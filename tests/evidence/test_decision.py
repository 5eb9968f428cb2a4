"""The candidates of the confirmation follow from the differences alone."""

import pandas as pd
import pytest
import yaml

from evidence import decision
from evidence.decision import (
    PARENTS,
    RANDOM,
    Decision,
    configuration,
    decide,
    mean_differences,
    num_parts,
    text_of,
)
from evidence.run import DECIDED, FOLDER
from tests.evidence.made_up import write_table

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


def test_known_best_is_chosen(tables):
    gains = {"power": 1.5, "cbda": 0.0, "cb": 1.0}
    for data in ("generated", "camvid"):
        write_table(f"candidates_{data}", gains)
    assert decide(mean_differences()["both"]) == (
        *("cb_margin_pixel_power", "cb_margin_pixel_power", "margin_pixel_power"),
    )


def test_nothing_is_decided_on_one_data_set_alone(tables):
    write_table("candidates_generated", {})
    with pytest.raises(SystemExit, match=r"no .*candidates_camvid.*: python -m evidence\.run"):
        decision.main()


def test_confirmation_runs_what_was_decided_on_seeds_of_its_own():
    found = Decision("margin_pixel_power", "cb_margin_pixel", "margin_pixel")
    experiment = configuration(found)["experiment"]
    assert experiment["seeds"] == list(range(100, 116))
    assert experiment["methods"] == [
        *("random_pixel", "margin_pixel_power", "cb_margin_pixel", "margin_pixel", "random"),
    ]
    assert set(experiment["custom_methods"]) == {"cb_margin_pixel"}


def test_decision_is_written_where_it_is_read(made_up, tmp_path, monkeypatch, capsys):
    (tmp_path / "candidates.yaml").write_text((FOLDER / "candidates.yaml").read_text())
    monkeypatch.setattr(decision, "FOLDER", tmp_path)
    decision.main()
    written = yaml.safe_load((tmp_path / DECIDED[0]).read_text())
    assert written == configuration(decide(mean_differences()["both"]))


@pytest.mark.skipif(not (FOLDER / DECIDED[0]).exists(), reason="nothing is decided yet")
def test_confirmation_is_that_of_the_kept_tables():
    assert (FOLDER / DECIDED[0]).read_text() == text_of(decide(mean_differences()["both"]))
