"""What is no file, in place of an input or an output: one line, and nothing waits or is lost."""

import errno
import os
import re
import socket
from pathlib import Path

import h5py
import pytest

from cbda.cli import main
from cbda.errors import UserError
from cbda.files.atomic import DamagedFileError, complete_file, require_output, unreadable
from cbda.files.checkpoints import load_checkpoint
from cbda.files.hdf5 import open_hdf5
from cbda.files.json_files import read_json
from cbda.files.labels import LabelFile
from cbda.files.lock import exclusive
from cbda.files.scores import SCORES, ScoreFile
from cbda.models.build import create_model
from cbda.report.page import render_page
from cbda.results.sheet import read_rows
from cbda.settings.model import ModelSettings


def make_pipe(path):
    os.mkfifo(path)


def make_socket(path):
    """One that nobody listens at."""
    held = socket.socket(socket.AF_UNIX)
    here = Path.cwd()
    os.chdir(path.parent)  # as its path may be too long
    try:
        held.bind(path.name)
    finally:
        held.close()
        os.chdir(here)


def make_device(path):
    path.symlink_to("/dev/zero")


def state_of(path):
    """What a change would change; a link that is followed is thereby read, and its atime set."""
    status = path.lstat()
    return status.st_mode, status.st_ino, status.st_size, status.st_mtime_ns, status.st_ctime_ns


PLACES = {
    "folder": (Path.mkdir, "is a folder"),
    "pipe": (make_pipe, "is no regular file|is a named pipe"),
    "socket": (make_socket, "is no regular file|is a socket"),
    "device": (make_device, "is no regular file|is a device"),
}


def load_weights(path):
    create_model(
        ModelSettings(architecture="unet", encoder="resnet18", encoder_weights=str(path)), 3
    )


READERS = (load_checkpoint, read_json, ScoreFile.open, LabelFile.open, read_rows, render_page)


@pytest.mark.parametrize("make", PLACES)
@pytest.mark.parametrize("read", READERS)
def test_input_that_is_no_file_is_one_line(tmp_path, make, read):
    place, reason = PLACES[make]
    place(tmp_path / "file")
    with pytest.raises(UserError, match=f"file: ({reason})"):
        read(tmp_path / "file")


@pytest.mark.parametrize("make", PLACES)
def test_weights_that_are_no_file_are_one_line(tmp_path, make):
    PLACES[make][0](tmp_path / "file")
    with pytest.raises(UserError, match=r"encoder_weights: no file .*file"):
        load_weights(tmp_path / "file")


@pytest.mark.parametrize("make", PLACES)
def test_output_that_is_no_file_is_refused_before_any_work(tmp_path, make):
    place, reason = PLACES[make]
    place(tmp_path / "file")
    before = state_of(tmp_path / "file")
    with (
        pytest.raises(UserError, match=f"file: cannot be written: ({reason})"),
        complete_file(tmp_path / "file"),
    ):
        pytest.fail("the block is entered")
    with (
        pytest.raises(UserError, match=f"file: cannot be written: ({reason})"),
        exclusive(tmp_path / "lock", tmp_path / "file", "waits"),
    ):
        pytest.fail("the block is entered")
    assert state_of(tmp_path / "file") == before
    assert len(list(tmp_path.iterdir())) == 1


@pytest.mark.parametrize(
    "words",
    [
        "pretrain --source-root no --classes a b --training-total-iterations 1 --iterations 1"
        " --out model.pt --metrics FILE",
        "tabulate --runs no.csv --baseline ra --out t.csv --out-classes c.csv"
        " --out-acquisition FILE --out-comparisons d.csv",
        "evaluate --checkpoint no.pt --val-root no --out FILE",
    ],
)
def test_commands_refuse_outputs_before_they_look_at_inputs(tmp_path, capsys, words):
    os.mkfifo(tmp_path / "pipe")
    assert main([word.replace("FILE", str(tmp_path / "pipe")) for word in words.split()]) == 2
    assert re.search("pipe: cannot be written: is a named pipe", capsys.readouterr().err)


def test_output_in_a_file_is_refused(tmp_path):
    (tmp_path / "file").write_text("")
    for name in ("file/out", "file/deep/out"):
        with pytest.raises(UserError, match=r"cannot be written: .*/file is no folder"):
            require_output(tmp_path / name)
    require_output(tmp_path / "new/folder/out")


