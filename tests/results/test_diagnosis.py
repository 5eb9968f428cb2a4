"""Diagnoses of rounds over files."""

import json
from pathlib import Path

import h5py
import numpy as np
import pandas as pd
import pytest
import torch
from torch.nn import functional

from cbda.acquisition.methods import ResolvedMethod
from cbda.acquisition.scoring import compute_score
from cbda.cli import main
from cbda.errors import UserError
from cbda.files.json_files import write_diagnosis
from cbda.files.labels import LabelFile
from cbda.files.scores import ScoreFile
from cbda.results.diagnosis import Diagnosis, diagnose_round
from cbda.selection.round import Round
from tests.pools import make_pool, write_scores
from tests.selection.rounds import acquire, changed

NUM_IMAGES, HEIGHT, WIDTH, NUM_CLASSES, RADIUS, VOID = 3, 20, 24, 4, 1, 255
ROUND = Round(
    ResolvedMethod(allocation="dynamic", radius=RADIUS),
    budget=0.5,
    rounds=2,
    number=1,
    seed=0,
    num_classes=NUM_CLASSES,
)


def make_logits() -> torch.Tensor:
    """Logits (N,C,H,W) of large areas of one class, so that most windows are pure."""
    generator = torch.Generator().manual_seed(0)
    coarse = torch.randn(NUM_IMAGES, NUM_CLASSES, 2, 2, generator=generator)
    return 2 * functional.interpolate(coarse, (HEIGHT, WIDTH), mode="nearest") + torch.rand(
        NUM_IMAGES, NUM_CLASSES, HEIGHT, WIDTH, generator=generator
    )


LOGITS = make_logits()
PREDICTION = LOGITS.argmax(1).numpy().astype(np.uint8)


class Rounds:
    """Two rounds over a pool whose labels differ from the predictions in a stripe."""

    def __init__(self, folder: Path, score: str, unit: str) -> None:
        truth = PREDICTION.copy()
        truth[:, :2], truth[:, 2:4] = 3, VOID
        self.truth, self.folder = truth, folder
        labels = {f"image{index}": label for index, label in enumerate(truth)}
        self.oracle = make_pool(folder / "pool", labels, NUM_CLASSES)
        self.round = changed(ROUND, unit=unit, budget=0.6 if unit == "region" else 0.05)
        self.scores = folder / "scores.h5"
        self._write_scores(score, unit)
        self.labels = [self._acquire(1, None)]
        self.labels.append(self._acquire(2, self.labels[0]))

    def _write_scores(self, score: str, unit: str) -> None:
        generator = torch.Generator().manual_seed(0)
        maps = [compute_score(score, unit, logits, RADIUS, generator) for logits in LOGITS]
        values, prediction = (np.stack(list(column)) for column in zip(*maps, strict=True))
        ids = self.oracle.image_ids
        write_scores(self.scores, ids, values, prediction, NUM_CLASSES, RADIUS, score)

    def _acquire(self, number: int, previous_path: Path | None) -> Path:
        path = self.folder / f"labels{number}.h5"
        round_ = changed(self.round, number=number)
        return acquire(self.oracle, self.scores, round_, previous_path, path)

    def diagnose(self, number: int, num_threads: int = 1) -> Diagnosis:
        labels_path = self.labels[number - 1]
        with ScoreFile.open(self.scores) as scores, LabelFile.open(labels_path) as labels:
            return diagnose_round(scores, labels, self.oracle, num_threads)


def mean_uncertainty(unit: str) -> np.ndarray:
    """Entropy over log C, (N,H,W); its mean over the clipped window for regions."""
    probability = torch.softmax(LOGITS, 1)
    entropy = -(probability * torch.log(probability + 1e-6)).sum(1) / np.log(NUM_CLASSES)
    if unit == "pixel":
        return np.asarray(entropy)
    ones = torch.ones(1, 1, 3, 3)
    total = functional.conv2d(entropy[:, None], ones, padding=1)
    size = functional.conv2d(torch.ones_like(entropy[:, None]), ones, padding=1)
    return np.asarray(total / size)[:, 0]


