"""Label files as objects."""

import h5py
import numpy as np
import pytest

from cbda.errors import UserError
from cbda.files import labels as label_files
from cbda.files.labels import LabelFile, LabelSummary
from cbda.files.scores import ScoreFile
from tests.pools import summarise, write_labels, write_scores

LABEL = np.arange(24, dtype=np.uint8).reshape(2, 3, 4) % 3
LABEL[LABEL == 2] = 255
ROUND = np.where(LABEL == 255, 0, 1).astype(np.uint8)
SUMMARY = summarise([[9, 7]])
QUERIES = [[1, 0, 2, 3], [1, 1, 0, 0]]


@pytest.fixture
def path(tmp_path):
    return write_labels(tmp_path / "labels.h5", ["a", "ü"], LABEL, ROUND, SUMMARY, QUERIES)


def test_label_file_reads_what_was_written(path):
    with LabelFile.open(path) as labels:
        assert (labels.path, labels.image_ids, labels.shape) == (path, ("a", "ü"), (2, 3, 4))
        assert (labels.num_classes, labels.rounds_done, labels.num_queries) == (2, 1, 2)
        for index in range(2):
            label, rounds = labels.read(index)
            np.testing.assert_array_equal(label, LABEL[index])
            np.testing.assert_array_equal(rounds, ROUND[index])
        assert np.concatenate(list(labels.queries())).tolist() == QUERIES


def test_maps_of_a_label_file_may_be_painted_on(path):
    with LabelFile.open(path) as labels:
        for values in (*labels.read(0), labels.read_label(0)):
            values[:] = 7
        np.testing.assert_array_equal(labels.read_label(0), LABEL[0])


@pytest.mark.parametrize("random_fraction", [0.0, 0.1])
def test_label_summary_survives_a_round_trip(tmp_path, random_fraction):
    summary = summarise(
        [[4, 0], [1, 7]], [0, 2], score="my/score.py:f", random_fraction=random_fraction
    )
    path = write_labels(tmp_path / "labels.h5", ["a", "b"], LABEL, ROUND, summary)
    with LabelFile.open(path) as labels:
        found = labels.summary
    for name in LabelSummary.__dataclass_fields__:
        np.testing.assert_array_equal(getattr(found, name), getattr(summary, name))
        assert type(getattr(found, name)) is type(getattr(summary, name))
    assert found.class_counts.dtype == np.int64
    explored = "/explore0.1" if random_fraction else ""
    assert found.method == f"my/score.py:f/region/per_image/none{explored}"


def write_older_labels(path, method):
    """As version 0.1.0 and others wrote them: the method is in words only."""
    write_labels(path, ["a", "b"], LABEL, ROUND, SUMMARY)
    with h5py.File(path, "r+") as file:
        for name in (*label_files.LABELS.optional, "attributes_sha256", "texts"):
            if name in file.attrs:
                del file.attrs[name]
        file.attrs["method"] = method
    return path


@pytest.mark.parametrize("method", ["a/b.py:f/pixel/dynamic/ratio/explore0.25", "x/pixel/d/b"])
def test_summary_of_an_older_file_is_parsed_from_its_words(tmp_path, method):
    score, *choice = method.rsplit("/", 4 if "explore" in method else 3)
    with LabelFile.open(write_older_labels(tmp_path / "labels.h5", method)) as labels:
        found = labels.summary
    assert [found.score, found.unit, found.allocation, found.balance] == [score, *choice[:3]]
    assert (found.method, found.random_fraction) == (method, 0.25 if "explore" in method else 0)


@pytest.mark.parametrize("method", ["random", "a/b/c", "/b/c/d", "a/b/c/explore0.5"])
def test_words_that_are_no_method_are_refused(tmp_path, method):
    path = write_older_labels(tmp_path / "labels.h5", method)
    with pytest.raises(UserError, match=rf"^{path}: method is '{method}', must be score/unit/"):
        LabelFile.open(path)


def test_no_labels_are_a_label_file_of_no_round(tmp_path):
    maps = np.zeros((2, 3, 4))
    path = write_scores(tmp_path / "scores.h5", ["a", "b"], maps, maps, num_classes=5, radius=2)
    with ScoreFile.open(path) as scores, LabelFile.open_previous(None, scores) as labels:
        assert (labels.path, labels.image_ids, labels.shape) == (None, ("a", "b"), (2, 3, 4))
        assert (labels.num_classes, labels.rounds_done, labels.num_queries) == (5, 0, 0)
        label, rounds = labels.read(1)
        assert (label == 255).all()
        assert not rounds.any()
        assert label.shape == rounds.shape == (3, 4)
        assert list(labels.queries()) == []
        assert labels.summary.class_counts.shape == (0, 5)
        assert labels.summary.void_counts.shape == (0,)
        assert labels.summary.num_pool_px == 24


def test_labels_of_the_round_before_are_opened(tmp_path, path):
    maps = np.zeros((2, 3, 4))
    scores_path = write_scores(tmp_path / "scores.h5", ["a", "ü"], maps, maps, 2, 1)
    with (
        ScoreFile.open(scores_path) as scores,
        LabelFile.open_previous(path, scores) as labels,
    ):
        assert (labels.path, labels.rounds_done) == (path, 1)


@pytest.mark.parametrize(
    "query", [[0, 0, 0, 0], [2, 0, 0, 0], [1, 2, 0, 0], [1, -1, 0, 0], [1, 0, 3, 0], [1, 0, 0, 4]]
)
def test_query_outside_of_the_pool_is_refused(tmp_path, query):
    path = write_labels(tmp_path / "l.h5", ["a", "b"], LABEL, ROUND, SUMMARY, [*QUERIES, query])
    with (
        LabelFile.open(path) as labels,
        pytest.raises(UserError, match=rf"l.h5: query \[{', '.join(map(str, query))}\]"),
    ):
        list(labels.queries())


def test_label_beyond_the_classes_is_refused(tmp_path):
    path = write_labels(tmp_path / "l.h5", ["a", "b"], np.maximum(LABEL, 2), ROUND, SUMMARY)
    message = "l.h5: image 'b' has labels beyond the 2 classes"
    with LabelFile.open(path) as labels, pytest.raises(UserError, match=message):
        labels.read_label(1)


@pytest.mark.parametrize("lengths", [[], [3], [4], [1, 1, 1, 9], [9, 1], [4, 4], [0, 5, 0]])
def test_blocks_of_queries_are_cut_into_chunks(lengths, tmp_path, monkeypatch):
    monkeypatch.setattr(label_files, "QUERIES_PER_CHUNK", 4)
    rows = np.ones((sum(lengths), 4), np.int64)
    rows[:, 1], rows[:, 2] = np.arange(len(rows)) % 2, np.arange(len(rows)) % 3
    blocks = np.split(rows, np.cumsum(lengths)[:-1]) if lengths else []
    with LabelFile.create(tmp_path / "labels.h5", ["a", "b"], 3, 4) as file:
        for index in range(2):
            file.write(index, file.pack(LABEL[index], ROUND[index]))
        file.write_queries(len(rows), blocks, num_threads=2)
        file.finish(SUMMARY)
    with LabelFile.open(tmp_path / "labels.h5") as labels:
        found = list(labels.queries())
    np.testing.assert_array_equal(np.concatenate([np.zeros((0, 4), int), *found]), rows)
    assert all(len(block) <= 4 for block in found)
