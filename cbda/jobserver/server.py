"""A server of a run: one thread that imports what jobs need, forks them, and tells how they end.

It starts bare. The first job's environment becomes its own, in which it starts again, as libraries
read theirs when they are imported; a job of any other surroundings is refused. When its run is gone
it ends with the last of its jobs; when it is gone itself, its jobs are killed.
"""

import gc
import os
import selectors
import signal
import socket
import sys
from collections.abc import Callable
from contextlib import suppress
from ctypes import CDLL
from importlib import import_module
from typing import Any

from cbda.jobserver.messages import (
    ACCEPTED,
    AGAIN,
    ENCODERS,
    MODULE,
    NUMBA,
    PHASES,
    PID,
    REFUSED,
    SIGNALS,
    TORCH,
    peer,
    receive_request,
)
from cbda.jobserver.surroundings import describe_surroundings

# By kind, what every job of it imports anyway, as results are recorded with the versions of all
# that was imported; and nothing that starts threads.
NEEDED = {
    TORCH: (
        *("cbda.cli", "cbda.workflow.origin", "cbda.models.checkpoints", "cbda.models.inference"),
        *("cbda.acquisition.scoring", "cbda.training.trainer", "cbda.training.loader"),
        *("cbda.training.resume", "cbda.training.history", "cbda.files.scores", "tqdm"),
    ),
    NUMBA: ("cbda.cli", "cbda.workflow.origin", "cbda.selection.querying", "cbda.files.scores"),
}
NEEDED[ENCODERS] = (*NEEDED[TORCH], "segmentation_models_pytorch")
PATIENCE_S = 5.0  # for a request that has begun
PR_SET_PDEATHSIG = 1


class Server:
    """Forks jobs, and passes signals to them and their ends to who waits."""

    def __init__(self, listener: socket.socket, run: socket.socket) -> None:
        self._listener, self._run, self._is_open = listener, run, True
        self._selector = selectors.DefaultSelector()
        self._jobs: dict[int, tuple[socket.socket, int]] = {}  # by process: who waits, its pidfd
        self._surroundings = describe_surroundings()
        self._watch(listener, self._accept)
        self._watch(run, self._close)

    def serve(self) -> list[str] | None:
        """In a forked process its arguments; None when there is nothing left to do."""
        while self._is_open or self._jobs:
            key, _ = self._selector.select()[0]  # what else is ready is so the next time
            if (argv := key.data()) is not None:
                return list(argv)
        return None

    def _watch(self, place: socket.socket | int, react: Callable[[], list[str] | None]) -> None:
        self._selector.register(place, selectors.EVENT_READ, react)

    def _close(self) -> None:
        """The run has ended: nobody will ask for more."""
        self._is_open = False
        for place in (self._listener, self._run):
            self._selector.unregister(place)
            place.close()

    def _accept(self) -> list[str] | None:
        connection, _ = self._listener.accept()
        process, user = peer(connection)
        try:
            if user != os.getuid():
                raise ValueError("another user")
            connection.settimeout(PATIENCE_S)
            request, files = receive_request(connection)
        except (OSError, ValueError):
            connection.close()
            return None
        argv = None
        if request["surroundings"] != self._surroundings:
            _answer(connection, REFUSED)
        elif self._fork(connection, process):
            argv = _become(request, files)
            self._leave(connection)
        for file in files:
            os.close(file)
        return argv

    def _fork(self, connection: socket.socket, client: int) -> bool:
        """Whether this is the new process."""
        server = os.getpid()
        try:
            process = os.fork()
        except OSError:
            _answer(connection, REFUSED)
            return False
        if process:
            self._jobs[process] = connection, os.pidfd_open(process)
            self._watch(self._jobs[process][1], lambda: self._finish(process))
            self._watch(connection, lambda: self._pass_signals(process))
            with suppress(OSError):  # nobody measures
                self._run.send(PID.pack(client) + PID.pack(process), socket.MSG_DONTWAIT)
            return False
        CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
        if os.getppid() != server:
            os._exit(1)
        os.setpgid(0, 0)  # a signal to a group comes by whoever waits, and not twice
        return True

    def _leave(self, connection: socket.socket) -> None:
        """Tell who waits that the job begins, and close what is the server's."""
        try:
            connection.sendall(ACCEPTED)
        except OSError:  # nobody waits any more
            os._exit(1)
        self._selector.close()
        others = [place for waiting in self._jobs.values() for place in waiting]
        for place in (self._listener, self._run, connection, *others):
            os.close(place if isinstance(place, int) else place.detach())

    def _pass_signals(self, process: int) -> None:
        """Pass signals on; an end that is closed has the job killed."""
        connection, pidfd = self._jobs[process]
        try:
            numbers = connection.recv(64)
        except OSError:
            numbers = b""
        if not numbers:
            self._selector.unregister(connection)
        for number in numbers or [signal.SIGKILL]:
            with suppress(ProcessLookupError):
                signal.pidfd_send_signal(pidfd, number)

    def _finish(self, process: int) -> None:
        connection, pidfd = self._jobs.pop(process)
        _, status = os.waitpid(process, 0)
        self._selector.unregister(pidfd)
        os.close(pidfd)
        with suppress(KeyError):
            self._selector.unregister(connection)
        _answer(connection, PID.pack(status))


