"""Damage and foreign layouts, planted one at a time."""

import json
import random
import shutil
from pathlib import Path

import h5py
import numpy as np
import pytest
import torch

from cbda.errors import UserError
from cbda.files.checkpoints import load_checkpoint, save_checkpoint
from cbda.files.json_files import (
    load_statistics,
    read_diagnosis,
    read_evaluation,
    save_statistics,
    write_diagnosis,
    write_evaluation,
)
from cbda.files.labels import LabelFile
from cbda.files.scores import ScoreFile
from tests.pools import summarise, write_labels, write_scores

DATA = Path(__file__).parents[1] / "data/v0.1.0"
SUMMARY = summarise([[4, 0], [1, 7]], [0, 2], score="ü/s.py:f", class_weights=np.array([0.25, 1]))


def write_scores_file(path):
    rng = np.random.default_rng(0)
    score, prediction = rng.random((2, 6, 7)), rng.integers(0, 3, (2, 6, 7))
    write_scores(path, ["a", "ü b"], score, prediction, num_classes=3, radius=1)


def write_labels_file(path):
    rng = np.random.default_rng(0)
    label, rounds = rng.integers(0, 2, (2, 6, 7)), rng.integers(0, 3, (2, 6, 7))
    queries = [[1, 0, 3, 4], [2, 1, 5, 6]]
    write_labels(path, ["a", "ü b"], label, rounds, SUMMARY, queries)


def write_checkpoint(path):
    state = {"weight": torch.arange(40.0), "name": ["sky", "road"]}
    save_checkpoint(path, {"model": state, "iteration": 3})


def write_evaluation_file(path):
    classes = {"classes": ["a"], "class_iou": [0.5], "confusion": [[3]]}
    worst = {"worst_class": "a", "worst_class_iou": 0.5}
    write_evaluation(path, {**classes, **worst, "mIoU": 0.5, "num_images": 2})


def write_statistics_file(path):
    save_statistics(path, ["one", "other"], ["sky", "road"], [[3, 4], [5, 0]])


def read_statistics_file(path):
    image_ids, classes, counts = load_statistics(path)
    return image_ids, classes, counts.tolist()


def write_diagnosis_file(path):
    write_diagnosis(path, {"class": ["sky", "road"], "queries": [3, 4], "uncertainty": [0.5, None]})


def read_by_library(path, *names):
    """The same maps as the HDF5 library reads them."""
    with h5py.File(path) as file:
        return [values.tobytes() for name in names for values in file[name][:]]


def read_scores_file(path):
    with ScoreFile.open(path) as scores:
        maps = [values.tobytes() for index in range(2) for values in scores.read(index)]
        return maps, scores.image_ids, scores.num_classes, scores.radius, scores.score


def read_labels_file(path):
    with LabelFile.open(path) as labels:
        maps = [values.tobytes() for index in range(2) for values in labels.read(index)]
        queries = [block.tolist() for block in labels.queries()]
        return maps, queries, labels.image_ids, repr(labels.summary)


def read_checkpoint(path):
    content = load_checkpoint(path)
    weight = content["model"].pop("weight")
    return content, weight.tolist()


def read_evaluation_file(path):
    """All that is said under the names that we know: a digest of another name says nothing."""
    known = ("classes", "class_iou", "confusion", "worst_class", "worst_class_iou", "mIoU")
    evaluation = read_evaluation(path)
    return {name: evaluation.get(name) for name in known}


def copy_of(name):
    return lambda path: shutil.copy(DATA / name, path)


FILES = {
    "scores.h5": (write_scores_file, read_scores_file),
    "labels.h5": (write_labels_file, read_labels_file),
    "scores of 0.1.0": (copy_of("scores.h5"), read_scores_file),
    "labels of 0.1.0": (copy_of("plain-2.h5"), read_labels_file),
    "model.pt": (write_checkpoint, read_checkpoint),
    "evaluation.json": (write_evaluation_file, read_evaluation_file),
    "statistics.json": (write_statistics_file, read_statistics_file),
    "diagnosis.json": (write_diagnosis_file, read_diagnosis),
}


def read_or_complain(read, path):
    """What the file says; None if it is refused in one line that names it."""
    try:
        return read(path)
    except UserError as error:
        return None if str(path) in str(error) and "\n" not in str(error) else error


NUM_FLIPS = 250  # of a file whose every byte would be too many
SHORT_BYTES = 700


