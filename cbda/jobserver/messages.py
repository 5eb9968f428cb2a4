"""What a job and the server say to each other: one request, then bytes either way."""

import array
import json
import os
import signal
import socket
import struct
from typing import Any

MODULE = "cbda.jobserver"  # to be run
PREFIX = "@cbda-"  # of names of sockets: @ stands for the 0 of names that are no files
TORCH, NUMBA = "torch", "numba"  # kinds of servers
ENCODERS = "encoders"  # in place of TORCH, where all networks come from their library
PHASES = {"acquire": NUMBA} | dict.fromkeys(("pretrain", "encode", "score"), TORCH)
PHASES |= dict.fromkeys(("finetune", "evaluate"), TORCH)
PID = struct.Struct("=i")  # a process, or how it ended as waitpid has it
CREDENTIALS = struct.Struct("=3i")  # of a peer: process, user, group
LENGTH = struct.Struct("=q")
REFUSED, AGAIN, ACCEPTED = b"0", b"1", b"2"  # answers to a request
MAX_FILES = 8
SIGNALS = (  # that go on to the job
    *(signal.SIGTERM, signal.SIGINT, signal.SIGHUP, signal.SIGQUIT, signal.SIGUSR1),
    *(signal.SIGUSR2, signal.SIGXCPU, signal.SIGCONT, signal.SIGTSTP),
)


def address(name: str, kind: str) -> str:
    """The address of a server's socket. It is no file, and goes with the last one who has it."""
    return "\0" + name.removeprefix("@") + kind


def peer(connection: socket.socket) -> tuple[int, int]:
    """Process and user at the other end."""
    raw = connection.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, CREDENTIALS.size)
    process, user, _ = CREDENTIALS.unpack(raw)
    return process, user


def send_request(connection: socket.socket, request: dict[str, Any], files: list[int]) -> None:
    """Send a request, and files with it."""
    content = json.dumps(request).encode()
    ancillary = [(socket.SOL_SOCKET, socket.SCM_RIGHTS, array.array("i", files))]
    connection.sendmsg([LENGTH.pack(len(content))], ancillary)
    connection.sendall(content)


def receive_request(connection: socket.socket) -> tuple[dict[str, Any], list[int]]:
    """The request, and the files that came with it; an `OSError` or `ValueError` if it is none."""
    files = array.array("i")
    room = socket.CMSG_SPACE(MAX_FILES * files.itemsize)
    head, ancillary, _, _ = connection.recvmsg(LENGTH.size, room)
    for level, kind, data in ancillary:
        if (level, kind) == (socket.SOL_SOCKET, socket.SCM_RIGHTS):
            files.frombytes(data[: len(data) - len(data) % files.itemsize])
    try:
        if len(head) != LENGTH.size:
            raise ValueError("no request")
        return json.loads(receive(connection, LENGTH.unpack(head)[0])), list(files)
    except (OSError, ValueError):
        for file in files:
            os.close(file)
        raise


def receive(connection: socket.socket, size: int) -> bytes:
    """So many bytes; fewer if the other end is gone."""
    content = b""
    while len(content) < size and (part := connection.recv(size - len(content))):
        content += part
    return content
