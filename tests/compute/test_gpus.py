"""GPUs are pretended; what is locked are files, as with real ones."""

import errno
import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from cbda.compute.gpus import Gpu, claim_gpu, list_gpus, visible_gpus
from cbda.errors import UserError

CLAIM = """
import json, os, sys, time
from cbda.compute.gpus import claim_gpu
gpu = claim_gpu(os.environ)
print(json.dumps([gpu.uuid, os.environ["CUDA_VISIBLE_DEVICES"]]), flush=True)
sys.stdin.readline()
"""


@pytest.fixture
def environment(tmp_path):
    return {"CBDA_PRETEND_GPUS": "GPU-a1,GPU-b2", "CBDA_GPU_LOCKS": str(tmp_path / "locks")}


class Job:
    """A process that claims a GPU and keeps it until it is told to end."""

    def __init__(self, environment):
        self.process = subprocess.Popen(
            [sys.executable, "-c", CLAIM],
            env={**os.environ, "PYTHONPATH": str(Path(__file__).parents[2]), **environment},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def claimed(self):
        assert self.process.stdout
        return json.loads(self.process.stdout.readline())

    def waits(self):
        assert self.process.stderr
        return "waiting for one of 2 GPUs" in self.process.stderr.readline()

    def end(self):
        self.process.communicate("\n", timeout=20)


def test_two_jobs_get_a_device_each_and_the_third_waits(environment):
    first, second = Job(environment), Job(environment)
    assert sorted([first.claimed(), second.claimed()]) == [["GPU-a1", "0"], ["GPU-b2", "1"]]
    third = Job(environment)
    assert third.waits()
    first.end()
    assert third.claimed()[0] in ("GPU-a1", "GPU-b2")
    for job in (second, third):
        job.end()


def test_a_killed_job_gives_its_device_back(environment):
    environment["CBDA_PRETEND_GPUS"] = "GPU-a1"
    first = Job(environment)
    assert first.claimed() == ["GPU-a1", "0"]
    first.process.send_signal(signal.SIGKILL)
    first.process.wait()
    started_s = time.monotonic()
    second = Job(environment)
    assert second.claimed() == ["GPU-a1", "0"]
    assert time.monotonic() - started_s < 10
    second.end()


@pytest.mark.parametrize(
    ("visible", "expected"),
    [
        ("0,1", [Gpu("0", "GPU-a1"), Gpu("1", "GPU-b2")]),
        ("1", [Gpu("1", "GPU-b2")]),
        ("1, 0", [Gpu("1", "GPU-b2"), Gpu("0", "GPU-a1")]),
        ("GPU-b", [Gpu("GPU-b", "GPU-b2")]),
        ("GPU-", []),
        ("", []),
        ("-1", []),
        ("1,7,0", [Gpu("1", "GPU-b2")]),
    ],
)
def test_outer_choice_is_honoured(environment, visible, expected):
    assert visible_gpus({**environment, "CUDA_VISIBLE_DEVICES": visible}) == expected


def test_claim_hides_the_other_devices(environment):
    environment["CUDA_VISIBLE_DEVICES"] = "1"
    assert claim_gpu(environment) == Gpu("1", "GPU-b2")
    assert environment["CUDA_VISIBLE_DEVICES"] == "1"


def test_without_gpus_nothing_is_claimed(environment):
    environment["CBDA_PRETEND_GPUS"] = ""
    assert claim_gpu(environment) is None
    assert "CUDA_VISIBLE_DEVICES" not in environment


def test_driver_is_asked(tmp_path, monkeypatch):
    tool = tmp_path / "nvidia-smi"
    tool.write_text("#!/bin/sh\necho '0, GPU-11'\necho '1, GPU-22'\n")
    tool.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:{os.environ['PATH']}")
    assert list_gpus({}) == [Gpu("0", "GPU-11"), Gpu("1", "GPU-22")]
    tool.write_text("#!/bin/sh\necho 'NVIDIA-SMI has failed'\nexit 9\n")
    assert list_gpus({}) == []


def test_slice_of_a_gpu_is_taken_by_its_name(environment):
    environment["CUDA_VISIBLE_DEVICES"] = "MIG-1,GPU-a1"
    assert visible_gpus(environment) == [Gpu("MIG-1", "MIG-1"), Gpu("GPU-a1", "GPU-a1")]
    environment["CBDA_PRETEND_GPUS"] = ""
    assert visible_gpus(environment) == []


def test_folder_without_locks_is_one_line(tmp_path, monkeypatch):
    """Every GPU would seem to be in use for ever."""

    def refuse(*_):
        raise OSError(errno.ENOLCK, "No locks available")

    monkeypatch.setattr("fcntl.lockf", refuse)
    environment = {"CBDA_PRETEND_GPUS": "GPU-1", "CBDA_GPU_LOCKS": str(tmp_path)}
    with pytest.raises(UserError, match=r"GPU-1.lock: cannot be locked: No locks available"):
        claim_gpu(environment)


def test_stuck_driver_is_one_line(monkeypatch):
    def wait(*_, timeout, **__):
        raise subprocess.TimeoutExpired("nvidia-smi", timeout)

    monkeypatch.setattr("shutil.which", lambda name: name)
    monkeypatch.setattr("subprocess.run", wait)
    with pytest.raises(UserError, match="nvidia-smi gives no answer within 60 s"):
        list_gpus({})