def planted(content, num_flips, seed=0):
    """Copies of a file with one bit flipped, and truncated ones."""
    rng = random.Random(seed)
    places = range(len(content)) if len(content) <= SHORT_BYTES else None
    for place in places or sorted(rng.sample(range(len(content)), num_flips)):
        damaged = bytearray(content)
        damaged[place] ^= 1 << rng.randrange(8)
        yield bytes(damaged)
    for length in range(0, len(content), max(len(content) // 40, 1)):
        yield content[:length]


MAPS = {"scores.h5": ("score", "prediction"), "labels.h5": ("label", "round")}


@pytest.mark.parametrize("name", MAPS)
def test_flipped_bit_in_a_map_is_found_by_the_library_too(tmp_path, name):
    path = tmp_path / name
    FILES[name][0](path)
    content, expected = path.read_bytes(), read_by_library(path, *MAPS[name])
    for damaged in planted(content, num_flips=100):
        path.write_bytes(damaged)
        try:
            assert read_by_library(path, *MAPS[name]) == expected
        except (OSError, KeyError, RuntimeError, ValueError):
            continue


@pytest.mark.parametrize("name", FILES)
def test_flipped_bit_or_lost_end_is_an_error_or_harmless(tmp_path, name, capsys):
    write, read = FILES[name]
    path = tmp_path / name
    write(path)
    content, expected = path.read_bytes(), read(path)
    num_tried = num_refused = 0
    for damaged in planted(content, NUM_FLIPS):
        path.write_bytes(damaged)
        found = read_or_complain(read, path)
        assert found is None or found == expected
        num_tried, num_refused = num_tried + 1, num_refused + (found is None)
    assert num_refused > num_tried / 10
    with capsys.disabled():
        print(f"\n{name}: {num_tried} damaged copies, {num_refused} refused, the rest harmless")


def replace(file, name, values):
    del file[name]
    file[name] = values


FOREIGN = {
    "score of another dtype": lambda f: replace(f, "score", np.zeros((2, 6, 7))),
    "score of integers": lambda f: replace(f, "score", np.zeros((2, 6, 7), int)),
    "one score map": lambda f: replace(f, "score", np.zeros((6, 7), "f4")),
    "no pixels": lambda f: replace(f, "score", np.zeros((2, 0, 7), "f4")),
    "fewer predictions": lambda f: replace(f, "prediction", np.zeros((1, 6, 7), "u1")),
    "predictions of another size": lambda f: replace(f, "prediction", np.zeros((2, 7, 6), "u1")),
    "predictions of 16 bits": lambda f: replace(f, "prediction", np.zeros((2, 6, 7), "u2")),
    "a number for an image id": lambda f: replace(f, "image_id", np.arange(2)),
    "fewer image ids": lambda f: replace(f, "image_id", ["a"]),
    "a single image id": lambda f: replace(f, "image_id", "a"),
    "an empty data set": lambda f: replace(f, "score", h5py.Empty("f4")),
    "a link to nothing": lambda f: replace(f, "score", h5py.SoftLink("/nothing")),
    "a link to another file": lambda f: replace(f, "score", h5py.ExternalLink("x.h5", "/score")),
    "text for a number": lambda f: f.attrs.__setitem__("num_classes", "three"),
    "several numbers": lambda f: f.attrs.__setitem__("radius", [1, 2]),
    "a fraction for a number": lambda f: f.attrs.__setitem__("radius", 1.5),
    "no attribute": lambda f: f.attrs.__delitem__("score"),
    "an empty attribute": lambda f: f.attrs.__setitem__("score", h5py.Empty("f4")),
    "another version": lambda f: f.attrs.__setitem__("version", 2),
    "several versions": lambda f: f.attrs.__setitem__("version", [1, 1]),
    "another format": lambda f: f.attrs.__setitem__("format", "cbda.labels"),
    "no format": lambda f: f.attrs.__delitem__("format"),
}


def make_group(file):
    del file["score"]
    file.create_group("score")


FOREIGN["a group for a map"] = make_group


@pytest.mark.parametrize("what", FOREIGN)
def test_score_file_of_another_layout_is_refused(tmp_path, what):
    path = tmp_path / "scores.h5"
    write_scores_file(path)
    with h5py.File(path, "r+") as file:
        for name in ("texts", "attributes_sha256"):  # which only files of ours have
            del file.attrs[name]
        FOREIGN[what](file)
    assert read_or_complain(read_scores_file, path) is None


def test_score_file_as_others_write_it_is_read(tmp_path):
    """Old layout, texts of variable length, no checksum."""
    path = tmp_path / "scores.h5"
    with h5py.File(path, "w") as file:
        file["score"], file["prediction"] = np.ones((2, 6, 7), "f4"), np.zeros((2, 6, 7), "u1")
        file["image_id"] = ["a", "ü b"]
        attributes = {"num_classes": 3, "radius": 1, "score": "mine"}
        file.attrs.update({"format": "cbda.scores", "version": 1, **attributes})
    assert read_scores_file(path)[1:] == (("a", "ü b"), 3, 1, "mine")


def test_shape_is_said_in_numbers(tmp_path):
    path = tmp_path / "scores.h5"
    write_scores_file(path)
    with h5py.File(path, "r+") as file:
        replace(file, "prediction", np.zeros((1, 6, 7), "u1"))
    with pytest.raises(UserError, match=r"prediction is uint8 \(1,6,7\), must be u1 \(2,6,7\)$"):
        read_scores_file(path)


def test_texts_of_an_older_file_are_compared_with_their_checksum(tmp_path):
    path = tmp_path / "scores.h5"
    shutil.copy(DATA / "scores.h5", path)
    content = path.read_bytes()
    heap = content.index(b"GCOL")
    for place in range(heap, heap + 60):
        damaged = bytearray(content)
        damaged[place] ^= 4
        path.write_bytes(damaged)
        with pytest.raises(UserError, match="its attributes do not match their checksum"):
            ScoreFile.open(path)


@pytest.mark.parametrize("num_rounds", [1, 40])
def test_flipped_bit_in_an_attribute_is_found_whatever_its_size(tmp_path, num_rounds):
    """Attributes above 4 KiB are stored outside of what HDF5 itself covers."""
    path = tmp_path / "labels.h5"
    counts = np.arange(num_rounds * 19).reshape(-1, 19) + (1 << 40)
    nothing = np.zeros((1, 2, 2), np.uint8)
    write_labels(path, ["a"], nothing, nothing, summarise(counts))
    content = path.read_bytes()
    place = content.index(counts.astype("<i8").tobytes())
    for offset in range(place, place + counts.nbytes, 97):
        damaged = bytearray(content)
        damaged[offset] ^= 1
        path.write_bytes(damaged)
        assert read_or_complain(LabelFile.open, path) is None


ABOUT = {"format": "cbda.scores", "version": 1, "num_classes": 3, "radius": 1, "score": "mine"}


def foreign_scores(path, **layout):
    """A score file by another program, whose maps the caller fills."""
    file = h5py.File(path, "w")
    file["image_id"] = ["a", "b", "c"]
    file.attrs.update(ABOUT)
    for name, dtype in (("score", "f4"), ("prediction", "u1")):
        file.create_dataset(name, (3, 4, 5), dtype, **layout)
    return file


@pytest.mark.parametrize("num_written", [0, 1, 3])
def test_maps_that_were_never_written_are_refused(tmp_path, num_written):
    path = tmp_path / "scores.h5"
    with foreign_scores(path, chunks=(1, 4, 5)) as file:
        for name in ("score", "prediction"):
            for index in range(num_written):
                file[name][index] = 1
    if num_written == 3:
        ScoreFile.open(path)
        return
    with pytest.raises(UserError, match=f"score was never .*: {num_written} of 3 chunks are there"):
        ScoreFile.open(path)


def test_unwritten_maps_in_one_piece_are_refused(tmp_path):
    path = tmp_path / "scores.h5"
    foreign_scores(path).close()
    with pytest.raises(UserError, match="score was never written to its end: 0 of 240 bytes"):
        ScoreFile.open(path)


def link_elsewhere(file, folder):
    file["score"] = h5py.ExternalLink(folder / "other.h5", "score")


def link_within(file, folder):
    file["elsewhere"] = np.ones((3, 4, 5), "f4")
    file["score"] = h5py.SoftLink("/elsewhere")


def map_virtually(file, folder):
    layout = h5py.VirtualLayout((3, 4, 5), "f4")
    layout[:] = h5py.VirtualSource(folder / "other.h5", "score", (3, 4, 5))
    file.create_virtual_dataset("score", layout)


def store_raw_elsewhere(file, folder):
    file.create_dataset("score", (3, 4, 5), "f4", external=[(folder / "raw", 0, 240)])


@pytest.mark.parametrize(
    ("lay", "message"),
    [
        (link_elsewhere, "score is a link to elsewhere"),
        (link_within, "score is a link to elsewhere"),
        (map_virtually, "score has its values in another file"),
        (store_raw_elsewhere, "score has its values in another file"),
    ],
)
@pytest.mark.parametrize("is_there", [True, False])
def test_values_in_other_files_are_refused(tmp_path, lay, message, is_there):
    path = tmp_path / "scores.h5"
    if is_there:
        (tmp_path / "raw").write_bytes(bytes(240))
        with h5py.File(tmp_path / "other.h5", "w") as other:
            other["score"] = np.ones((3, 4, 5), "f4")
    with foreign_scores(path) as file:
        file["prediction"][:] = 1
        del file["score"]
        lay(file, tmp_path)
    with pytest.raises(UserError, match=message):
        ScoreFile.open(path)


def test_evaluation_without_its_digest_is_refused(tmp_path):
    path = tmp_path / "evaluation.json"
    write_evaluation_file(path)
    content = json.loads(path.read_text())
    path.write_text(json.dumps({**content, "sha256": None, "mIoU": 7.5}))
    with pytest.raises(UserError, match="does not match its sha256"):
        read_evaluation(path)
    del content["sha256"]
    path.write_text(json.dumps({**content, "mIoU": 7.5}))
    with pytest.raises(UserError, match="lacks sha256"):
        read_evaluation(path)
