"""What there is, and what it cost."""

from evidence import spending
from evidence.run import TABLES


def test_every_table_is_of_one_question():
    names = [name for names in spending.of_questions().values() for name in names]
    assert sorted(names) == sorted(TABLES)


def test_questions_without_a_table_are_planned(tables):
    assert set(spending.state()["state"]) == {"planned; no table yet"}
    (tables / "candidates_camvid").mkdir()
    assert list(spending.state().loc["2 a method"]) == ["1 of 4", "begun"]


def test_questions_with_all_tables_are_done(made_up):
    assert set(spending.state()["state"]) == {"done"}


def test_costs_are_summed_by_question(made_up):
    table = spending.spent("question")
    assert list(table.loc["3 the paper's geometry", ["tables", "jobs"]]) == ["1", "60"]
    assert table.loc["all", "jobs"] == f"{60 * len(TABLES):,}"
    assert table.loc["all", "core-hours"] == f"{200 * len(TABLES) / 3600:.1f}"
    assert list(spending.spent("table").index) == [*TABLES, "all"]


def test_costs_of_a_table_are_those_of_its_file(made_up):
    assert list(spending.costs("large").loc["score"]) == ["30", "3.0", "9.0", "500"]
    assert list(spending.costs("large").index) == ["finetune", "score"]
