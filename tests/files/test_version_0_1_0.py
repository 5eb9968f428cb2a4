"""Files that version 0.1.0 wrote are read and gone on from."""

import gzip
import shutil
from pathlib import Path

import numpy as np
import pytest

from cbda.cli import main
from cbda.files.checkpoints import load_checkpoint
from cbda.files.json_files import load_statistics, read_diagnosis, read_evaluation
from cbda.files.labels import LabelFile
from cbda.files.scores import ScoreFile

DATA = Path(__file__).parents[1] / "data/v0.1.0"
CLASSES = ("road", "car", "tree")
METHODS = {
    "plain": "--method-balance consumed",
    "exploring": "--method-balance none --method-explore 0.4",
}


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch):
    """A copy of the files, as the working directory."""
    shutil.copytree(DATA, tmp_path / "old")
    monkeypatch.chdir(tmp_path / "old")
    Path("model.pt").write_bytes(gzip.decompress(Path("model.pt.gz").read_bytes()))


def contents(path):
    """Everything that a label file says, as plain values."""
    with LabelFile.open(Path(path)) as labels:
        maps = [values.tolist() for index in range(3) for values in labels.read(index)]
        queries = np.concatenate(list(labels.queries())).tolist()
        return maps, queries, labels.image_ids, repr(labels.summary)


def test_score_file_is_read():
    with ScoreFile.open(Path("scores.h5")) as scores:
        assert (scores.image_ids, scores.shape) == (("a", "b", "c"), (3, 12, 16))
        assert (scores.num_classes, scores.radius, scores.score) == (3, 1, "ripu")
        score, prediction = scores.read(2)
    assert score.std() > 0
    assert (score.dtype.name, prediction.dtype.name) == ("float32", "uint8")


@pytest.mark.parametrize(
    ("method", "balance", "fraction"), [("plain", "consumed", 0.0), ("exploring", "none", 0.4)]
)
def test_parts_of_a_method_are_read(method, balance, fraction):
    with LabelFile.open(Path(f"{method}-2.h5")) as labels:
        found = labels.summary
        assert (labels.rounds_done, labels.num_queries) == (2, 18)
    assert (found.score, found.unit, found.allocation) == ("ripu", "region", "dynamic")
    assert (found.balance, found.random_fraction) == (balance, fraction)
    assert (found.budget, found.rounds, found.radius, found.seed) == (0.3, 3, 1, 7)


@pytest.mark.parametrize("method", METHODS)
def test_next_round_is_the_one_that_version_0_1_0_acquired(method):
    command = f"""
        acquire --scores scores.h5 --labels {method}-2.h5 --oracle-kind folder --oracle-root pool
        --method-unit region --method-allocation dynamic {METHODS[method]} --radius 1 --budget 0.3
        --rounds 3 --round 3 --seed 7 --classes {" ".join(CLASSES)} --out new.h5
    """
    assert main(command.split()) == 0
    assert contents("new.h5") == contents(f"{method}-3.h5")


def test_model_is_scored_with_and_trained_on():
    device = "--device cpu --seed 0"
    score = f"score --checkpoint model.pt --target-root pool {device} --round 3 --out new.h5"
    assert main(f"{score} --method-score ripu --method-unit region --radius 1".split()) == 0
    training = "--training-total-iterations 4 --training-image-size 12 16 --training-batch-size 1"
    data = "--source-root pool --target-root pool --labels plain-3.h5"
    finetune = f"finetune --checkpoint model.pt {data} {training} {device} --until 3 --out new.pt"
    assert main(finetune.split()) == 0
    assert load_checkpoint(Path("new.pt"))["iteration"] == 3


def test_round_is_diagnosed_as_version_0_1_0_did():
    classes = f"--oracle-root pool --classes {' '.join(CLASSES)}"
    command = f"diagnose --scores scores.h5 --labels plain-2.h5 {classes} --out new.json"
    assert main(command.split()) == 0
    assert read_diagnosis(Path("new.json")) == read_diagnosis(Path("diagnosis.json"))


def test_json_files_are_read():
    image_ids, classes, counts = load_statistics(Path("statistics.json"))
    assert (image_ids, tuple(classes), counts.shape) == (["a", "b", "c"], CLASSES, (3, 3))
    assert counts.sum() == 3 * (12 * 16 - 2)
    evaluation = read_evaluation(Path("evaluation.json"))
    assert tuple(evaluation["classes"]) == CLASSES
    assert 0 < evaluation["mIoU"] < 1
