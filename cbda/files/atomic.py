"""Writes files so that each appears complete or not at all.

A file is written to a temporary name in its own folder, synced and renamed; a link stays, and
what it leads to is replaced. A disk that won't take it is the user's to fix, and reported in one
line.
"""

import errno
import os
import re
import shutil
import socket
import stat
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from itertools import chain, count
from pathlib import Path

from cbda.errors import UserError
from cbda.files.durable import sync
from cbda.files.records import is_recorded, record_path, recorded
from cbda.files.replacing import require_replaceable

NO_ROOM = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)
LOCKED = (errno.EAGAIN, errno.EWOULDBLOCK)  # HDF5 locks what it has open
CUT_SHORT = r"\d+ requested and \d+ written"  # NumPy, of whatever is amiss with the disk
OF_DAMAGE = (errno.EINVAL,)  # what a damaged file leads to, such as a place before its beginning
KINDS = {stat.S_ISDIR: "a folder", stat.S_ISCHR: "a device", stat.S_ISBLK: "a device",
         stat.S_ISFIFO: "a named pipe", stat.S_ISSOCK: "a socket"}  # fmt: skip


class DamagedFileError(UserError):
    """A file that could be read, but is damaged or of another kind: it is of no use."""


def require_output(path: Path) -> None:
    """Raise a `UserError` unless a path, or what it links to, is a file or may become one."""
    try:
        mode = path.stat().st_mode
    except (FileNotFoundError, NotADirectoryError):
        mode = stat.S_IFREG
    except OSError as error:
        raise UserError(f"{path}: cannot be written: {os.strerror(error.errno or 0)}") from error
    kind = next((words for is_kind, words in KINDS.items() if is_kind(mode)), "")
    if kind:
        raise UserError(
            f"{path}: cannot be written: is {kind}; allowed is a file, or a link to one"
        )
    place = Path(os.path.realpath(path)).parent
    while not place.exists():
        place = place.parent
    if not place.is_dir():
        raise UserError(f"{path}: cannot be written: {place} is no folder")


def set_aside(path: Path, why: str) -> Path:
    """Keep a file that is of no use under a name of its own, such as `model.pt.resume.damaged`."""
    names = (f"{path.name}.{why}{number}" for number in chain([""], (f".{n}" for n in count(1))))
    kept = next(other for other in map(path.with_name, names) if not os.path.lexists(other))
    path.rename(kept)
    return kept


@contextmanager
def complete_file(path: Path, needed_bytes: int = 0) -> Iterator[Path]:
    """Give a temporary name to write to; rename it to `path` if the block succeeds.

    The folder is made. If `needed_bytes` are known, a disk without room is refused before any work
    is done. A `UserError` says where and why a file can't be written, and how much was needed; or
    that a result would replace what is none.
    """
    require_output(path)
    if is_recorded(path):
        require_replaceable(path)
    path = Path(os.path.realpath(path))
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
    """Why a file can't be read: what the system says, or that it is damaged or none of its kind.

    Only the latter is a `DamagedFileError`: of what the system says, the file is not to blame.
    """
    number = error_number(error)
    if isinstance(error, MemoryError) or "allocate memory" in str(error):
        return UserError(f"{path}: cannot be read: it does not fit in memory")
    if number in LOCKED:
        advice = "wait until that ends, or close it there"
        return UserError(f"{path}: cannot be read: another process has it open to write; {advice}")
    if number is not None and number not in OF_DAMAGE:
        return UserError(f"{path}: cannot be read: {os.strerror(number)}")
    reason = " ".join(str(error).split())[:200] or type(error).__name__
    return DamagedFileError(f"{path}: not a readable {what} ({reason})")


def error_number(error: BaseException) -> int | None:
    """The errno of a failed file operation; HDF5 may have it in the text only, NumPy has none."""
    if isinstance(error, OSError) and error.errno is not None:
        return error.errno
    if isinstance(error, OSError) and re.fullmatch(CUT_SHORT, str(error)):
        return errno.ENOSPC
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
