import os
import subprocess
import sys

import pytest
from psutil import Process

from cbda.jobserver.messages import PID
from cbda.jobserver.surroundings import VARIABLE
from cbda.workflow import service


@pytest.mark.parametrize("word", ["", "off"])
def test_no_server_is_started_if_the_environment_says_so(monkeypatch, word):
    monkeypatch.setattr(subprocess, "Popen", None)
    environment = {VARIABLE: word}
    assert service.start_servers([sys.executable, "-m", "cbda"], environment) is None
    assert environment == {VARIABLE: word}


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
