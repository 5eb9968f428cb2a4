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

NO_ROOM = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)


@contextmanager
def complete_file(path: Path, needed_bytes: int = 0) -> Iterator[Path]:
    """Give a temporary name to write to; rename it to `path` if the block succeeds.

    Args:
        path: the file that appears; its folder is made.
        needed_bytes: its size, if that is known, so that a disk without room for it is refused
            before any work is done.

    Raises:
        UserError: the file can't be written; says where, why, and how much was needed.
    """
    path = Path(path)
    temporary = _temporary_name(path)
    try:
        with explained_write(path, needed_bytes, temporary):
            path.parent.mkdir(parents=True, exist_ok=True)
            remove_leftovers(path)
            _require_room(path.parent, needed_bytes)
            yield temporary
            _sync(temporary)
            temporary.replace(path)
            _sync(path.parent)
    finally:
        with suppress(OSError):  # a folder that refuses the file may refuse this too
            temporary.unlink(missing_ok=True)


@contextmanager
def explained_write(
    path: Path, needed_bytes: int = 0, temporary: Path | None = None
) -> Iterator[None]:
    """Raise a `UserError` if the block fails because the disk won't take the file."""
    try:
        yield
    except (OSError, RuntimeError) as error:
        number = error_number(error)
        if number is None:
            raise
        written_bytes = getattr(error, "written_bytes", _size(temporary or path))
        raise _complaint(path, number, needed_bytes, written_bytes) from error


def error_number(error: BaseException) -> int | None:
    """The errno of a failed file operation; HDF5 may have it in the text only."""
    if isinstance(error, OSError) and error.errno is not None:
        return error.errno
    found = re.search(r"\berrno = (\d+)", str(error))
    return int(found[1]) if found else None


def remove_leftovers(path: Path) -> None:
    """Remove temporary files of the same name whose writer was killed on this machine."""
    pattern = re.compile(rf"\.{re.escape(path.name)}\.{re.escape(_host())}\.(\d+)\.tmp")
    for other in path.parent.iterdir():
        written = pattern.fullmatch(other.name)
        if written and not _is_alive(int(written[1])):
            other.unlink(missing_ok=True)


def _temporary_name(path: Path) -> Path:
    return path.with_name(f".{path.name}.{_host()}.{os.getpid()}.tmp")


def _host() -> str:
    return socket.gethostname()


def _is_alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except (PermissionError, OverflowError):  # someone else's, or no pid at all
        return True
    return pid != os.getpid()


def _sync(path: Path) -> None:
    """Have the disk hold a file, or the names in a folder."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _require_room(folder: Path, needed_bytes: int) -> None:
    if needed_bytes > shutil.disk_usage(folder).free:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


def _size(path: Path) -> int:
    try:
        return path.stat().st_size
    except OSError:
        return 0


def _complaint(path: Path, number: int, needed_bytes: int, written_bytes: int) -> UserError:
    """Why a file could not be written and, if room is lacking, how much it needs."""
    reason = f"{path}: cannot be written: {os.strerror(number)}"
    if number not in NO_ROOM or not path.parent.is_dir():
        return UserError(reason)
    needed = f"{needed_bytes:,}" if needed_bytes else f"more than {written_bytes:,}"
    free = shutil.disk_usage(path.parent).free + (0 if needed_bytes else written_bytes)
    return UserError(f"{reason}; it needs {needed} bytes, {path.parent} has {free:,} free")
