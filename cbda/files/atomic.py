"""Writes files so that each appears complete or not at all.

A file is written to a temporary name in its own folder, synced and renamed. A disk that won't
take it is the user's to fix, and reported in one line.
"""

import errno
import os
import re
import shutil
import socket
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from cbda.errors import UserError
from cbda.files.records import record_path, recorded

NO_ROOM = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)


@contextmanager
def complete_file(path: Path, needed_bytes: int = 0) -> Iterator[Path]:
    """Give a temporary name to write to; rename it to `path` if the block succeeds.

    The folder is made. If `needed_bytes` are known, a disk without room is refused before any work
    is done. A `UserError` says where and why a file can't be written, and how much was needed.
    """
    path = Path(path)
    temporary = path.with_name(f".{path.name}.{socket.gethostname()}.{os.getpid()}.tmp")
    try:
        with explained_write(path, needed_bytes, temporary):
            path.parent.mkdir(parents=True, exist_ok=True)
            remove_leftovers(path)
            remove_leftovers(record_path(path))
            if needed_bytes > shutil.disk_usage(path.parent).free:
                raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
            yield temporary
            sync(temporary)
            with recorded(temporary, path):
                temporary.replace(path)
            sync(path.parent)
    finally:
        with suppress(OSError):  # a folder that refuses the file may refuse this too
            temporary.unlink(missing_ok=True)


@contextmanager
def explained_write(path: Path, needed_bytes: int = 0, place: Path | None = None) -> Iterator[None]:
    """Raise a `UserError` with reason and room if the disk won't take the file of the block."""
    try:
        yield
    except (OSError, RuntimeError) as error:
        number = error_number(error)
        if number is None:
            raise
        reason = f"{path}: cannot be written: {os.strerror(number)}"
        if number not in NO_ROOM or not path.parent.is_dir():
            raise UserError(reason) from error
        place = place or path
        size = place.stat().st_size if place.exists() else 0
        written_bytes = getattr(error, "written_bytes", size)
        needed = f"{needed_bytes:,}" if needed_bytes else f"more than {written_bytes:,}"
        free = shutil.disk_usage(path.parent).free + (0 if needed_bytes else written_bytes)
        room = f"it needs {needed} bytes, {path.parent} has {free:,} free"
        raise UserError(f"{reason}; {room}") from error


def unreadable(path: Path, what: str, error: BaseException) -> UserError:
    """Why a file can't be read: what the system says, or that it is none of its kind."""
    number = error_number(error)
    if number is not None:
        return UserError(f"{path}: cannot be read: {os.strerror(number)}")
    reason = " ".join(str(error).split())[:200] or type(error).__name__
    return UserError(f"{path}: not a readable {what} ({reason})")


def error_number(error: BaseException) -> int | None:
    """The errno of a failed file operation; HDF5 may have it in the text only."""
    if isinstance(error, OSError) and error.errno is not None:
        return error.errno
    found = re.search(r"\berrno = (\d+)", str(error))
    return int(found[1]) if found else None


def remove_leftovers(path: Path) -> None:
    """Remove temporary files of the same name whose writer was killed on this machine."""
    prefix = re.escape(f".{path.name}.{socket.gethostname()}.")
    for other in path.parent.iterdir() if path.parent.is_dir() else ():
        written = re.fullmatch(rf"{prefix}(\d+)\.tmp", other.name)
        if written and not _is_alive(int(written[1])):
            other.unlink(missing_ok=True)


def _is_alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except (PermissionError, OverflowError):  # someone else's, or no pid at all
        return True
    return pid != os.getpid()


def sync(path: Path) -> None:
    """Have the disk hold a file, or the names in a folder."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
