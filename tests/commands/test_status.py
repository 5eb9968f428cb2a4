"""`cbda status` of an experiment whose results are there, or of which some are not."""

import os
from contextlib import chdir
from pathlib import Path

import pytest

from cbda.cli import main
from cbda.files.answers import AnswerFile
from cbda.files.queries import save_queries
from cbda.workflow.locks import hold_lock
from cbda.workflow.request import note_request
from tests.experiments import make_experiment
from tests.queries import answer_to, make_queries


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """A folder with an experiment of two seeds and two methods."""
    folder = tmp_path_factory.mktemp("made")
    with chdir(folder):
        make_experiment(Path("results"))
    return folder


def measure(path, seconds):
    path.write_text(f"s\tmax_rss\n{seconds}\t1\n")


def measure_scores(results):
    """Score files are deleted once they are used."""
    for labels in results.rglob("labels.h5"):
        measure(labels.with_name("score.tsv"), 1)


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
    assert line.endswith("; there is: results")


def test_what_is_next_and_what_to_type_is_told(results, capsys):
    measure_scores(results)
    words = ["/usr/bin/snakemake", "--cores", "2", "--config", "a={b: 1}"]
    outputs = {str(path) for path in results.rglob("*")}
    (results / "seed1/cbda/budget0.05/evaluation.json").unlink()
    (results / "seed0/ra/budget0.05/round2/model.pt").unlink()
    note_request(Path(".snakemake"), "results", words, outputs)
    assert main(["status"]) == 0
    said = capsys.readouterr().out
    assert "next: finetune, for results/seed0/ra/budget0.05/round2/model.pt\n" in said
    command = "snakemake --cores 2 --config 'a={b: 1}'"
    assert f"Snakemake is not at work in this folder: go on by {command}\n" in said


