"""How batches reach the training process, and what happens if they can't."""

import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Generator
from pathlib import Path

import pytest
import torch

from cbda.errors import UserError
from cbda.training import handover
from cbda.training.handover import Batch, pack
from cbda.training.loader import create_loader, ending_workers
from tests.sections import replace
from tests.training.test_loader import SETTINGS, SOURCE, TARGET, assert_equal, batches

ROOT = Path(__file__).parents[2]
IMAGE, LABEL = torch.rand(2, 3, 4, 5), torch.full((2, 4, 5), 7, dtype=torch.uint8)


@pytest.fixture(autouse=True)
def shares(monkeypatch):
    """Every test starts where shared memory has not been refused."""
    monkeypatch.setattr(handover, "_refused", set())


def refuse(*_):
    raise RuntimeError("unable to allocate shared memory: No space left on device (28)")


def too_many(*_):
    raise OSError(24, "Too many open files")


@pytest.mark.parametrize(
    ("holder", "name", "function", "reason"),
    [
        (torch.Tensor, "share_memory_", refuse, "No space left on device"),
        (os, "pipe", too_many, "Too many open files"),
    ],
)
def test_batch_that_no_memory_is_shared_for_is_the_same(
    monkeypatch, capsys, holder, name, function, reason
):
    monkeypatch.setattr(holder, name, function)
    for batch in (Batch(IMAGE, LABEL), Batch(IMAGE, LABEL, IMAGE, LABEL)):
        found = pack(batch).unpack()
        for part, same in zip(found, batch, strict=True):
            assert (part is None) == (same is None)
            assert part is None or torch.equal(torch.as_tensor(part), torch.as_tensor(same))
    lines = capsys.readouterr().err.splitlines()
    assert len(lines) == 1
    assert reason in lines[0]
    assert "--shm-size" in lines[0]


@pytest.mark.parametrize("short", ["/tmp", "/nowhere"])
def test_long_temporary_folder_hangs_no_loader(tmp_path, monkeypatch, short):
    """The path of a socket in it would be too long."""
    folder = tmp_path / ("x" * 100)
    folder.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(folder))
    monkeypatch.setattr(handover, "SHORT_FOLDER", short)
    assert_equal(batches(), batches(settings=replace(SETTINGS, num_workers=2)))


def children(pid):
    """Processes whose parent is a process."""
    found = subprocess.run(["pgrep", "-P", str(pid)], capture_output=True, text=True, check=False)
    return [int(word) for word in found.stdout.split()]


def load_and_kill():
    """Load endless batches by a process that is killed after the first."""
    before = set(children(os.getpid()))
    with ending_workers():
        for _ in create_loader(SOURCE, TARGET, replace(SETTINGS, num_workers=1), 0, 0, 10_000):
            for worker in set(children(os.getpid())) - before:
                os.kill(worker, signal.SIGKILL)


def test_killed_worker_is_one_line():
    with pytest.raises(UserError, match=r"^a process that loads images was ended, by hand"):
        load_and_kill()


def test_stuck_worker_is_not_waited_for():
    before = set(children(os.getpid()))
    loader = create_loader(SOURCE, TARGET, replace(SETTINGS, num_workers=1), 0, 0, 10_000)
    batches = iter(loader)
    assert isinstance(batches, Generator)
    next(batches)
    for worker in set(children(os.getpid())) - before:
        os.kill(worker, signal.SIGSTOP)
    started_s = time.monotonic()
    with pytest.raises(StopAsyncIteration):
        batches.throw(StopAsyncIteration)  # as a handler of signals does
    assert time.monotonic() - started_s < 4
    assert set(children(os.getpid())) == before


def test_other_errors_of_a_training_stay_what_they_are():
    with pytest.raises(RuntimeError, match="out of luck"), ending_workers():
        raise RuntimeError("out of luck")


@pytest.mark.parametrize(
    ("error", "reason"),
    [
        (ConnectionResetError("reset"), "was ended, by hand or for want of memory"),
        (OSError(24, "Too many open files"), "no more open files are allowed"),
        (RuntimeError("received 0 items of ancdata"), "no more open files are allowed"),
    ],
)
def test_batch_that_cannot_be_taken_over_is_one_line(monkeypatch, error, reason):
    def fail(content):
        raise error

    packed = pack(Batch(IMAGE, LABEL))
    monkeypatch.setattr("pickle.loads", fail)
    with pytest.raises(UserError, match=reason):
        packed.unpack()


def test_worker_that_ends_while_a_batch_is_taken_over_is_told_as_ever(monkeypatch):
    """Torch raises that at any moment."""

    def fail(content):
        raise RuntimeError("DataLoader worker (pid 1) is killed by signal: Killed. ")

    packed = pack(Batch(IMAGE, LABEL))
    monkeypatch.setattr("pickle.loads", fail)
    ended = r"^a process that loads images was ended, .* \(\(pid 1\) is killed by signal: Killed"
    with pytest.raises(UserError, match=ended), ending_workers():
        packed.unpack()


def test_processes_that_cannot_be_started_are_one_line(monkeypatch):
    loader = create_loader(SOURCE, TARGET, replace(SETTINGS, num_workers=1), 0, 0, 4)
    monkeypatch.setattr("torch.utils.data.dataloader._MultiProcessingDataLoaderIter", too_many)
    with pytest.raises(UserError, match=r"^training.num_workers: 1 .* \(Too many open files\)"):
        next(iter(loader))


ENDLESS = """
from tests.training.test_loader import SETTINGS, SOURCE, TARGET, create_loader, replace

iterator = iter(create_loader(SOURCE, TARGET, replace(SETTINGS, num_workers=2), 0, 0, 99))
next(iterator)
print("loads", flush=True)
input()
"""


def is_alive(pid):
    """Whether a process runs, or would if it were its turn."""
    status = Path(f"/proc/{pid}/stat")
    return status.exists() and " Z " not in status.read_text()


def test_workers_end_with_a_training_that_is_killed():
    program = [sys.executable, "-c", ENDLESS]
    with subprocess.Popen(
        program, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == b"loads\n"
        workers = children(process.pid)
        assert len(workers) == 2
        process.kill()
    stop_s = time.monotonic() + 5
    while any(map(is_alive, workers)) and time.monotonic() < stop_s:
        time.sleep(0.05)
    assert [pid for pid in workers if is_alive(pid)] == []
