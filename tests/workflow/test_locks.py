import subprocess
import sys

import pytest

from cbda.workflow.locks import hold_lock

HOLDER = """
import sys
from pathlib import Path
from cbda.workflow.locks import hold_lock
lock = hold_lock(Path(sys.argv[1]))
print("held", flush=True)
sys.stdin.read()
"""


@pytest.fixture
def note(tmp_path):
    """What Snakemake writes about a run."""
    path = tmp_path / "locks" / "0.output.lock"
    path.parent.mkdir()
    path.write_text("results/table_mIoU.csv\n")
    return path


def start_run(folder):
    process = subprocess.Popen(
        [sys.executable, "-c", HOLDER, folder], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    )
    assert process.stdout is not None
    assert process.stdout.readline() == b"held\n"
    return process


def test_notes_of_a_killed_run_go(tmp_path, note):
    process = start_run(tmp_path)
    note.write_text("results/table_mIoU.csv\n")
    process.kill()
    process.communicate()
    hold_lock(tmp_path).close()
    assert not note.exists()


def test_notes_of_a_run_that_is_alive_stay(tmp_path, note):
    process = start_run(tmp_path)
    note.write_text("results/table_mIoU.csv\n")
    hold_lock(tmp_path).close()
    assert note.exists()
    process.communicate()


def test_two_runs_may_be_alive_and_the_last_one_counts(tmp_path, note):
    first, second = start_run(tmp_path), start_run(tmp_path)
    note.write_text("results/table_mIoU.csv\n")
    first.communicate()
    hold_lock(tmp_path).close()
    assert note.exists()
    second.communicate()
    hold_lock(tmp_path).close()
    assert not note.exists()