@pytest.mark.parametrize("content", ["before", None])
def test_links_are_written_through(tmp_path, content):
    """Whether what they lead to is there or not."""
    (tmp_path / "elsewhere").mkdir()
    target = tmp_path / "elsewhere/file"
    if content is not None:
        target.write_text(content)
    (tmp_path / "inner").symlink_to("elsewhere/file")
    (tmp_path / "link").symlink_to("inner")
    with complete_file(tmp_path / "link") as temporary:
        assert temporary.parent == target.parent
        temporary.write_text("after")
    assert target.read_text() == "after"
    assert os.readlink(tmp_path / "link") == "inner"
    assert os.readlink(tmp_path / "inner") == "elsewhere/file"
    assert [path.name for path in target.parent.iterdir()] == ["file"]


def test_link_in_a_circle_is_one_line(tmp_path):
    (tmp_path / "link").symlink_to("link")
    with pytest.raises(UserError, match="link: cannot be written: Too many levels"):
        require_output(tmp_path / "link")
    with pytest.raises(UserError, match="link: cannot be read: Too many levels"):
        read_json(tmp_path / "link")


@pytest.mark.parametrize(
    "number", [errno.EACCES, errno.EIO, errno.EMFILE, errno.ESTALE, errno.ENOMEM, errno.EAGAIN]
)
def test_what_the_system_refuses_is_no_damage(number):
    """Whoever takes a good file for a damaged one may remove it."""
    for error in (OSError(number, os.strerror(number)), RuntimeError(f"bad, errno = {number}, x")):
        found = unreadable(Path("file"), "file", error)
        assert not isinstance(found, DamagedFileError)
        assert str(found).startswith("file: cannot be read: ")


@pytest.mark.parametrize(
    "error", [MemoryError(), RuntimeError("DefaultCPUAllocator: can't allocate memory: you tried")]
)
def test_want_of_memory_is_no_damage(error):
    found = unreadable(Path("file"), "file", error)
    assert not isinstance(found, DamagedFileError)
    assert str(found) == "file: cannot be read: it does not fit in memory"


def test_file_that_is_open_elsewhere_is_said_to_be(tmp_path, monkeypatch):
    def refuse(*_, **__):
        raise BlockingIOError(11, "Unable to open file (unable to lock file, errno = 11)")

    (tmp_path / "scores.h5").write_text("")
    monkeypatch.setattr(h5py, "File", refuse)
    with pytest.raises(UserError, match=r"scores.h5: cannot be read: another process has it open"):
        open_hdf5(tmp_path / "scores.h5", SCORES)


@pytest.mark.parametrize("number", [errno.ENOLCK, errno.ENOSYS, errno.EOPNOTSUPP])
def test_disk_without_locks_is_read(tmp_path, monkeypatch, number):
    asked = []

    def refuse(path, mode, locking=None):
        asked.append(locking)
        if locking is None:
            raise OSError(f"unable to lock file, errno = {number}, error message = ''")
        raise OSError(errno.EIO, "Input/output error")

    (tmp_path / "scores.h5").write_text("")
    monkeypatch.setattr(h5py, "File", refuse)
    with pytest.raises(UserError, match="Input/output error"):
        open_hdf5(tmp_path / "scores.h5", SCORES)
    assert asked == [None, False]


@pytest.mark.parametrize(
    ("num_images", "num_classes", "reason"),
    [
        (10**9, 3, "score was never written to its end: 0 of 1,000,000,000 chunks are there"),
        (1, 10**12, "num_classes is 1000000000000, must be 1 to 255"),
    ],
)
def test_size_that_a_file_cannot_hold_is_refused_unread(tmp_path, num_images, num_classes, reason):
    with h5py.File(tmp_path / "scores.h5", "w") as file:
        for name, dtype in (("score", "f4"), ("prediction", "u1")):
            file.create_dataset(name, (num_images, 48, 64), dtype, chunks=(1, 48, 64))
        file.create_dataset("image_id", (num_images,), h5py.string_dtype(), chunks=(1,))
        if num_images == 1:
            file["score"][0], file["prediction"][0], file["image_id"][0] = 0, 0, "a"
        about = {"num_classes": num_classes, "radius": 1, "score": "ripu"}
        file.attrs.update(format="cbda.scores", version=1, **about)
    with pytest.raises(UserError, match=rf"scores.h5: (damaged: )?{reason}"):
        ScoreFile.open(tmp_path / "scores.h5")
