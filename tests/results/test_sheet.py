"""The sample sheet, from the experiment to the file and back."""

from typing import Any

import pytest

from cbda.cli import main
from cbda.errors import UserError
from cbda.results.sheet import evaluated, format_rows, list_rows, read_rows, without_evaluations
from cbda.workflow.progress import list_jobs

EXPERIMENT: dict[str, Any] = {
    "seeds": [0, 1],
    "methods": ["ra"],
    "budgets": ["0.10"],
    "references": ["full"],
    "rounds": 2,
    "results": 'a, "b"',
}
HEADER = "method,budget,seed,round,evaluation,labels,diagnosis"


@pytest.fixture
def rows():
    return list_rows(**EXPERIMENT)


def test_sheet_names_the_files_of_every_round(rows):
    run = 'a, "b"/seed1/ra/budget0.10'
    assert [tuple(row) for row in rows[3:]] == [
        ("full", "-", "1", "-", 'a, "b"/seed1/full/evaluation.json', *"----"),
        *(
            ("ra", "0.10", "1", number, evaluation, f"{run}/round{number}/labels.h5",
             f"{run}/round{number}/diagnosis.json", "-", "-")
            for number, evaluation in (("1", "-"), ("2", f"{run}/evaluation.json"))
        ),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("which", "expected"),
    [("last", []), ("largest_budget", ["0.10"]), ("all", ["0.05", "0.10"])],
)
def test_rounds_are_evaluated_of_the_budgets_asked_for(which, expected):
    """Of each seed; the last round is evaluated anyway."""
    change = {"budgets": ["0.05", "0.10"], "evaluated_rounds": which, "seeds": [0]}
    rows = list_rows(**{**EXPERIMENT, **change})
    followed = [row for row in rows if row.round_evaluation != "-"]
    assert [(row.budget, row.round) for row in followed] == [(b, "1") for b in expected]
    for row in followed:
        place = f'a, "b"/seed0/ra/budget{row.budget}/round1/evaluation.json'
        assert row.round_evaluation == place


def test_last_rounds_name_what_is_trained_anew():
    rows = list_rows(**EXPERIMENT, retrain=True)
    found = {(row.method, row.round): row.retrained for row in rows if row.seed == "1"}
    anew = 'a, "b"/seed1/ra/budget0.10/retrained/evaluation.json'
    assert found == {("full", "-"): "-", ("ra", "1"): "-", ("ra", "2"): anew}


def test_replay_has_the_labels_of_other_results_and_evaluations_of_its_own():
    rows = list_rows(**EXPERIMENT, replay="other", retrain=True, evaluated_rounds="all")
    assert rows[-1].labels == "other/seed1/ra/budget0.10/round2/labels.h5"
    assert rows[-1].evaluation == 'a, "b"/seed1/ra/budget0.10/evaluation.json'
    assert {row[6:] for row in rows} == {("-", "-", "-")}


def test_experiment_with_nothing_to_measure_by_has_runs_alone():
    rows = without_evaluations(list_rows(**EXPERIMENT, retrain=True, evaluated_rounds="all"))
    assert [(row.seed, row.round) for row in rows] == [
        ("0", "1"),
        ("0", "2"),
        ("1", "1"),
        ("1", "2"),
    ]
    assert {(row.method, row.evaluation, *row[7:]) for row in rows} == {("ra", *"---")}
    phases = {job.phase for job in list_jobs(rows)}
    assert phases == {"pretrain", "score", "acquire", "finetune"}


def test_every_run_is_evaluated_once(rows):
    assert [(r.method, r.seed, r.round) for r in evaluated(rows)] == [
        *(("full", "0", "-"), ("ra", "0", "2"), ("full", "1", "-"), ("ra", "1", "2"))
    ]


def test_command_writes_a_sheet_that_reads_back(rows, tmp_path):
    path = tmp_path / "tables/runs.csv"
    words = ["--seeds", "0", "1", "--methods", "ra", "--budgets", "0.10", "--references", "full"]
    words += ["--rounds", "2", "--results", EXPERIMENT["results"], "--out", str(path)]
    assert main(["runs", *words]) == 0
    assert path.read_text() == format_rows(rows)
    found = [[cell.replace(f"{path.parent}/", "") for cell in row] for row in read_rows(path)]
    assert found == list(map(list, rows))


def test_columns_of_a_sheet_may_be_in_any_order(tmp_path):
    path = tmp_path / "runs.csv"
    names = HEADER.split(",")
    path.write_text(f"note,{','.join(names[::-1])}\nmine,-,l,e,1,0,0.1,ra\n")
    assert read_rows(path) == [
        ("ra", "0.1", "0", "1", str(tmp_path / "e"), str(tmp_path / "l"), *"---")
    ]


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (f"{HEADER}\n".encode(), "runs.csv: holds no run"),
        (b"", "runs.csv: holds no run"),
        (b"method,seed\nra,0\n", "runs.csv: row 1 has no column budget"),
        (f"{HEADER}\nra,0.1,0,1,e,l,d\nra,0.1\n".encode(), "runs.csv: row 2 has no column seed"),
        (b"\xff\xfe", "runs.csv: not a CSV file"),
    ],
)
def test_file_that_is_no_sheet_is_an_error(tmp_path, content, message):
    path = tmp_path / "runs.csv"
    path.write_bytes(content)
    with pytest.raises(UserError, match=message):
        read_rows(path)
