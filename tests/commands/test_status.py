"""`cbda status` of an experiment whose results are there, or of which some are not."""

from contextlib import chdir
from pathlib import Path

import pytest

from cbda.cli import main
from cbda.workflow.locks import hold_lock
from tests.experiments import make_experiment


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """A folder with an experiment of two seeds and two methods."""
    folder = tmp_path_factory.mktemp("made")
    with chdir(folder):
        make_experiment(Path("results"))
    return folder


def measure(path, seconds):
    path.write_text(f"s\tmax_rss\n{seconds}\t1\n")


def rows_of(output):
    lines = output.partition("\n\n")[0].splitlines()[1:]
    return {line.split()[0]: " ".join(line.split()[1:]) for line in lines}


def test_jobs_are_told_by_phase_with_the_time_left(results, capsys):
    measure(results / "seed0/ra/budget0.05/round1/finetune.tsv", 90)
    (results / "seed1/cbda/budget0.05/round2/model.pt").unlink()
    assert main(["status"]) == 0
    output = capsys.readouterr().out
    found = rows_of(output)
    assert found["pretrain"].startswith("2 0 0")
    assert found["finetune"] == "7 0 1 1 min 30 s 1 min 30 s"
    assert "Snakemake is not at work in this folder" in output
    assert "and that of score, not measured yet" in output  # as these have no benchmark


def test_time_that_nothing_tells_of_is_not_known(results, capsys):
    for path in results.rglob("model.pt"):
        path.unlink()
    assert main(["status"]) == 0
    output = capsys.readouterr().out
    phases = "pretrain, full, score, finetune"
    assert f"time left: that of {phases}, not measured yet\n" in output


def test_run_that_is_alive_is_told(results, capsys):
    (results / "seed1/cbda/budget0.05/evaluation.json").unlink()
    lock = hold_lock(Path(".snakemake"))
    assert main(["status", "results"]) == 0
    lock.close()
    assert "Snakemake is at work in this folder\n" in capsys.readouterr().out


def test_folder_without_a_sheet_is_one_line(results, capsys):
    assert main(["status", "nothing"]) == 2
    (line,) = capsys.readouterr().err.splitlines()
    assert line.startswith("cbda status: error: nothing/runs.csv: no such file: Snakemake writes")