def _answer(connection: socket.socket, content: bytes) -> None:
    with suppress(OSError), connection:
        connection.sendall(content)


def _become(request: dict[str, Any], files: list[int]) -> list[str]:
    """Make this process what the job's own would have been; its arguments."""
    sys.stdout.flush()
    sys.stderr.flush()
    for place, file in enumerate(files[:3]):
        os.dup2(file, place)
    os.fchdir(files[3])
    os.umask(request["umask"])
    for number in SIGNALS:
        signal.signal(number, signal.SIG_DFL)
    signal.signal(signal.SIGINT, signal.default_int_handler)
    for number in request["ignored"]:
        signal.signal(number, signal.SIG_IGN)
    sys.stdout.reconfigure(line_buffering=os.isatty(1))  # type: ignore[union-attr]
    return list(request["argv"])


def adopt_environment(kind: str, listener: socket.socket, run: socket.socket) -> None:
    """Wait for the first job, and start again in its environment; return if none will come."""
    with selectors.DefaultSelector() as selector:
        for place in (listener, run):
            selector.register(place, selectors.EVENT_READ)
        while not any(key.fileobj is run for key, _ in selector.select()):
            connection, _ = listener.accept()
            with connection:
                environment = _requested_environment(connection)
                if environment is None:
                    continue
                connection.sendall(AGAIN)
            for place in (listener, run):
                place.set_inheritable(True)
            words = ["-m", MODULE, kind, str(listener.fileno()), str(run.fileno()), "ready"]
            os.execve(sys.executable, [sys.executable, *words], environment)


def _requested_environment(connection: socket.socket) -> dict[str, str] | None:
    if peer(connection)[1] != os.getuid():
        return None
    connection.settimeout(PATIENCE_S)
    try:
        request, files = receive_request(connection)
    except (OSError, ValueError):
        return None
    for file in files:
        os.close(file)
    return dict(request["surroundings"]["environment"])


def main(kind: str, listener: int, run: int, is_ready: bool) -> list[str] | None:
    """Serve; in the process of a job, return its arguments."""
    for number in SIGNALS:
        signal.signal(number, signal.SIG_IGN)
    sockets = socket.socket(fileno=listener), socket.socket(fileno=run)
    if not is_ready:
        adopt_environment(kind, *sockets)
        return None
    for place in sockets:
        place.set_inheritable(False)
    for name in NEEDED[kind]:
        import_module(name)
    import_module("cbda.cli").build_parser()
    import_module("cbda.compiled").load_compiler()
    served = TORCH if kind == ENCODERS else kind
    for phase in (phase for phase, of in PHASES.items() if of == served):
        import_module("cbda.workflow.fingerprint").fingerprint(phase)  # reads all code once
    gc.collect()
    gc.freeze()  # what all share is not touched by their collections
    return Server(*sockets).serve()
