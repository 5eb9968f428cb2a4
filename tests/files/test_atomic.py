import errno
import os
import re
import socket
import subprocess
import sys

import pytest

from cbda.errors import UserError
from cbda.files.atomic import complete_file, error_number, remove_leftovers
from tests.disks import read_only, run_python, small_disk

HALF_A_MIB = 2**19
# Each writes to `path` what is larger than the disk, as the commands do.
PROGRAM = """
import sys
from pathlib import Path
import numpy, torch
from cbda.files import checkpoints, hdf5, json_files, maps, pictures
from cbda.files.labels import LabelFile
from cbda.files.scores import SCORES, ScoreFile
from cbda.errors import UserError

random = numpy.random.default_rng(0)
about = {"num_classes": 3, "radius": 1, "score": "ripu"}

def write_scores(path):
    with ScoreFile.create(path, list("ab"), 900, 900, **about) as write:
        write((random.random((900, 900)),) * 2 for _ in range(2))

def write_labels(path):
    with LabelFile.create(path, list("abc"), 900, 900) as file:
        for index in range(3):
            file.write(index, file.pack(*random.integers(0, 256, (2, 900, 900), "u1")))

def write_more_scores(path):
    # More than was asked for, so that the disk is full on the way.
    with hdf5.create_hdf5(path, SCORES, needed_bytes=400_000) as file:
        file.create_dataset("more", (19, 200, 200), "f4", chunks=(1, 200, 200))
        maps.write_maps((file["more"],), ((random.random((200, 200)),) for _ in range(19)))

def write_picture(path):
    pixels = random.integers(0, 256, (900, 900, 3), "u1")
    pictures.write_picture(path.with_name("staged.png"), pixels, path)

writers = {
    "text": lambda path: json_files.write_text(path, "x" * 2**21),
    "json": lambda path: json_files.write_json(path, ["x" * 2**21]),
    "evaluation": lambda path: json_files.write_evaluation(path, {"classes": ["x" * 2**21]}),
    "checkpoint": lambda path: checkpoints.save_checkpoint(path, {"model": torch.zeros(2**20)}),
    "checkpoint of text": lambda path: checkpoints.save_checkpoint(path, {"model": "x" * 2**21}),
    "picture": write_picture,
    "scores": write_scores,
    "labels": write_labels,
    "more scores": write_more_scores,
}
for name, write in writers.items():
    path = Path(sys.argv[1], name)
    try:
        write(path)
    except UserError as error:
        print(error)
    else:
        print(f"{path}: is written")
"""
NUM_WRITERS = 9


def complaints(folder, before=None):
    """What every writer says of the folder: its file, and why it is refused."""
    done = run_python(PROGRAM, folder, before=before)
    assert (done.returncode, done.stderr) == (0, "")
    lines = [line.split(": ", 1) for line in done.stdout.splitlines()]
    assert len(lines) == NUM_WRITERS
    return {path.removeprefix(f"{folder}/"): reason for path, reason in lines}


def test_full_disk_is_one_line_and_leaves_nothing(tmp_path):
    folder = tmp_path / "disk"
    with small_disk(folder, HALF_A_MIB) as before:
        found = complaints(folder, before)
        left = list(folder.iterdir())
    for name, reason in found.items():
        assert re.match(r"cannot be written: (No space left on device|File too large); ", reason)
        assert re.search(r"it needs .*[\d,]{6,} bytes, .* has [\d,]+ free$", reason), name
    assert left == []


def test_folder_that_cannot_be_written_to_is_one_line(tmp_path):
    with read_only(tmp_path / "disk"):
        found = complaints(tmp_path / "disk")
    for reason in found.values():
        assert re.fullmatch("cannot be written: (Read-only file system|Permission denied)", reason)


def test_size_that_is_known_is_refused_before_any_work(tmp_path):
    with (
        pytest.raises(UserError, match=r"it needs 1,152,921,504,606,846,976 bytes, .* free$"),
        complete_file(tmp_path / "file", 2**60),
    ):
        pytest.fail("the block is entered")
    assert list(tmp_path.iterdir()) == []


def test_file_in_place_of_a_folder_is_named(tmp_path):
    (tmp_path / "folder").write_text("")
    with (
        pytest.raises(UserError, match=r"folder/file: cannot be written: .*/folder is no folder$"),
        complete_file(tmp_path / "folder" / "file"),
    ):
        pass


def test_errors_of_our_own_pass(tmp_path):
    for error in (RuntimeError("out of luck"), ValueError("no errno")):
        with pytest.raises(type(error)), complete_file(tmp_path / "file"):
            raise error


def test_errno_is_found_in_the_words_of_hdf5():
    words = "flush failed (file write failed, errno = 28, error message = 'No space left')"
    assert error_number(RuntimeError(words)) == errno.ENOSPC
    assert error_number(OSError(errno.EROFS, "words")) == errno.EROFS
    assert error_number(RuntimeError("another")) is None


@pytest.fixture
def dead_pid():
    process = subprocess.Popen([sys.executable, "-c", ""])
    process.wait()
    return process.pid


def test_leftovers_of_killed_jobs_go_and_those_of_others_stay(tmp_path, dead_pid):
    host, alive = socket.gethostname(), os.getppid()
    names = {
        "stale": f".model.pt.{host}.{dead_pid}.tmp",
        "of a job that runs": f".model.pt.{host}.{alive}.tmp",
        "of another file": f".model2.pt.{host}.{dead_pid}.tmp",
        "of another machine": f".model.pt.{host}x.{dead_pid}.tmp",
        "finished": "model.pt",
    }
    for name in names.values():
        (tmp_path / name).write_text("half")
    remove_leftovers(tmp_path / "model.pt")
    assert {path.name for path in tmp_path.iterdir()} == set(names.values()) - {names["stale"]}


KILLED = """
import os, signal, sys
from pathlib import Path
from cbda.files.atomic import complete_file
with complete_file(Path(sys.argv[1])) as temporary:
    temporary.write_text("half")
    os.kill(os.getpid(), signal.SIGKILL)
"""


def test_killed_writer_leaves_no_file_and_the_next_one_cleans_up(tmp_path):
    path = tmp_path / "file"
    assert run_python(KILLED, path).returncode == -9
    (leftover,) = tmp_path.iterdir()
    assert leftover != path
    with complete_file(path) as temporary:
        temporary.write_text("whole")
    assert [(p.name, p.read_text()) for p in tmp_path.iterdir()] == [("file", "whole")]


def test_numpy_on_a_full_disk_is_understood():
    assert error_number(OSError("12 requested and 0 written")) == errno.ENOSPC
    assert error_number(OSError("12 items requested but only 0 read")) is None
