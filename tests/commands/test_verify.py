"""Whatever happens to a result, `cbda verify` names it, and no table is made from it."""

import csv
import os
import random
import re
import shutil
from contextlib import chdir
from pathlib import Path

import pytest

from cbda.cli import main
from cbda.files.answers import AnswerFile
from cbda.files.json_files import write_text
from cbda.files.queries import save_queries
from cbda.files.records import record_path
from tests.damages import DAMAGES, harm
from tests.experiments import job, make_experiment, measure, record_of, results_of, tabulate_words
from tests.queries import answer_to, make_queries

TABLES = ("out", "out-classes", "out-acquisition", "out-comparisons")
NUM_DAMAGES = 54


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """A folder with an experiment and its tables."""
    folder = tmp_path_factory.mktemp("made")
    with chdir(folder):
        sheet = make_experiment(Path("results"))
        assert main(tabulate_words(sheet, "results")) == 0
    return folder


def verify(capsys, *words):
    """Exit code, table by file, and the line on standard error."""
    capsys.readouterr()
    code = main(["verify", *map(str, words), "--out", "verify.csv"])
    captured = capsys.readouterr()
    with open("verify.csv", newline="") as stream:
        states = {row["file"]: row["state"] for row in csv.DictReader(stream)}
    return code, states, captured.err


FINE = re.compile("ok|gone: used and deleted|yours: .*")


def wrong(states):
    return {path: state for path, state in states.items() if not FINE.fullmatch(state)}


def tabulate(results):
    """Exit code of making the tables elsewhere; they are there if it is 0."""
    shutil.rmtree("tables", ignore_errors=True)
    code = main(tabulate_words(results / "runs.csv", "tables"))
    assert os.path.exists("tables") == (code == 0)
    return code


def test_sound_experiment_is_all_ok(results, capsys):
    code, states, error = verify(capsys)
    assert (code, wrong(states), error) == (0, {}, "")
    assert states["results/seed1/cbda/budget0.05/round2/model.pt"] == "ok"
    assert states["results/seed1/cbda/budget0.05/round2/scores.h5"] == "gone: used and deleted"
    assert states["results/out.csv"] == "ok"
    assert tabulate(results) == 0


def test_results_of_another_folder_that_a_sheet_names_are_known(results, capsys):
    rows = (results / "runs.csv").read_text().replace("./seed", f"../{results.name}/seed")
    Path("elsewhere").mkdir()
    with job("runs"):
        write_text(Path("elsewhere/runs.csv"), rows)
    code, states, error = verify(capsys, "elsewhere")
    assert (code, states, error) == (0, {"elsewhere/runs.csv": "ok"}, "")
    labels = results / "seed0/ra/budget0.05/round1/labels.h5"
    labels.write_bytes(labels.read_bytes()[:-1])
    code, states, _ = verify(capsys, "elsewhere")
    assert code == 2
    assert list(wrong(states)) == [str(labels)]
    assert states[str(labels)].startswith("damaged: ")


@pytest.mark.parametrize("seed", range(NUM_DAMAGES))
def test_damage_is_named_and_no_table_is_made_from_it(results, capsys, seed):
    rng = random.Random(seed)
    paths = results_of(results)
    damage, path = DAMAGES[seed % len(DAMAGES)], rng.choice(paths)
    if not harm(damage, path, paths, rng):
        pytest.skip(f"{damage.__name__} of {path}")
    code, states, error = verify(capsys, "results")
    assert code == 2
    named = wrong(states)
    is_moved = damage.__name__ in ("swap", "lose_record")  # named where it doesn't fit
    assert str(path) in named or (is_moved and named), damage.__name__
    assert error.startswith(f"cbda verify: error: {len(named)} of {len(states)} files")
    is_source = path.name in ("runs.csv", "labels.h5", "evaluation.json", "model.pt")
    is_left_out = damage.__name__ == "lose" and path.name != "labels.h5"  # said in the table
    if is_source and not is_left_out and path.name != "runs.csv":
        assert tabulate(results) == 2, damage.__name__