def is_pure(image: int, row: int, column: int) -> bool:
    window = PREDICTION[image, max(row - 1, 0) : row + 2, max(column - 1, 0) : column + 2]
    return len(np.unique(window)) == 1


@pytest.mark.parametrize("unit", ["region", "pixel"])
@pytest.mark.parametrize("score", ["ripu", "ripu_exact"])
@pytest.mark.parametrize("number", [1, 2])
def test_queries_are_counted_as_one_by_one(tmp_path, score, unit, number):
    rounds = Rounds(tmp_path, score, unit)
    uncertainty = mean_uncertainty(unit)
    queries, pure = np.zeros(NUM_CLASSES, int), np.zeros(NUM_CLASSES, int)
    asked, pure_asked = np.zeros(NUM_CLASSES), np.zeros(NUM_CLASSES)
    with LabelFile.open(rounds.labels[number - 1]) as labels:
        last = np.concatenate(list(labels.queries()))
    for _, image, row, column in last[last[:, 0] == number]:
        label = PREDICTION[image, row, column]
        queries[label] += 1
        asked[label] += uncertainty[image, row, column]
        if is_pure(image, row, column):
            pure[label] += 1
            pure_asked[label] += uncertainty[image, row, column]
    found = rounds.diagnose(number, num_threads=2)
    assert unit == "pixel" or pure.any()
    assert number == 2 or pure.sum() < queries.sum()
    np.testing.assert_array_equal(found.queries, queries)
    np.testing.assert_array_equal(found.pure_queries, pure)
    np.testing.assert_allclose(found.query_uncertainty, asked, rtol=1e-3)
    np.testing.assert_allclose(found.pure_uncertainty, pure_asked, rtol=1e-3)
    total = np.bincount(PREDICTION.ravel(), uncertainty.ravel(), NUM_CLASSES)
    np.testing.assert_allclose(found.uncertainty, total, rtol=1e-3)


def test_pixels_are_counted_by_true_and_by_predicted_class(tmp_path):
    rounds = Rounds(tmp_path, "ripu", "region")
    found, truth = rounds.diagnose(1), rounds.truth
    known = truth != VOID
    hits = truth[truth == PREDICTION]
    for counts, ids in (
        (found.pool_px, truth[known]),
        (found.predicted_px, PREDICTION),
        (found.hit_px, hits),
    ):
        np.testing.assert_array_equal(counts, np.bincount(ids.ravel(), minlength=NUM_CLASSES))
    with LabelFile.open(rounds.labels[1]) as labels:
        maps = [labels.read(index) for index in range(NUM_IMAGES)]
    acquired = np.concatenate([label[round_ == 2] for label, round_ in maps])
    expected = np.bincount(acquired[acquired != VOID], minlength=NUM_CLASSES)
    np.testing.assert_array_equal(rounds.diagnose(2).acquired_px, expected)


def test_another_score_tells_no_uncertainty(tmp_path):
    columns = Rounds(tmp_path, "margin", "region").diagnose(1).columns(("a", "b", "c", "d"))
    assert columns["uncertainty"] == columns["pure_uncertainty"] == [None] * NUM_CLASSES
    assert sum(columns["queries"]) > 0


@pytest.mark.parametrize(
    ("change", "size", "message"),
    [
        ({"radius": 2}, (HEIGHT, WIDTH), "radius is 1, that of .*other.h5 2"),
        ({"num_classes": 5}, (HEIGHT, WIDTH), "number of classes is 4, that of .*other.h5 5"),
        ({}, (HEIGHT, WIDTH + 1), "size .* is .*24., that of .*other.h5 .*25"),
    ],
)
def test_files_of_another_run_are_refused(tmp_path, change, size, message):
    rounds, other = Rounds(tmp_path, "ripu", "region"), tmp_path / "other.h5"
    about = {"num_classes": NUM_CLASSES, "radius": RADIUS, **change}
    nothing = np.zeros((NUM_IMAGES, *size))
    write_scores(other, rounds.oracle.image_ids, nothing, nothing, **about)
    with (
        LabelFile.open(rounds.labels[0]) as labels,
        ScoreFile.open(other) as scores,
        pytest.raises(UserError, match=message),
    ):
        diagnose_round(scores, labels, rounds.oracle)


