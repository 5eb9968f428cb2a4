import pickle
from pathlib import Path

import numpy as np
import pytest
import torch

from cbda.errors import UserError
from cbda.files.atomic import complete_file
from cbda.files.checkpoints import load_checkpoint, save_checkpoint
from cbda.files.json_files import read_json, write_json, write_text
from cbda.files.labels import LabelFile
from cbda.files.scores import ScoreFile


def error_of(read, path):
    with pytest.raises(UserError) as caught:
        read(path)
    assert "\n" not in str(caught.value)
    assert str(path) in str(caught.value)
    return str(caught.value)


class InterruptedWriteError(Exception):
    """What a test raises in the middle of writing."""


def write_half(path):
    with complete_file(path) as temporary:
        temporary.write_text("half")
        raise InterruptedWriteError


def write_half_scores(path):
    with ScoreFile.create(path, ["a"], 2, 2, num_classes=3, radius=1, score="ripu") as write:
        write([(np.ones((2, 2)), np.ones((2, 2)))])
        raise InterruptedWriteError


def write_half_labels(path):
    with LabelFile.create(path, ["a"], 2, 2) as file:
        file.write(0, file.pack(np.ones((2, 2), np.uint8), np.ones((2, 2), np.uint8)))
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
    message = "no such file" if content is None else "not a readable JSON file"
    assert message in error_of(read_json, path)


def test_checkpoint_reads_back_equal(tmp_path):
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
    assert "model.pt: no such file" in error_of(load_checkpoint, tmp_path / "model.pt")


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


def test_text_is_utf8(tmp_path):
    write_text(tmp_path / "file", "mIoU ü\n")
    assert (tmp_path / "file").read_bytes() == b"mIoU \xc3\xbc\n"
