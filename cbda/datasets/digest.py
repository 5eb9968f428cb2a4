"""Digests of files by content, and of data sets by the names of their files and more."""

import hashlib
from collections.abc import Callable, Iterable
from pathlib import Path

from cbda.datasets.listing import Record


def content_digest(path: Path) -> str:
    """Hash of a file's bytes; 16 hexadecimal digits."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()[:16]


def sizes_digest(root: Path, records: Iterable[Record]) -> str:
    """A digest of the names and sizes of a dataset's files, wherever it is and whenever it came."""
    return files_digest(root, records, lambda path: path.stat().st_size)


def files_digest(root: Path, records: Iterable[Record], describe: Callable[[Path], object]) -> str:
    """A digest of the names of a dataset's files, and of something about each."""
    digest = hashlib.sha256()
    for record in records:
        for path in (record.image_path, record.label_path):
            digest.update(f"{path.relative_to(root)} {describe(path)}\n".encode())
    return digest.hexdigest()
