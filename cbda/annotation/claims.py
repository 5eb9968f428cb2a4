"""Claims: who looks at which query, so that no two people answer the same one.

They lie in a file beside the answers, which servers in several processes share, and lapse.
"""

import fcntl
import json
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

LAPSE_S = 600.0


class Claims:
    """Claims on the queries of one digest; each lapses some seconds after its last renewal."""

    def __init__(self, answers_path: Path, digest: str, lapse_s: float = LAPSE_S) -> None:
        self._path = answers_path.with_name(f".{answers_path.name}.claims")
        self._digest, self._lapse_s = digest, lapse_s

    def take(self, client: str, candidates: Iterable[int]) -> int | None:
        """Claim the first of some queries that nobody else has; None if there is none."""
        with self._changing() as claims:
            for index in candidates:
                if claims.get(self._key(index), [client])[0] == client:
                    claims[self._key(index)] = [client, time.time()]
                    return index
        return None

    def renew(self, client: str) -> None:
        """Have the claims of a client lapse later."""
        with self._changing() as claims:
            for claim in claims.values():
                if claim[0] == client:
                    claim[1] = time.time()

    def _key(self, index: int) -> str:
        return f"{self._digest} {index}"

    @contextmanager
    def _changing(self) -> Iterator[dict[str, list[str | float]]]:
        """The claims that have not lapsed; what becomes of them is kept."""
        with self._path.open("a+", encoding="utf-8") as file:
            with suppress(OSError):  # a disk without such locks
                fcntl.flock(file, fcntl.LOCK_EX)
            file.seek(0)
            try:
                claims = json.loads(file.read() or "{}")
            except ValueError:  # torn: claims are worth little
                claims = {}
            since = time.time() - self._lapse_s
            claims = {key: claim for key, claim in claims.items() if claim[1] > since}
            yield claims
            file.truncate(0)
            file.write(json.dumps(claims))
