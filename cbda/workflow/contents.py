"""What tells of a change of the user's pictures: their names, and the bytes of every one.

All bytes are read once, and again only those of files whose number (inode), size or time of change
(ctime) is another one: nobody can set a time of change, and what takes a file's place has another
number. Digests are kept among Snakemake's notes; without such a folder all is read every time.
"""

import hashlib
import os
from collections.abc import Iterable, Mapping
from contextlib import suppress
from pathlib import Path

from tqdm import tqdm

from cbda.compute.parallel import available_threads, ordered_map
from cbda.datasets.digest import content_digest, describe_state, files_digest
from cbda.errors import UserError
from cbda.files.json_files import read_json, write_json

NOTES = Path(".snakemake")


def describe_pictures(root: Path, paths: Iterable[Path]) -> str:
    """A digest of the names of files from the root on and of their bytes, wherever they are.

    It is empty if there are none, or some can't be read, of which a job will tell.
    """
    with suppress(UserError, OSError):
        contents = read_contents(root, list(paths))
        return files_digest(root, contents, contents) if contents else ""
    return ""


def read_contents(root: Path, paths: list[Path]) -> dict[Path, str]:
    """`content_digest` of files, in their order: the first digits of their SHA-256."""
    place = NOTES / f"cbda.contents/{hashlib.sha256(os.path.realpath(root).encode()).hexdigest()}"
    names = {path: path.relative_to(root).as_posix() for path in paths}
    states = {path: describe_state(path) for path in names}  # before any of them is read
    kept = _read_kept(place)
    known = {path: kept.get(name, "").rpartition(" ") for path, name in names.items()}
    changed = [path for path, state in states.items() if known[path][0] != state]
    read = ordered_map(content_digest, changed, available_threads())
    shown = tqdm(read, total=len(changed), mininterval=5, delay=5, desc=f"read {root}")
    contents = {path: known[path][2] for path in names} | dict(zip(changed, shown, strict=True))
    if changed:
        new = {names[path]: f"{states[path]} {contents[path]}" for path in changed}
        _keep(place, kept | new)
    return contents


def _read_kept(place: Path) -> dict[str, str]:
    """Name of a file to its state, and the digest of its bytes in it."""
    with suppress(UserError):
        kept = read_json(place)
        if isinstance(kept, dict) and all(isinstance(value, str) for value in kept.values()):
            return kept
    return {}


def _keep(place: Path, kept: Mapping[str, str]) -> None:
    if NOTES.is_dir():
        with suppress(UserError, OSError):  # another user's, or full: they are read again
            write_json(place, kept)
