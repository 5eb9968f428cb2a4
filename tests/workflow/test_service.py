import os
import subprocess
import sys

import pytest
from psutil import Process

from cbda.jobserver.messages import PID
from cbda.jobserver.surroundings import VARIABLE
from cbda.settings.model import ModelSettings
from cbda.workflow import service, session


@pytest.mark.parametrize("word", ["", "off"])
def test_no_server_is_started_if_the_environment_says_so(monkeypatch, word):
    monkeypatch.setattr(subprocess, "Popen", None)
    environment = {VARIABLE: word}
    assert service.start_servers([sys.executable, "-m", "cbda"], environment) is None
    assert environment == {VARIABLE: word}


@pytest.mark.parametrize(
    ("network", "expected"),
    [
        ({"architecture": "deeplabv3plus_ripu", "encoder": "resnet101"}, ["encoders", "numba"]),
        ({"architecture": "small"}, ["torch", "numba"]),
        ({"architecture": "own.py:NETWORK"}, ["torch", "numba"]),
        ({"architecture": "unet", "freeze_encoder": True}, ["torch", "numba"]),
    ],
)
def test_encoders_are_imported_once_where_every_network_has_one(monkeypatch, network, expected):
    started = []
    monkeypatch.setattr(subprocess, "Popen", lambda words, **_: started.append(words[3]))
    takes_encoders = session._takes_encoders(ModelSettings(**network))
    run = service.start_servers([sys.executable, "-m", "cbda"], {}, takes_encoders)
    assert run is not None
    run.close()
    assert started == expected


def test_benchmark_counts_the_process_that_was_forked(monkeypatch):
    import socket

    from snakemake import benchmark

    monkeypatch.setattr(benchmark, "BenchmarkTimer", benchmark.BenchmarkTimer)
    own, other = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    service.measure_forked_jobs(own)
    waiting, forked = (subprocess.Popen([sys.executable, "-c", "input()"], stdin=-1) for _ in "ab")
    try:
        record = benchmark.BenchmarkRecord()
        timer = benchmark.BenchmarkTimer(os.getpid(), record)
        timer.main = type(timer.main)(waiting.pid)
        timer.work()
        assert {pid for pid, _ in record.processed_procs} == {waiting.pid}
        other.send(PID.pack(waiting.pid) + PID.pack(forked.pid))
        timer.work()
        assert {pid for pid, _ in record.processed_procs} == {waiting.pid, forked.pid}
        # When it has ended, another process may get its number.
        monkeypatch.setattr(Process, "is_running", lambda process: process.pid != forked.pid)
        timer.bench_record = benchmark.BenchmarkRecord()
        timer.work()
        assert {pid for pid, _ in timer.bench_record.processed_procs} == {waiting.pid}
    finally:
        for process in (waiting, forked):
            process.communicate(b"\n")
        own.close()
        other.close()
