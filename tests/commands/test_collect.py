"""The command `collect`: it takes what its table names, and that alone."""

import pytest

from cbda.cli import main
from cbda.files.json_files import write_diagnosis
from cbda.results.sheet import read_rows
from tests.experiments import job, make_experiment, measure


@pytest.fixture
def sheet(tmp_path):
    """A sample sheet all of whose rounds are diagnosed."""
    sheet = make_experiment(tmp_path / "results", seeds=(0,))
    for row in read_rows(sheet):
        if row.diagnosis != "-":
            labels = tmp_path / row.labels
            with job("diagnose", inputs={"labels": labels}):
                write_diagnosis(labels.with_name("diagnosis.json"), {"class": ["road"]})
    return sheet


def collect(sheet):
    return main(["collect", "--runs", str(sheet), "--out", str(sheet.with_name("diagnosis.csv"))])


def test_rounds_of_all_runs_are_taken(sheet):
    assert collect(sheet) == 0
    assert len(sheet.with_name("diagnosis.csv").read_text().splitlines()) == 1 + 2 * 2


def test_evaluations_that_are_not_of_these_runs_do_no_harm(sheet):
    """Another experiment that shares the runs has measured other models, in another way."""
    seed = sheet.parent / "seed0"
    measure(seed / "full/evaluation.json", seed / "full/model.pt", 0.6, flip=True)
    measure(seed / "ra/budget0.05/evaluation.json", seed / "full/model.pt", 0.6)
    assert collect(sheet) == 0


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("ra/budget0.05/round1/labels.h5", "damaged"),
        ("cbda/budget0.05/round1/model.pt", "damaged"),
        ("ra/budget0.05/round2/diagnosis.json", "damaged"),
    ],
)
def test_damage_of_a_round_or_of_what_it_was_made_from_is_named(sheet, capsys, name, message):
    path = sheet.parent / "seed0" / name
    path.write_bytes(path.read_bytes()[:-1])
    assert collect(sheet) == 2
    assert message in capsys.readouterr().err


def test_labels_of_another_method_are_named(sheet, capsys):
    ra, cbda = (sheet.parent / f"seed0/{name}/budget0.05" for name in ("ra", "cbda"))
    ra.rename(ra.with_name("other"))
    cbda.rename(ra)
    assert collect(sheet) == 2
    assert "foreign: its method_allocation is dynamic" in capsys.readouterr().err
