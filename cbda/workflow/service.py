"""The servers of a run of Snakemake, which its local jobs are forked from."""

import os
import secrets
import socket
import subprocess
from collections.abc import MutableMapping
from contextlib import suppress
from typing import Any

from psutil import NoSuchProcess, Process

from cbda.jobserver.messages import ENCODERS, MODULE, NUMBA, PID, PREFIX, TORCH, address
from cbda.jobserver.surroundings import VARIABLE


def start_servers(
    words: list[str], environment: MutableMapping[str, str], import_encoders: bool = False
) -> socket.socket | None:
    """Have jobs that get this environment ask a server first; servers end when this process does.

    `words` call the package; `import_encoders` says whether every job that builds a network needs
    segmentation_models_pytorch, which takes seconds to import. None if the environment names a
    server, or this system can't have one: jobs then work by themselves.
    """
    if VARIABLE in environment or not hasattr(os, "pidfd_open"):
        return None
    name = PREFIX + secrets.token_hex(16)
    run, other = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    try:
        with other:
            for kind in (TORCH, NUMBA):
                imports = ENCODERS if kind == TORCH and import_encoders else kind
                _start_server([*words[:-1], MODULE, imports], address(name, kind), other)
    except OSError:
        run.close()
        return None
    environment[VARIABLE] = name
    return run


def _start_server(command: list[str], place: str, run: socket.socket) -> None:
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as listener:
        listener.bind(place)
        listener.listen()
        files = (listener.fileno(), run.fileno())
        nothing = dict.fromkeys(("stdin", "stdout", "stderr"), subprocess.DEVNULL)
        words = [*command, *map(str, files)]
        subprocess.Popen(words, pass_fds=files, **nothing)  # type: ignore[call-overload]


def measure_forked_jobs(run: socket.socket) -> None:
    """Have Snakemake's benchmarks count what servers fork for a job among its processes."""
    from snakemake import benchmark

    forked: dict[int, Process] = {}  # by the process that waits

    class Job(Process):  # type: ignore[misc]
        """A process whose children include what is done for it elsewhere."""

        def children(self, recursive: bool = False) -> Any:
            """Those of the system, and those of servers."""
            forked.update(_forked(run))
            found = super().children(recursive)
            for waiting in (self.pid, *(process.pid for process in found)):
                if waiting in forked and forked[waiting].is_running():  # and no other of its number
                    found.append(forked[waiting])
            return found

    class Timer(benchmark.BenchmarkTimer):  # type: ignore[misc]
        """The timer of a job's benchmark."""

        def __init__(self, pid: int, *arguments: Any, **options: Any) -> None:
            super().__init__(pid, *arguments, **options)
            self.main = Job(pid)

    benchmark.BenchmarkTimer = Timer


def _forked(run: socket.socket) -> dict[int, Process]:
    """What servers have told since the last time, as far as it goes on."""
    told: dict[int, Process] = {}
    with suppress(OSError):
        while content := run.recv(2 * PID.size, socket.MSG_DONTWAIT):
            waiting, process = (number for (number,) in PID.iter_unpack(content))
            told.pop(waiting, None)
            with suppress(NoSuchProcess):
                told[waiting] = Process(process)
    return told
