import pickle
from pathlib import Path

import h5py
import numpy as np
import pytest
import torch

from cbda.errors import UserError
from cbda.files.atomic import complete_file
from cbda.files.checkpoints import load_checkpoint, save_checkpoint
from cbda.files.json_files import read_json, write_json, write_text
from cbda.files.labels import LabelSummary, create_labels, read_label_summary
from cbda.files.scores import create_scores, open_scores, read_image_ids
from cbda.training.target import AcquiredLabels

SUMMARY = LabelSummary(
    method="ripu/region/dynamic/consumed",
    budget=0.05,
    rounds=2,
    radius=1,
    seed=3,
    class_counts=np.array([[4, 0], [1, 7]], np.int64),
    void_counts=np.array([0, 2], np.int64),
    class_weights=np.array([0.25, 1.0]),
    num_pool_px=24,
)
SCORE_ATTRIBUTES = {"num_classes": 3, "radius": 1, "score": "ripu"}


def error_of(read, path):
    with pytest.raises(UserError) as caught:
        read(path)
    assert "\n" not in str(caught.value)
    assert str(path) in str(caught.value)
    return str(caught.value)


def write_labels(path):
    """Labels of two images of 3x4 px."""
    label = np.arange(24, dtype=np.uint8).reshape(2, 3, 4) % 3
    label[label == 2] = 255
    with create_labels(path, ["a", "b"], 3, 4) as file:
        file["label"][:] = label
        file["query"] = np.zeros((0, 4), np.int32)
        file.attrs.update(SUMMARY.attributes())
    return label


class InterruptedWriteError(Exception):
    """What a test raises in the middle of writing."""


def write_half(path):
    with complete_file(path) as temporary:
        temporary.write_text("half")
        raise InterruptedWriteError


def write_half_scores(path):
    with create_scores(path, ["a"], 2, 2, {}) as file:
        file["score"][0] = 1
        raise InterruptedWriteError


def write_half_labels(path):
    with create_labels(path, ["a"], 2, 2) as file:
        file["label"][0] = 1
        raise InterruptedWriteError


@pytest.mark.parametrize("write", [write_half, write_half_scores, write_half_labels])
def test_interrupted_write_leaves_nothing(tmp_path, write):
    with pytest.raises(InterruptedWriteError):
        write(tmp_path / "out" / "file")
    assert list((tmp_path / "out").iterdir()) == []


@pytest.mark.parametrize("write", [write_half, write_half_scores, write_half_labels])
def test_interrupted_write_leaves_the_older_file(tmp_path, write):
    path = tmp_path / "file"
    path.write_text("older")
    with pytest.raises(InterruptedWriteError):
        write(path)
    assert path.read_text() == "older"
    assert list(tmp_path.iterdir()) == [path]


def test_checkpoint_that_cannot_be_written_leaves_nothing(tmp_path):
    with pytest.raises((AttributeError, pickle.PicklingError)):
        save_checkpoint(tmp_path / "model.pt", {"model": lambda: None})
    assert list(tmp_path.iterdir()) == []


def test_file_appears_when_it_is_complete(tmp_path):
    path = tmp_path / "folder" / "file"
    with complete_file(path) as temporary:
        temporary.write_text("text")
        assert not path.exists()
        assert temporary.parent == path.parent
    assert path.read_text() == "text"
    assert list(path.parent.iterdir()) == [path]


def test_json_round_trip_has_sorted_keys(tmp_path):
    path = tmp_path / "file.json"
    write_json(path, {"b": [1, None], "a": 0.1})
    assert path.read_text() == '{\n  "a": 0.1,\n  "b": [\n    1,\n    null\n  ]\n}\n'
    assert read_json(path) == {"a": 0.1, "b": [1, None]}


@pytest.mark.parametrize("content", [None, "", '{"a": 1', "\udc80"])
def test_unreadable_json_is_named(tmp_path, content):
    path = tmp_path / "file.json"
    if content is not None:
        path.write_bytes(content.encode(errors="surrogateescape"))
    assert "not a readable JSON file" in error_of(read_json, path)


def test_checkpoint_round_trip(tmp_path):
    weight = torch.randn(3, 4, 2, 2, generator=torch.Generator().manual_seed(0))
    strided = weight.to(memory_format=torch.channels_last)
    content = {
        "model": {"weight": strided},
        "optimizer": {"state": {0: {"step": torch.tensor(3.0)}}, "param_groups": [{"lr": 0.1}]},
        "iteration": 7,
        "classes": ["sky", "road"],
    }
    path = tmp_path / "model.pt"
    save_checkpoint(path, content)
    loaded = load_checkpoint(path)
    assert torch.equal(loaded["model"]["weight"], weight)
    assert loaded["model"]["weight"].stride() == strided.stride()
    assert loaded["optimizer"] == content["optimizer"]
    assert (loaded["iteration"], loaded["classes"]) == (7, ["sky", "road"])


class Malicious:
    """An object whose unpickling writes a file."""

    def __init__(self, path):
        self.path = path

    def __reduce__(self):
        return Path.write_text, (self.path, "executed")


@pytest.mark.filterwarnings("ignore:Detected pickle protocol")
@pytest.mark.parametrize("save", [torch.save, lambda c, p: p.write_bytes(pickle.dumps(c))])
def test_code_in_a_checkpoint_is_never_run(tmp_path, save):
    path, mark = tmp_path / "model.pt", tmp_path / "mark"
    save({"format": "cbda.model", "version": 1, "model": Malicious(mark)}, path)
    assert "not a readable checkpoint" in error_of(load_checkpoint, path)
    assert not mark.exists()
    torch.load(path, weights_only=False) if save is torch.save else pickle.loads(path.read_bytes())
    assert mark.exists()  # it would have been


