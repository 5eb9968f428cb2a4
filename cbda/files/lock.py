"""A lock that processes which write the same files hold in turn."""

import fcntl
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from cbda.files.atomic import explained_write, require_output


@contextmanager
def exclusive(lock: Path, path: Path, doing: str) -> Iterator[None]:
    """Hold a lock, a file beside what is written, which ends with the process however that ends.

    Whoever kills Snakemake and not its jobs, and starts it again, has two jobs of one output. The
    file stays: removed, it would be another one to whoever comes next.
    `path` is what is written, by which trouble is told, as nobody knows of the lock. `doing` says
    what another process is waited for to end, such as `trains in DIR`.
    """
    require_output(path)
    with explained_write(path):
        path.parent.mkdir(parents=True, exist_ok=True)
        file = lock.open("a")
    with file:
        with suppress(OSError):  # a disk without such locks
            try:
                fcntl.lockf(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except (BlockingIOError, PermissionError):  # systems differ
                print(f"waits for another process that {doing}", file=sys.stderr, flush=True)
                fcntl.lockf(file, fcntl.LOCK_EX)
        yield