def test_what_is_not_made_yet_is_counted_alone(results, capsys):
    for path in [*results.glob("*.csv"), *results.rglob("evaluation.json")]:
        if path.name != "runs.csv":
            path.unlink()
            record_path(path).unlink()
    code, states, error = verify(capsys)
    assert (code, wrong(states), error) == (0, {}, "")
    assert not [path for path in states if path.endswith("evaluation.json")]
    assert main(["verify"]) == 0
    said = capsys.readouterr().out
    assert said.endswith(f"\n{len(states)} files, 0 of them not as made; not made yet: 6 more\n")
    assert "evaluation.json" not in said
    (results / "seed0/full/model.pt").unlink()
    code, _, error = verify(capsys)
    assert (code, error.count("1 of ")) == (2, 1)


@pytest.mark.parametrize("place", [".", "..", "results", "/"])
def test_working_directory_does_not_matter(results, capsys, monkeypatch, place):
    folder = Path("results").absolute()
    (folder / "seed0/ra/budget0.05/evaluation.json").unlink()
    monkeypatch.chdir(place)
    assert main(["verify", str(folder)]) == 2
    said = capsys.readouterr()
    assert "not as made: " in said.err
    assert "1 of them not as made" in said.out


def test_swapped_file_is_told_from_a_damaged_one(results, capsys):
    run = "results/seed0/ra/budget0.05"
    shutil.copy(f"{run}/round1/labels.h5", f"{run}/round2/labels.h5")
    states = wrong(verify(capsys)[1])
    assert states[f"{run}/round2/labels.h5"] == f"foreign: is {run}/round1/labels.h5"


def test_evaluations_are_not_missed_where_there_is_nothing_to_measure_by(results, capsys):
    for path in [*results.rglob("evaluation.json"), *results.glob("*.csv")]:
        path.unlink()
        record_path(path).unlink(missing_ok=True)
    words = "--seeds 0 1 --methods ra cbda --budgets 0.05 --references full --rounds 2 --unmeasured"
    assert main(["runs", *words.split(), "--results", ".", "--out", "results/runs.csv"]) == 0
    code, states, error = verify(capsys)
    assert (code, wrong(states), error) == (0, {}, "")
    shutil.rmtree("results/seed0/ra")
    shutil.copytree("results/seed1/ra", "results/seed0/ra")
    assert "results/seed0/ra/budget0.05/round2/labels.h5" in wrong(verify(capsys)[1])


def test_whole_run_of_another_seed_is_foreign(results, capsys):
    for seed in (0, 1):
        os.rename(f"results/seed{seed}/ra", f"results/ra{seed}")
    for seed in (0, 1):
        os.rename(f"results/ra{seed}", f"results/seed{1 - seed}/ra")
    states = wrong(verify(capsys)[1])
    assert states["results/seed0/ra/budget0.05/round1/model.pt"] == (
        "foreign: its seed is 1, that of the run 0"
    )
    assert tabulate(results) == 2


def test_runs_of_two_methods_that_changed_places_are_foreign(results, capsys):
    run = "results/seed0/{}/budget0.05"
    os.rename(run.format("ra"), "aside")
    os.rename(run.format("cbda"), run.format("ra"))
    os.rename("aside", run.format("cbda"))
    states = wrong(verify(capsys)[1])
    assert states[f"{run.format('ra')}/round1/labels.h5"] == (
        "foreign: its method_allocation is dynamic, that of the run per_image"
    )
    assert tabulate(results) == 2


def test_file_lost_with_its_record_is_missed_where_the_sheet_expects_it(results, capsys):
    for name in ("evaluation.json", "round1/labels.h5", "round1/metrics.json"):
        path = results / "seed0/ra/budget0.05" / name
        path.unlink()
        record_path(path).unlink()
    states = wrong(verify(capsys)[1])
    for name in ("evaluation.json", "round1/labels.h5", "round1/metrics.json"):
        assert states[f"results/seed0/ra/budget0.05/{name}"] == "gone"


