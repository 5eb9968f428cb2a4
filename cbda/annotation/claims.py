"""Claims: who looks at which query, so that no two people answer the same one.

They lie in a file beside the answers, which servers in several processes share. Pages renew theirs
and give them up when they are left; those of a browser or a server that died lapse.
"""

import fcntl
import json
import os
import socket
import time
from collections.abc import Collection, Iterable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO

from cbda.files.atomic import explained_write

LAPSE_S = 150.0  # browsers have pages that aren't seen renew once a minute at most
Claim = tuple[str, float, str]  # client, last renewal, server


class Claims:
    """Claims on the queries of one digest, through one server.

    Each lapses some seconds after its last renewal, or with its server.
    """

    def __init__(self, answers_path: Path, digest: str, lapse_s: float = LAPSE_S) -> None:
        self._answers_path = answers_path
        self._path = answers_path.with_name(f".{answers_path.name}.claims")
        self._digest, self._lapse_s = digest, lapse_s
        self._server = f"{socket.gethostname()} {os.getpid()}"

    def take(self, client: str, kept: Collection[int], candidates: Iterable[int]) -> int | None:
        """Claim the first of some queries that nobody else has; None if there is none.

        Of the client's other claims those that are kept lapse later, and all others now.
        """
        with self._changing() as claims:
            _drop(claims, client)
            for index in kept:
                claims.setdefault(self._key(index), self._claim(client))
            for index in candidates:
                if self._key(index) not in claims:
                    claims[self._key(index)] = self._claim(client)
                    return index
        return None

    def renew(self, client: str) -> None:
        """Have what a client has claimed lapse later."""
        with self._changing() as claims:
            own = [key for key, claim in claims.items() if claim[0] == client]
            claims.update(dict.fromkeys(own, self._claim(client)))

    def release(self, client: str) -> None:
        """Give up what a client has claimed."""
        with self._changing() as claims:
            _drop(claims, client)

    def _claim(self, client: str) -> Claim:
        return client, time.time(), self._server

    def _key(self, index: int) -> str:
        return f"{self._digest} {index}"

    def _open(self) -> IO[str]:
        return os.fdopen(os.open(self._path, os.O_RDWR | os.O_CREAT), "r+")

    @contextmanager
    def _changing(self) -> Iterator[dict[str, Claim]]:
        """The claims that have not lapsed; what becomes of them is kept."""
        with explained_write(self._answers_path), self._open() as file:
            with suppress(OSError):  # a disk without such locks
                fcntl.flock(file, fcntl.LOCK_EX)
            text = file.read()
            since = time.time() - self._lapse_s
            try:
                known = json.loads(text or "{}").items()
                listed = ((key, (str(client), at, server)) for key, (client, at, server) in known)
                claims = {key: c for key, c in listed if c[1] > since and _is_there(c[2])}
            except (ValueError, TypeError, AttributeError, OverflowError, RecursionError):
                claims = {}  # torn or edited: claims are worth little
            yield claims
            file.seek(0)
            file.write(json.dumps(claims).ljust(len(text)))  # to cut a file off takes milliseconds


def _drop(claims: dict[str, Claim], client: str) -> None:
    for key in [key for key, claim in claims.items() if claim[0] == client]:
        del claims[key]


def _is_there(server: str) -> bool:
    """Whether a server may still run: one of another machine may."""
    host, _, pid = server.rpartition(" ")
    if host != socket.gethostname():
        return True
    try:
        os.kill(int(pid), 0)
    except ProcessLookupError:
        return False
    except PermissionError:  # someone else's
        pass
    return True
