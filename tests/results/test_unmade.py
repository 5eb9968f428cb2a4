"""What a sample sheet lists is missed if anything tells that it was made, and only then."""

import shutil
from itertools import chain
from pathlib import Path

import pytest

from cbda.cli import main
from cbda.files.json_files import write_text
from cbda.files.records import record_path
from cbda.results.verification import UNMADE, verify
from tests.experiments import job, make_experiment, tabulate_words

RUN = Path("results/seed1/cbda/budget0.05")
STEPS = [  # of a run, with all that each makes
    ["round1/scores.h5"],
    ["round1/labels.h5"],
    ["round1/metrics.json", "round1/model.pt"],
    ["round2/scores.h5"],
    ["round2/labels.h5"],
    ["round2/metrics.json", "round2/model.pt"],
    ["evaluation.json"],
]
LISTED = [f"{RUN}/{name}" for name in ("evaluation.json", "round1/labels.h5", "round2/labels.h5")]


@pytest.fixture
def sheet(tmp_path, monkeypatch):
    """That of an experiment of two seeds and two methods without tables, in the working folder."""
    monkeypatch.chdir(tmp_path)
    return make_experiment(Path("results"))


def lose(*names, run=RUN):
    """Files and their records, as if they had never been made."""
    for name in names:
        (run / name).unlink(missing_ok=True)
        record_path(run / name).unlink(missing_ok=True)


def wrong(folder="results"):
    return {str(found.path): found.state for found in verify([Path(folder)]) if found.is_wrong}


def unmade(folder="results"):
    return [str(found.path) for found in verify([Path(folder)]) if found.state == UNMADE]


@pytest.mark.parametrize("num_done", range(len(STEPS) + 1))
def test_run_that_is_under_way_lacks_nothing(sheet, num_done):
    lost = list(chain(*STEPS[num_done:]))
    lose(*lost)
    assert wrong() == {}
    assert unmade() == [path for path in LISTED if path in {f"{RUN}/{name}" for name in lost}]


def test_experiment_that_has_begun_lacks_nothing(sheet):
    for seed in (0, 1):
        shutil.rmtree(f"results/seed{seed}")
    assert wrong() == {}
    assert len(unmade()) == 2 * (2 * 3 + 1)


def test_run_that_is_never_measured_lacks_nothing(tmp_path, monkeypatch):
    """As where people are asked, and there is nothing to measure by."""
    monkeypatch.chdir(tmp_path)
    words = "--seeds 0 --methods ra --budgets 0.05 --rounds 2 --unmeasured --results ."
    make_experiment(Path("results"), seeds=(0,), methods=("ra",))
    shutil.rmtree("results/seed0/full")
    run = Path("results/seed0/ra/budget0.05")
    lose(*chain(*STEPS[1:]), run=run)
    with job("runs"):
        assert main(["runs", *words.split(), "--out", "results/runs.csv"]) == 0
    assert wrong() == {}
    assert unmade() == [f"{run}/round1/labels.h5", f"{run}/round2/labels.h5"]


@pytest.mark.parametrize("num_done", range(2, len(STEPS) + 1))
def test_labels_lost_with_their_record_are_missed_by_what_was_made_from_them(sheet, num_done):
    lose(*chain(*STEPS[num_done:]))
    lose("round1/labels.h5")
    assert (wrong().get(LISTED[1]) == "gone") == (num_done > 2)


@pytest.mark.parametrize("name", ["round1", "round2"])
def test_whole_round_is_missed_by_the_evaluation(sheet, name):
    shutil.rmtree(RUN / name)
    assert wrong()[f"{RUN}/{name}/labels.h5"] == "gone"
    assert unmade() == []


def test_whole_round_is_missed_by_the_scores_of_the_next(sheet):
    lose(*chain(*STEPS[4:]))
    shutil.rmtree(RUN / "round1")
    assert wrong() == {LISTED[1]: "gone"}
    assert unmade() == [LISTED[0], LISTED[2]]


