"""Claims: who looks at which query, so that no two people answer the same one.

They lie in a file beside the answers, which servers in several processes share, and lapse.
"""

import fcntl
import json
import os
import time
from collections.abc import Collection, Iterable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

LAPSE_S = 600.0


class Claims:
    """Claims on the queries of one digest; each lapses some seconds after its last renewal."""

    def __init__(self, answers_path: Path, digest: str, lapse_s: float = LAPSE_S) -> None:
        self._path = answers_path.with_name(f".{answers_path.name}.claims")
        self._digest, self._lapse_s = digest, lapse_s

    def take(self, client: str, kept: Collection[int], candidates: Iterable[int]) -> int | None:
        """Claim the first of some queries that nobody else has; None if there is none.

        Of the client's other claims those that are kept lapse later, and all others now.
        """
        with self._changing() as claims:
            for key in [key for key, claim in claims.items() if claim[0] == client]:
                del claims[key]
            for index in kept:
                claims.setdefault(self._key(index), [client, time.time()])
            for index in candidates:
                if self._key(index) not in claims:
                    claims[self._key(index)] = [client, time.time()]
                    return index
        return None

    def _key(self, index: int) -> str:
        return f"{self._digest} {index}"

    @contextmanager
    def _changing(self) -> Iterator[dict[str, list[str | float]]]:
        """The claims that have not lapsed; what becomes of them is kept."""
        with os.fdopen(os.open(self._path, os.O_RDWR | os.O_CREAT), "r+") as file:
            with suppress(OSError):  # a disk without such locks
                fcntl.flock(file, fcntl.LOCK_EX)
            text = file.read()
            since = time.time() - self._lapse_s
            try:
                known = json.loads(text or "{}").items()
                claims = {key: [client, at] for key, (client, at) in known if at > since}
            except (ValueError, TypeError, AttributeError, RecursionError):
                claims = {}  # torn or edited: claims are worth little
            yield claims
            file.seek(0)
            file.write(json.dumps(claims).ljust(len(text)))  # to cut a file off takes milliseconds
