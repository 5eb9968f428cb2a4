import subprocess
import sys
import time

import pytest

from cbda.errors import UserError
from cbda.files.lock import exclusive

HOLDER = """
import sys, time
from pathlib import Path
from cbda.files.lock import exclusive
with exclusive(Path(sys.argv[1]), Path("result"), "holds"):
    print("held", flush=True)
    time.sleep(float(sys.argv[2]))
"""


def start_holder(path, seconds):
    words = [sys.executable, "-c", HOLDER, str(path), str(seconds)]
    holder = subprocess.Popen(words, stdout=subprocess.PIPE, text=True)
    assert holder.stdout is not None
    assert holder.stdout.readline() == "held\n"
    return holder


def test_lock_waits_for_another_process_and_says_so(tmp_path, capsys):
    before = time.monotonic()
    holder = start_holder(tmp_path / "lock", 0.5)
    with exclusive(tmp_path / "lock", tmp_path / "result", "works in FOLDER"):
        assert time.monotonic() - before >= 0.5
    holder.wait()
    assert capsys.readouterr().err == "waits for another process that works in FOLDER\n"


def test_lock_ends_with_a_killed_process(tmp_path, capsys):
    holder = start_holder(tmp_path / "lock", 60)
    holder.kill()
    holder.wait()
    with exclusive(tmp_path / "lock", tmp_path / "result", "works"):
        assert capsys.readouterr().err == ""


def test_trouble_is_told_of_what_is_written_and_not_of_the_lock(tmp_path):
    (tmp_path / "lock").mkdir()
    with (
        pytest.raises(UserError, match=r"^[^ ]*/result: cannot be written: Is a directory$"),
        exclusive(tmp_path / "lock", tmp_path / "result", "works"),
    ):
        pass