def test_model_lost_with_its_record_is_missed_before_the_evaluation(sheet):
    lose(*chain(*STEPS[5:]))
    lose(*STEPS[2])
    found = wrong()
    assert f"{RUN}/round2/scores.h5" in found
    assert set(found.values()) == {"foreign: was made from checkpoint that no record here knows"}


def test_model_that_is_gone_is_missed_before_the_evaluation(sheet):
    lose(*chain(*STEPS[5:]))
    (RUN / "round1/model.pt").unlink()
    assert wrong() == {f"{RUN}/round1/model.pt": "gone"}


def test_more_rounds_than_an_evaluation_knows_are_not_made_yet(sheet):
    text = sheet.read_text().splitlines(keepends=True)
    last = next(line for line in text if line.startswith("cbda,0.05,1,2"))
    with job("runs"):
        write_text(sheet, "".join([*text, last.replace(",2,", ",3,").replace("round2", "round3")]))
    assert unmade() == [f"{RUN}/round3/labels.h5"]


def test_run_lost_with_its_records_is_missed_by_the_table(sheet):
    assert main(tabulate_words(sheet, "results")) == 0
    shutil.rmtree(RUN)
    assert wrong() == dict.fromkeys(LISTED, "gone")


def test_table_of_the_runs_that_are_there_misses_no_other(sheet):
    lose(*chain(*STEPS[3:]))
    shutil.rmtree("results/seed0/full")
    assert main(tabulate_words(sheet, "results")) == 0
    assert wrong() == {}
    assert unmade() == ["results/seed0/full/evaluation.json", LISTED[0], LISTED[2]]


def test_table_of_fewer_seeds_misses_none_of_the_others(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert main(tabulate_words(make_experiment(Path("results"), seeds=(0,)), "results")) == 0
    make_experiment(Path("results"))
    shutil.rmtree("results/seed1")
    assert wrong() == {}
    assert len(unmade()) == 2 * 3 + 1


def test_labels_that_a_replay_learned_from_are_missed(sheet):
    words = (
        "--seeds 0 1 --methods ra cbda --budgets 0.05 --rounds 2 --results . --replay ../results"
    )
    with job("runs"):
        assert main(["runs", *words.split(), "--out", "replay/runs.csv"]) == 0
    assert wrong("replay") == {}
    run, last = Path("replay/seed1/cbda/budget0.05"), RUN / "round2/labels.h5"
    inputs = {"checkpoint": Path("results/seed1/pretrain/model.pt"), "labels": last}
    with job("finetune", inputs=inputs, seed=1):
        write_text(run / "retrained/model.pt", "model")
    shutil.rmtree(RUN)
    found = wrong("replay")
    assert [found.get(path) for path in LISTED] == [None, "gone", "gone"]


def test_run_lost_with_its_records_is_missed_by_the_table_of_an_earlier_sheet(sheet):
    names = "--out-classes results/class_iou.csv --out-acquisition results/acquisition.csv"
    assert main([*tabulate_words(sheet, "results"), *names.split()]) == 0
    words = "--seeds 0 1 --methods ra cbda random --budgets 0.05 --rounds 2 --references full"
    with job("runs"):
        assert main(["runs", *words.split(), "--results", ".", "--out", str(sheet)]) == 0
    assert wrong() == {}
    shutil.rmtree(RUN)
    assert wrong() == dict.fromkeys(LISTED, "gone")
    assert not set(unmade()) & set(LISTED)


def test_experiment_beside_a_finished_one_of_the_same_shape_lacks_nothing(sheet):
    other = Path("other/runs.csv")
    make_experiment(other.parent)
    shutil.rmtree("other/seed1")
    assert main(tabulate_words(sheet, "results")) == 0
    assert sheet.read_bytes() == other.read_bytes()
    found = verify([Path("results"), Path("other")])
    assert [finding for finding in found if finding.is_wrong] == []


def test_labels_of_people_are_missed_by_the_table_of_answers(sheet):
    lose(*chain(*STEPS))
    assert LISTED[1] in unmade()
    with job("queries count"):
        write_text(Path("results/answers.csv"), "round,queries\n1,30\n")
    assert wrong()[LISTED[1]] == "gone"
    assert LISTED[2] in unmade()
