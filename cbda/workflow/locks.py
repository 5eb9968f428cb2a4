"""What a killed Snakemake left is set right, so that the same command goes on without `--unlock`.

Snakemake notes in `.snakemake/locks` which files a run works on, but not whether it is still
alive. Every run of this workflow therefore holds a lock of the operating system, which ends
with its process however that ends. Who finds nobody else holding it may remove the notes.
"""

import fcntl
from contextlib import suppress
from pathlib import Path
from typing import IO

from cbda.workflow.kept import put_back_reports


def hold_lock(folder: Path) -> IO[str]:
    """Join the runs of a working directory; remove locks of dead ones, put back what they kept.

    The folder is Snakemake's own, `.snakemake`. Keep the file open for as long as the run lasts.
    """
    folder.mkdir(parents=True, exist_ok=True)
    lock = (folder / "cbda.lock").open("w+")  # NFS asks for both
    with suppress(OSError):  # another run is alive, or the disk knows no such locks
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        for note in (folder / "locks").glob("*.lock"):
            note.unlink(missing_ok=True)
        put_back_reports(folder, "*")
    with suppress(OSError):
        fcntl.flock(lock, fcntl.LOCK_SH)
    return lock


def last_start_s(folder: Path) -> float:
    """When the last run of a working directory was started, since the epoch; 0 before the first."""
    with suppress(OSError):
        return (folder / "cbda.lock").stat().st_mtime
    return 0.0


def is_at_work(folder: Path) -> bool:
    """Whether a run of a working directory is alive; on a disk without such locks none seems so."""
    try:
        with (folder / "cbda.lock").open("r+") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    except OSError:  # no run has ever been here
        pass
    return False
