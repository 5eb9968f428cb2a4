"""Commands that read the sample sheet: as if every run had been given by itself."""

from pathlib import Path

import pytest

from cbda.cli import main
from cbda.files.json_files import write_diagnosis, write_evaluation
from cbda.results.sheet import MISSING, Row, format_rows
from tests.experiments import job

OUTPUTS = ("out", "out-classes", "out-acquisition", "out-comparisons")


@pytest.fixture
def rows(tmp_path):
    """Two methods of two seeds, one of which has no result."""
    found = []
    for method, seed, iou in (("ra", 0, 0.5), ("ra", 1, 0.6), ("cb", 0, 0.7), ("cb", 1, None)):
        path = tmp_path / f"{method}{seed}.json"
        if iou is not None:
            result = {"classes": ["a"], "class_iou": [iou], "mIoU": iou}
            with job("evaluate"):
                write_evaluation(path, {**result, "worst_class": "a", "worst_class_iou": iou})
        diagnosis = tmp_path / f"{method}{seed}-diagnosis.json"
        with job("diagnose"):
            write_diagnosis(diagnosis, {"class": ["a"], "pool_px": [seed]})
        row = Row(method, "0.1", str(seed), "1", diagnosis=str(diagnosis))
        found += [row, row._replace(round="2", evaluation=str(path))]
    return found


@pytest.fixture
def sheet(rows, tmp_path):
    path = tmp_path / "runs.csv"
    path.write_text(format_rows(rows))
    return path


def tabulate(folder, *runs):
    files = [word for name in OUTPUTS for word in (f"--{name}", str(folder / f"{name}.csv"))]
    assert main(["tabulate", *runs, "--baseline", "ra", *files]) == 0
    return [(folder / f"{name}.csv").read_text() for name in OUTPUTS]


def test_tables_of_a_sheet_are_those_of_its_runs(rows, sheet, tmp_path):
    words = [
        word
        for row in rows[1::2]
        for word in ("--run", row.method, row.budget, row.seed, row.evaluation, row.labels)
    ]
    tables = tabulate(tmp_path / "sheet", "--runs", str(sheet))
    assert tables == tabulate(tmp_path / "words", *words)
    assert tables[0].splitlines()[2].startswith("cb,0.1,1,70.0000,,20.0000,")


def test_paths_of_a_sheet_are_from_its_folder_on(rows, tmp_path, monkeypatch):
    """So that results may be moved together with it."""
    names = ("evaluation", "diagnosis")
    near = [
        row._replace(**{name: getattr(row, name).replace(f"{tmp_path}/", "") for name in names})
        for row in rows
    ]
    (tmp_path / "runs.csv").write_text(format_rows(near))
    (tmp_path / "elsewhere").mkdir()
    monkeypatch.chdir(tmp_path / "elsewhere")
    table = tabulate(tmp_path / "out", "--runs", "../runs.csv")[0].splitlines()
    assert table[2].startswith("cb,0.1,1,70.0000,,20.0000,")
    assert main(["collect", "--runs", "../runs.csv", "--out", "out.csv"]) == 0


def test_run_whose_file_is_not_there_is_named(tmp_path, capsys):
    tabulate(tmp_path, "--run", "ra", "0.1", "0", "no.json", "-")
    assert "no result of ra at budget 0.1, seed 0: no file no.json" in capsys.readouterr().out


def test_result_that_is_marked_missing_is_none(rows, sheet, tmp_path):
    """A file of an earlier run may be there."""
    changed = [r._replace(evaluation=MISSING) if r.evaluation != "-" else r for r in rows[:2]]
    sheet.write_text(format_rows([*changed, *rows[2:]]))
    table = tabulate(tmp_path, "--runs", str(sheet))[0].splitlines()
    assert table[1].startswith("ra,0.1,1,60.0000,")
    assert table[1].endswith(",0")


def test_collect_reads_every_round_of_a_sheet(sheet, tmp_path):
    out = tmp_path / "diagnosis.csv"
    assert main(["collect", "--runs", str(sheet), "--out", str(out)]) == 0
    assert out.read_text().splitlines()[:4] == [
        "method,budget,seed,round,class,pool_px",
        "ra,0.1,0,1,a,0",
        "ra,0.1,0,2,a,0",
        "ra,0.1,1,1,a,1",
    ]


def test_sheet_without_a_diagnosis_is_an_error(sheet, tmp_path, capsys):
    sheet.write_text(format_rows([Row("full", "-", "0", evaluation="evaluation.json")]))
    assert main(["collect", "--runs", str(sheet), "--out", str(tmp_path / "out.csv")]) == 2
    assert f"{sheet}: names no diagnosis" in capsys.readouterr().err


@pytest.mark.parametrize("command", ["tabulate", "collect", "report"])
def test_runs_must_be_given(command, capsys):
    with pytest.raises(SystemExit, match="2"):
        main([command])
    assert "--runs" in capsys.readouterr().err


def test_damaged_diagnosis_is_not_collected(rows, sheet, tmp_path, capsys):
    write_diagnosis(Path(rows[0].diagnosis), {"class": ["a"], "pool_px": [7]})
    assert main(["collect", "--runs", str(sheet), "--out", str(tmp_path / "out.csv")]) == 2
    assert "ra0-diagnosis.json: unrecorded" in capsys.readouterr().err
    assert not (tmp_path / "out.csv").exists()
