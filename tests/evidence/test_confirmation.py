"""The confirmation says what the protocol has it say."""

import numpy as np
import pytest

from cbda.results.correction import holm
from evidence import confirmation, decision
from tests.evidence.made_up import write_table

CANDIDATES = ("candidates_generated", "candidates_camvid")
CONFIRMED = tuple(confirmation.SETS)


def test_known_difference_is_shown_on_both_and_no_other(made_up):
    table = confirmation.verdict()
    assert table.loc["A method beats random pixels", "shown"] == (
        "on both: CamVid's other drive, views from above"
    )
    assert table.loc["Class balance pays", "shown"] == "not shown"


def test_nothing_is_shown_where_nothing_is(tables):
    for name in (*CANDIDATES, *CONFIRMED):
        write_table(name, {})
    assert list(confirmation.verdict()["shown"]) == ["not shown", "not shown"]


def test_difference_on_one_data_set_is_said_of_that_alone(tables):
    for name in (*CANDIDATES, CONFIRMED[0]):
        write_table(name, {})
    write_table(CONFIRMED[1], {"margin": 3.0})
    assert confirmation.verdict()["shown"].iloc[0] == "on one of two: views from above"


def test_difference_below_zero_is_none(tables):
    for name in CANDIDATES:
        write_table(name, {})
    for name in CONFIRMED:
        write_table(name, {"margin": -3.0})
    assert confirmation.verdict()["shown"].iloc[0] == "not shown"


def test_p_is_holms_over_the_four(made_up):
    found = confirmation.confirmed()
    assert len(found) == 4
    expected = holm(np.array([each.test.p_t for each in found]))
    assert [each.p for each in found] == pytest.approx(list(expected))


def test_all_seeds_count(made_up):
    table = confirmation.confirmation()
    assert list(table["n"]) == ["16"] * 4
    assert [name.partition(",")[0] for name in table.index[::2]] == [
        f"`{method}` minus `{other}`"
        for method, other in decision.decide(decision.mean_differences()["both"]).pairs()
    ]


def test_nothing_is_tested_before_both_data_sets_are_done(tables):
    for name in (*CANDIDATES, CONFIRMED[0]):
        write_table(name, {})
    with pytest.raises(FileNotFoundError):
        confirmation.confirmation()


def test_references_have_a_mean_too(made_up):
    table = confirmation.means(*CONFIRMED)
    assert list(table.index[-2:]) == ["source_only", "full"]
    assert list(table) == [f"{shown}, n = 16" for shown in confirmation.SETS.values()]