@pytest.mark.parametrize("keep", [0, 10, 200, -1])
def test_truncated_checkpoint_is_named(tmp_path, keep):
    path = tmp_path / "model.pt"
    save_checkpoint(path, {"model": {"weight": torch.zeros(100)}})
    path.write_bytes(path.read_bytes()[:keep])
    assert "not a readable checkpoint" in error_of(load_checkpoint, path)


def test_missing_checkpoint_is_named(tmp_path):
    assert "not a readable checkpoint" in error_of(load_checkpoint, tmp_path / "model.pt")


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ([1, 2], "not a checkpoint of cbda"),
        ({"state_dict": {}}, "not a checkpoint of cbda"),
        ({"format": "cbda.model", "version": 2}, "checkpoint version 2, this cbda reads 1"),
        ({"format": "cbda.model"}, "checkpoint version None, this cbda reads 1"),
    ],
)
def test_other_checkpoint_is_named(tmp_path, content, message):
    path = tmp_path / "model.pt"
    torch.save(content, path)
    assert message in error_of(load_checkpoint, path)


def test_scores_have_the_layout_that_others_rely_on(tmp_path):
    path = tmp_path / "scores.h5"
    with create_scores(path, ["a", "ü"], 3, 4, SCORE_ATTRIBUTES) as file:
        file["score"][1] = 0.5
    with h5py.File(path) as file:
        assert set(file) == {"score", "prediction", "image_id"}
        assert (file["score"].shape, file["score"].dtype) == ((2, 3, 4), np.float32)
        assert (file["prediction"].shape, file["prediction"].dtype) == ((2, 3, 4), np.uint8)
        assert file["score"].chunks == file["prediction"].chunks == (1, 3, 4)
        attributes = {name: file.attrs[name] for name in file.attrs if name != "text_crc32"}
        assert attributes == {"format": "cbda.scores", "version": 1, **SCORE_ATTRIBUTES}
    with open_scores(path) as file:
        assert read_image_ids(file) == ["a", "ü"]
        assert file["score"][1, 2, 3] == 0.5


def test_label_summary_round_trip(tmp_path):
    path = tmp_path / "labels.h5"
    write_labels(path)
    summary = read_label_summary(path)
    for name, value in SUMMARY.attributes().items():
        found = getattr(summary, name)
        np.testing.assert_array_equal(found, value)
        assert type(found) is type(value)
    assert summary.class_counts.dtype == np.int64


def read_scores(path):
    with open_scores(path):
        pass


@pytest.mark.parametrize("read", [read_scores, read_label_summary, AcquiredLabels])
@pytest.mark.parametrize("content", [None, b"", b"x" * 5000])
def test_unreadable_hdf5_is_named(tmp_path, read, content):
    path = tmp_path / "file.h5"
    if content is not None:
        path.write_bytes(content)
    assert "not a readable HDF5 file" in error_of(read, path)


def test_truncated_hdf5_is_named(tmp_path):
    path = tmp_path / "labels.h5"
    write_labels(path)
    path.write_bytes(path.read_bytes()[:-100])
    assert "not a readable HDF5 file" in error_of(read_label_summary, path)


def test_format_and_version_are_checked(tmp_path):
    path = tmp_path / "labels.h5"
    write_labels(path)
    message = error_of(read_scores, path)
    assert "expected 'cbda.scores' version 1, found 'cbda.labels' version 1" in message
    with h5py.File(path, "r+") as file:
        file.attrs["version"] = 2
    assert "found 'cbda.labels' version 2" in error_of(read_label_summary, path)


def read_score(path):
    with open_scores(path) as file:
        file["score"][0]


def test_flipped_bit_in_a_map_is_found(tmp_path):
    path = tmp_path / "scores.h5"
    with create_scores(path, ["a"], 8, 8, SCORE_ATTRIBUTES) as file:
        file["score"][0] = 1.0
    read_score(path)
    stored = np.full(64, 1.0, np.float32).tobytes()
    content = path.read_bytes()
    assert content.count(stored) == 1
    path.write_bytes(content.replace(stored, b"\x01" + stored[1:]))
    assert "not a readable HDF5 file" in error_of(read_score, path)


def test_missing_parts_of_a_file_are_named(tmp_path):
    path = tmp_path / "labels.h5"
    write_labels(path)
    with h5py.File(path, "r+") as file:
        del file["query"], file.attrs["seed"]
    assert error_of(read_label_summary, path).endswith("lacks query, seed")


def test_acquired_labels_are_read_one_image_at_a_time(tmp_path):
    label = write_labels(tmp_path / "labels.h5")
    labels = AcquiredLabels(tmp_path / "labels.h5")
    assert labels.image_ids == ["a", "b"]
    np.testing.assert_array_equal(labels.read_label(1), label[1])
    np.testing.assert_array_equal(labels.read_label(0), label[0])


def test_text_is_utf8(tmp_path):
    write_text(tmp_path / "file", "mIoU ü\n")
    assert (tmp_path / "file").read_bytes() == b"mIoU \xc3\xbc\n"


def test_labels_are_empty_until_written(tmp_path):
    with create_labels(tmp_path / "labels.h5", ["a"], 2, 2) as file:
        assert file["round"][:].tolist() == [[[0, 0], [0, 0]]]
        assert file["label"].compression == file["round"].compression == "gzip"