def test_ground_truth_of_another_size_or_other_classes_is_refused(tmp_path):
    rounds = Rounds(tmp_path, "ripu", "region")
    wide = {f"image{index}": np.zeros((HEIGHT, WIDTH + 1), np.uint8) for index in range(NUM_IMAGES)}
    for name, labels, num_classes, message in (
        ("wide", wide, NUM_CLASSES, r"label of 'image0' is \(20, 25\) px, the scores are"),
        ("fewer", {k: v[:, :WIDTH] for k, v in wide.items()}, 3, "has 4 classes, .*fewer 3"),
    ):
        rounds.oracle = make_pool(tmp_path / name, labels, num_classes)
        with pytest.raises(UserError, match=message):
            rounds.diagnose(1)


def test_prediction_of_no_class_is_refused(tmp_path):
    rounds = Rounds(tmp_path, "ripu", "region")
    with h5py.File(rounds.scores, "r+") as file:
        file["prediction"][1, 5, 5] = 250
    with pytest.raises(UserError, match="image 'image1': predicts class 250, there are 4"):
        rounds.diagnose(1)


def test_query_outside_of_the_pool_is_refused(tmp_path):
    rounds = Rounds(tmp_path, "ripu", "region")
    with h5py.File(rounds.labels[0], "r+") as file:
        file["query"][0] = (1, 0, -1, 3)
    with pytest.raises(UserError, match=r"query \[1, 0, -1, 3\] .* is outside"):
        rounds.diagnose(1)


def test_commands_make_one_table_of_all_rounds(tmp_path, capsys):
    rounds = Rounds(tmp_path, "ripu", "region")
    words = []
    for number, labels in enumerate(rounds.labels, start=1):
        out = tmp_path / f"{number}.json"
        command = ["diagnose", "--scores", rounds.scores, "--labels", labels, "--out", out]
        oracle = ["--oracle-root", rounds.oracle.root, "--classes", "a", "b", "c", "d"]
        assert main([*map(str, command), *map(str, oracle)]) == 0
        words += ["--diagnosis", "ra", "0.10", "7", str(number), str(out)]
    assert "queries went to windows of one predicted class" in capsys.readouterr().out
    assert main(["collect", *words, "--out", str(tmp_path / "diagnosis.csv")]) == 0
    table = pd.read_csv(tmp_path / "diagnosis.csv", dtype={"budget": str})
    assert list(table.columns[:5]) == ["method", "budget", "seed", "round", "class"]
    assert table["budget"].unique().tolist() == ["0.10"]
    assert table["round"].tolist() == [1] * NUM_CLASSES + [2] * NUM_CLASSES
    assert table["pool_px"][:NUM_CLASSES].tolist() == rounds.diagnose(1).pool_px.tolist()
    assert table["class_weight"].tolist() == [1] * 2 * NUM_CLASSES


def test_numbers_look_the_same_beside_a_method_without_uncertainty(tmp_path):
    words = []
    for name, value in (("ra", 1 / 3), ("random", None)):
        path = tmp_path / f"{name}.json"
        write_diagnosis(path, {"class": ["a"], "uncertainty": [value]})
        words += ["--diagnosis", name, "0.1", "0", "1", str(path)]
    out = tmp_path / "diagnosis.csv"
    assert main(["collect", *words, "--out", str(out)]) == 0
    assert out.read_text().splitlines()[1:] == ["ra,0.1,0,1,a,0.333333", "random,0.1,0,1,a,"]


def test_a_file_that_is_no_diagnosis_is_named(tmp_path, capsys):
    path = tmp_path / "diagnosis.json"
    path.write_text(json.dumps({"format": "something else"}))
    words = ["--diagnosis", "ra", "0.1", "0", "1", str(path), "--out", str(tmp_path / "out.csv")]
    assert main(["collect", *words]) == 2
    assert f"{path}: expected 'cbda.diagnosis'" in capsys.readouterr().err
    assert not (tmp_path / "out.csv").exists()