def test_only_jobs_that_were_asked_for_are_left(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    make_experiment(Path("results/tiny"), extras={"evaluated_rounds": "all"})
    measure_scores(Path("results"))
    rounds = {*Path("results").rglob("round*/evaluation.json")}
    for path in rounds:
        path.unlink()
    assert main(["status"]) == 0
    assert "next: evaluate, for results/tiny/seed0/" in capsys.readouterr().out
    outputs = {str(path) for path in Path("results").rglob("*")} - {*map(str, rounds)}
    outputs |= {path.replace("labels.h5", "scores.h5") for path in outputs}
    note_request(Path(".snakemake"), "results/tiny", ["snakemake"], outputs)
    assert main(["status"]) == 0
    said = capsys.readouterr().out
    assert "next: " not in said
    assert "not asked for: 4 more jobs, of evaluate, such as" in said
    assert "of what was asked for last: 34 of 34 jobs done, beside those of data" in said
    (evaluate,) = (line for line in said.splitlines() if line.startswith("evaluate"))
    assert evaluate.split()[3] == "0"


def of_rounds(results):
    """What the last labels need, without the last models and their evaluations."""
    found = {str(path) for path in results.rglob("*") if path.parent.name != "full"}
    found = {path for path in found if not path.endswith(("round2/model.pt", "evaluation.json"))}
    return found | {path.replace("labels.h5", "scores.h5") for path in found}


PARTS = {  # of an experiment, by the words that ask for them
    "seed0": (
        ["{}/seed0/pretrain/model.pt"],
        lambda results: {f"{results}/seed0/pretrain/model.pt"},
    ),
    "plan": (["{}/plan.json"], lambda results: {f"{results}/plan.json"}),
    "labels": (["--until", "acquire"], of_rounds),
}


@pytest.mark.parametrize("part", PARTS)
@pytest.mark.parametrize("is_made", [True, False])
def test_command_to_go_on_by_completes_what_is_left(results, capsys, part, is_made):
    measure_scores(results)
    words, made = PARTS[part]
    words = [
        "snakemake",
        "--cores",
        "2",
        "--configfile=b.yaml",
        *(w.format(results) for w in words),
    ]
    outputs = made(results)
    note_request(Path(".snakemake"), "results", words, outputs)
    (results / "seed1/cbda/budget0.05/round2/model.pt").unlink()
    if not is_made:
        (results / "seed0/pretrain/model.pt").unlink()
    assert main(["status"]) == 0
    lines = capsys.readouterr().out.splitlines()
    ways = ("go on by ", "round2/model.pt: ")
    whole = "snakemake --cores 2 --configfile=b.yaml"
    assert [line for line in lines if line.endswith(tuple(f"{way}{whole}" for way in ways))]
    assert not [line for line in lines if " ".join(words) in line]
    nothing = "nothing is left of what was asked for last"
    assert (nothing in lines) == (is_made and part != "plan")


def test_part_that_is_done_is_not_taken_for_the_experiment(results, capsys):
    measure_scores(results)
    words = ["snakemake", "results/seed0/pretrain/model.pt", "--cores", "2"]
    note_request(Path(".snakemake"), "results", words, {words[1]})
    last = "results/seed1/cbda/budget0.05/round2/model.pt"
    Path(last).unlink()
    assert main(["status"]) == 0
    assert capsys.readouterr().out.partition("\n\n")[2].splitlines() == [
        "of what was asked for last: 1 of 1 jobs done, beside those of data and tables",
        "nothing is left of what was asked for last",
        f"not asked for: 1 more job, of finetune, such as for {last}: snakemake --cores 2",
    ]
    make_experiment(Path("results/other"), seeds=(0,))
    measure_scores(Path("results/other"))
    assert main(["status"]) == 0
    listed = "of what was asked for last: 1 of 1 jobs done: cbda status results\n"
    assert listed in capsys.readouterr().out


def test_what_needs_all_runs_goes_on_by_the_command_that_asked_for_it(results, capsys):
    """A table alone is no part of the runs, though evaluations of rounds are not for it."""
    measure_scores(results)
    outputs = {str(path) for path in results.rglob("*")}
    outputs |= {str(path.with_name("scores.h5")) for path in results.rglob("labels.h5")}
    missing = "results/seed0/ra/budget0.05/evaluation.json"
    note_request(
        Path(".snakemake"), "results", ["snakemake", "results/table.csv"], outputs - {missing}
    )
    Path(missing).unlink()
    (results / "seed1/cbda/budget0.05/round2/model.pt").unlink()
    assert main(["status"]) == 0
    said = capsys.readouterr().out
    assert "go on by snakemake results/table.csv\n" in said
    assert f"of evaluate, such as for {missing}: snakemake --cores all\n" in said


def test_the_one_experiment_is_found_and_several_are_listed(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    assert main(["status"]) == 2
    assert "results/runs.csv: no such file: Snakemake writes it first" in capsys.readouterr().err
    make_experiment(Path("results/tiny"))
    measure_scores(Path("results"))
    assert main(["status"]) == 0
    assert "34 of 34 jobs done" in capsys.readouterr().out
    make_experiment(Path("elsewhere"), seeds=(0,))
    measure_scores(Path("elsewhere"))
    note_request(Path(".snakemake"), "elsewhere", ["snakemake"], ["report.json"])
    assert main(["status"]) == 0
    assert capsys.readouterr().out.splitlines() == [
        "experiments of this folder:",
        "34 of 34 jobs done: cbda status results/tiny",
        "17 of 17 jobs done: cbda status elsewhere",
    ]


@pytest.mark.parametrize("content", ["", "method,budget\nra,1\n"])
def test_experiment_whose_sheet_is_damaged_hides_no_other(tmp_path, monkeypatch, capsys, content):
    monkeypatch.chdir(tmp_path)
    make_experiment(Path("results/a"), seeds=(0,))
    measure_scores(Path("results"))
    Path("results/b").mkdir()
    Path("results/b/runs.csv").write_text(content)
    assert main(["status"]) == 0
    said = capsys.readouterr().out.splitlines()
    assert "17 of 17 jobs done: cbda status results/a" in said
    assert [line for line in said if line.startswith("results/b/runs.csv: ")]


def test_pipe_in_place_of_a_log_or_a_benchmark_is_passed_over(results, capsys):
    _wait(results, "cbda annotate --queries q --answers a")
    for name in ("ask.log", "ask.tsv", "finetune.tsv"):
        path = results / f"seed0/ra/budget0.05/round1/{name}"
        path.unlink(missing_ok=True)
        os.mkfifo(path)
    assert main(["status"]) == 0
    assert "next: acquire, for " in capsys.readouterr().out


def test_experiment_of_which_no_run_has_begun_is_told(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    words = ["snakemake", "--cores", "1", "--configfile", "mine.yaml"]
    (tmp_path / "report.json").touch()
    note_request(Path(".snakemake"), "results/mine", words, ["report.json", "model.pt"])
    assert main(["status"]) == 0
    assert capsys.readouterr().out.splitlines() == [
        "results/mine: no run is listed yet",
        "1 of 2 files that were asked for are there",
        "Snakemake is not at work: go on by snakemake --cores 1 --configfile mine.yaml",
    ]
    note_request(Path(".snakemake"), "results/mine", [*words, "--until", "pretrain"], ["model.pt"])
    assert main(["status"]) == 0
    assert capsys.readouterr().out.endswith(f"go on by {' '.join(words)}\n")
    words += ["--", "results/mine/table_mIoU.csv"]  # for which the sheet is needed
    note_request(Path(".snakemake"), "results/mine", words, ["results/mine/runs.csv"])
    assert main(["status"]) == 0
    assert capsys.readouterr().out.endswith(f"go on by {' '.join(words)}\n")


@pytest.mark.parametrize("num_answered", [0, 2, 3])
def test_queries_that_wait_are_told_with_the_page_that_asks_them(results, capsys, num_answered):
    queries = make_queries([(0, 1, 1), (0, 1, 5), (0, 4, 8)])
    save_queries(Path("round1.h5"), queries)
    answers = [answer_to(queries, index, 1) for index in range(num_answered)]
    AnswerFile(Path("answers.jsonl")).append(queries, answers)
    folder = results / "seed0/ra/budget0.05/round1"
    measure_scores(results)
    page = "cbda annotate --queries round1.h5 --answers answers.jsonl --target-root pool"
    said = (
        f"cbda ask: round 1: 3 of 3 queries wait for an answer; answer them on the page of `{page}`"
    )
    (folder / "ask.log").write_text(f"{said}, then run the same command again\n")
    (folder / "labels.h5").unlink()
    assert main(["status"]) == 0
    expected = f"next: {3 - num_answered} of 3 queries of round 1 wait for an answer: {page}\n"
    done = "next: round 1 is answered, all 3 queries\n"
    assert (expected if num_answered < 3 else done) in capsys.readouterr().out


def _wait(results, page):
    """Have a job wait for people on a page."""
    folder = results / "seed0/ra/budget0.05/round1"
    measure_scores(results)
    said = (
        f"cbda ask: round 1: 3 of 3 queries wait for an answer; answer them on the page of `{page}`"
    )
    (folder / "ask.log").write_text(f"{said}, then run the same command again\n")
    (folder / "labels.h5").unlink()


def test_queries_that_are_gone_and_answers_that_cannot_be_read_are_told_below_the_table(
    results, capsys
):
    _wait(results, "cbda annotate --queries round1.h5 --answers answers.jsonl --target-root pool")
    assert main(["status"]) == 0
    said = capsys.readouterr().out
    assert rows_of(said)["acquire"].split()[2] == "1"
    assert "next: round1.h5 is gone, so that the round's queries are chosen anew\n" in said
    save_queries(Path("round1.h5"), make_queries([(0, 1, 1)]))
    Path("answers.jsonl").write_text("ask Ann")
    assert main(["status"]) == 0
    said = capsys.readouterr().out
    assert "next: what waits for people can't be read: answers.jsonl: is no file of answers" in said


@pytest.mark.parametrize(
    "page", ["cbda annotate --queries 'round1.h5", "cbda annotate --queries q"]
)
def test_log_that_was_edited_tells_nothing_of_what_waits(results, capsys, page):
    _wait(results, page)
    assert main(["status"]) == 0
    assert "next: acquire, for " in capsys.readouterr().out


def test_experiment_of_another_folder_is_told_as_where_it_ran(results, capsys, monkeypatch):
    """What was asked for is known there alone, such as that nothing is to be evaluated."""
    measure_scores(results)
    outputs = {str(path) for path in results.rglob("*") if path.name != "evaluation.json"}
    for path in results.rglob("evaluation.json"):
        path.unlink()
    outputs |= {path.replace("labels.h5", "scores.h5") for path in outputs}
    note_request(Path(".snakemake"), "results", ["snakemake", "--cores", "2"], outputs)
    (results / "seed1/cbda/budget0.05/round2/model.pt").unlink()
    home = Path.cwd()
    assert main(["status"]) == 0
    here = capsys.readouterr().out
    for elsewhere in (results, home.parent):
        monkeypatch.chdir(elsewhere)
        assert main(["status", str(home / "results")]) == 0
        assert capsys.readouterr().out == f"in {home}:\n{here}"
        monkeypatch.chdir(home)
    assert "next: finetune" in here


@pytest.mark.parametrize("is_made", [True, False])
def test_what_is_left_beside_the_jobs_is_told(results, capsys, is_made):
    """Without a table, as where people answer and nothing is evaluated."""
    measure_scores(results)
    outputs = {str(path) for path in results.rglob("*")}
    outputs |= {str(path.with_name("scores.h5")) for path in results.rglob("labels.h5")}
    outputs |= set() if is_made else {"results/answers.csv"}
    note_request(Path(".snakemake"), "results", ["snakemake", "--cores", "2"], outputs)
    assert main(["status"]) == 0
    said = capsys.readouterr().out
    assert ("\nnothing is left of what was asked for last\n" in said) == is_made
    left = "tables and what else was asked for: snakemake --cores 2\n"
    assert (left in said) != is_made
