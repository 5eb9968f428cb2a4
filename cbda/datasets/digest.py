"""Regular files: whether a path is one, and digests of what files hold and how they are named."""

import hashlib
import os
import stat
from collections.abc import Iterable, Mapping
from pathlib import Path

from cbda.errors import UserError


def describe_irregular(path: Path) -> str:
    """Why a path is no file to read, such as a link to nothing; empty if it is one."""
    try:
        mode = path.stat().st_mode
    except FileNotFoundError:
        return "is a link to a file that is not there" if path.is_symlink() else "no such file"
    except OSError as error:
        return f"cannot be read: {error.strerror}"
    if stat.S_ISDIR(mode):
        return "is a folder, not a file"
    return "" if stat.S_ISREG(mode) else "is no regular file"


def require_regular(path: Path) -> None:
    """Raise a `UserError` unless a path is a file: to open a named pipe is to wait for ever."""
    problem = describe_irregular(path)
    if problem:
        raise UserError(f"{path}: {problem}")


def content_digest(path: Path) -> str:
    """Hash of a file's bytes; 16 hexadecimal digits."""
    require_regular(path)
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()[:16]


def describe_state(file: Path | int) -> str:
    """What changes whenever the bytes of a file, or of an open one's number, do.

    Another file in its place has another state too, and nobody can set a time of change.
    """
    status = os.stat(file)
    return f"{status.st_ino} {status.st_size} {status.st_ctime_ns}"


def files_digest(
    root: Path, paths: Iterable[Path], contents: Mapping[Path, str] | None = None
) -> str:
    """A digest of the names of files from the root on and of `contents`, or of their sizes.

    It is the same wherever a data set is and whenever it came.
    """
    digest = hashlib.sha256()
    for path in paths:
        described = path.stat().st_size if contents is None else contents[path]
        digest.update(f"{path.relative_to(root)} {described}\n".encode())
    return digest.hexdigest()