def test_lost_record_does_not_make_tables_foreign(results, capsys):
    record_path(results / "seed0/ra/budget0.05/evaluation.json").unlink()
    states = wrong(verify(capsys)[1])
    assert list(states) == ["results/seed0/ra/budget0.05/evaluation.json"]


def test_settings_of_one_seed_alone_are_foreign(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    sheet = make_experiment(Path("results"), seeds=(0, 1, 2), seed2={"training_lr": 0.5})
    code = main(tabulate_words(sheet, "tables"))
    assert code == 2
    said = capsys.readouterr().err
    assert "seed2" in said
    assert "training_lr is 0.5 in place of None" in said


def test_evaluation_of_another_kind_is_foreign(results, capsys):
    run = results / "seed1/ra/budget0.05"
    measure(run / "evaluation.json", run / "round2/model.pt", 0.7, flip=True)
    assert tabulate(results) == 2
    assert "flip is True in place of None" in capsys.readouterr().err


def test_table_of_earlier_results_is_foreign(results, capsys):
    run = results / "seed1/ra/budget0.05"
    measure(run / "evaluation.json", run / "round2/model.pt", 0.7)
    states = wrong(verify(capsys)[1])
    assert set(states) == {f"results/{name}.csv" for name in TABLES}
    assert set(states.values()) == {"foreign: was made from other results than those that are here"}
    assert tabulate(results) == 0


def test_results_without_records_make_no_table(results, capsys):
    shutil.rmtree(results / "seed0/ra/budget0.05/.cbda")
    assert tabulate(results) == 2
    assert "unrecorded: made by hand, or by cbda 0.1.0" in capsys.readouterr().err
    row = ("ra", "0.05", "0", "results/seed0/ra/budget0.05/evaluation.json", "-")
    words = tabulate_words("-", "tables")
    words[1:3] = ["--run", *row]
    assert main(words) == 0


def test_queries_and_answers_beside_results_are_the_users(results, capsys):
    queries = make_queries([(0, 1, 2)])
    save_queries(results / "queries.h5", queries)
    AnswerFile(results / "answers.json").append(queries, [answer_to(queries, 0, 1)])
    code, states, _ = verify(capsys)
    yours = {path: state for path, state in states.items() if state.startswith("yours: ")}
    assert (code, set(yours)) == (0, {"results/queries.h5", "results/answers.json"})


@pytest.mark.parametrize(
    "name", ["report.html", "figures/mIoU.png", "figures/class_shares_budget0.05_column.pdf"]
)
def test_file_called_like_a_result_is_unrecorded(results, capsys, name):
    with job("report"):
        write_text(results / "figures/ranks.svg", "a figure")
    (results / name).write_text("")
    code, states, _ = verify(capsys)
    assert (code, set(wrong(states))) == (2, {f"results/{name}"})
    assert states[f"results/{name}"].startswith("unrecorded: ")


@pytest.mark.parametrize("name", ["sketch.png", "notes.md", "figures/my_mIoU.pdf", "draft.json"])
def test_file_of_another_name_is_the_users(results, capsys, name):
    with job("report"):
        write_text(results / "figures/ranks.svg", "a figure")
    (results / name).write_text("mine")
    code, states, _ = verify(capsys)
    assert code == 0
    assert f"results/{name}" not in states


def test_machines_are_named_if_they_differ(results, capsys):
    run = results / "seed1/ra/budget0.05"
    measure(run / "evaluation.json", run / "round2/model.pt", 0.5, machine={"processor": "Q"})
    assert tabulate(results) == 0
    assert "see the column `made_with`" in capsys.readouterr().out
    with open("tables/out.csv", newline="") as stream:
        rows = {row["method"]: row["made_with"] for row in csv.DictReader(stream)}
    assert rows == {"ra": "processor P and Q", "cbda": "processor P", "full": "processor P"}


def test_folder_that_is_not_there_is_one_line(tmp_path, capsys):
    assert main(["verify", str(tmp_path / "none")]) == 2
    assert "no such folder" in capsys.readouterr().err


def test_record_of_a_table_has_its_results(results):
    first = record_of(results / "out.csv").inputs
    assert set(first) == {"runs", "results"}
