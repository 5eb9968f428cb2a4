"""Have a job done by the server of its run. Imports little, as it runs at the start of each job."""

import os
import signal
import socket
import sys
from collections.abc import Sequence
from contextlib import suppress
from types import FrameType
from typing import Any

from cbda.jobserver.messages import (
    ACCEPTED,
    AGAIN,
    PHASES,
    PID,
    PREFIX,
    SIGNALS,
    address,
    peer,
    receive,
    send_request,
)
from cbda.jobserver.surroundings import VARIABLE, describe_surroundings

ATTEMPTS = 3  # the server starts anew in the surroundings of the first job
PATIENCE_S = 60.0  # while it imports


def run_remotely(argv: Sequence[str]) -> int | None:
    """The exit code of a job that the server did; None if this process has to do it.

    Signals go to the process that does it, and this one ends by the signal that ended that one.
    """
    name = os.environ.get(VARIABLE, "")
    if not name.startswith(PREFIX) or not argv or argv[0] not in PHASES:
        return None
    answer = AGAIN
    for _ in range(ATTEMPTS):
        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as connection:
            before = signal.pthread_sigmask(
                signal.SIG_BLOCK, SIGNALS
            )  # until they can be passed on
            try:
                answer = _ask(connection, address(name, PHASES[argv[0]]), argv)
                handlers = _pass_on(connection) if answer == ACCEPTED else {}
            except OSError:
                return None
            finally:
                signal.pthread_sigmask(signal.SIG_SETMASK, before)
            if answer == ACCEPTED:
                return _wait(connection, handlers)
        if answer != AGAIN:
            break
    return None


def _ask(connection: socket.socket, place: str, argv: Sequence[str]) -> bytes:
    connection.settimeout(PATIENCE_S)
    connection.connect(place)
    if peer(connection)[1] != os.getuid():
        return b""
    folder = os.open(".", os.O_PATH | os.O_DIRECTORY)
    umask = os.umask(0)
    os.umask(umask)
    ignored = [n for n in signal.valid_signals() if signal.getsignal(n) is signal.SIG_IGN]
    request = {
        "argv": list(argv),
        "umask": umask,
        "ignored": sorted(map(int, ignored)),
        "surroundings": describe_surroundings(),
    }
    try:
        send_request(connection, request, [0, 1, 2, folder])
    finally:
        os.close(folder)
    return receive(connection, 1)


def _pass_on(connection: socket.socket) -> dict[signal.Signals, Any]:
    """Pass signals on from here on; how they were handled before."""

    def pass_on(number: int, frame: FrameType | None) -> None:
        is_pause = number == signal.SIGTSTP
        with suppress(OSError):
            connection.send(bytes([signal.SIGSTOP if is_pause else number]))
        if is_pause:
            os.kill(os.getpid(), signal.SIGSTOP)

    heard = [number for number in SIGNALS if signal.getsignal(number) is not signal.SIG_IGN]
    return {number: signal.signal(number, pass_on) for number in heard}


def _wait(connection: socket.socket, handlers: dict[signal.Signals, Any]) -> int | None:
    """How the job ended; None if the server is gone, and with it the job."""
    connection.settimeout(None)
    try:
        answer = receive(connection, PID.size)
    except OSError:
        answer = b""
    for number, handler in handlers.items():
        signal.signal(number, handler)
    return _end_alike(PID.unpack(answer)[0]) if len(answer) == PID.size else None


def _end_alike(status: int) -> int:
    """The exit code of a process; one that a signal ended has this one ended by it."""
    if os.WIFSIGNALED(status):
        number = os.WTERMSIG(status)
        if number != signal.SIGKILL:
            signal.signal(number, signal.SIG_DFL)
        sys.stdout.flush()
        os.kill(os.getpid(), number)
    return os.waitstatus_to_exitcode(status)
