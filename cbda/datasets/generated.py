"""Generated sets: which files `cbda data make` wrote, and whether they are as it left them.

The mark of a set, which says so, is a hidden file in its root. The manifest lists the files too,
but Snakemake removes it before it makes a set again.
"""

import json
import os
from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

from cbda.datasets.digest import (
    content_digest,
    describe_irregular,
    files_digest,
    require_regular,
)
from cbda.errors import UserError

MARK, MANIFEST = ".cbda_generated.json", "manifest.json"
SKIP_FILE = "cbda_skip.txt"  # of the user's, in any set: image ids to leave out
CHANGED_FOLDER = "changed"  # of a set: pictures that were changed, once it was made again
AGAIN = f"remove {MANIFEST} to have the set made again"
CHANGED = f"has changed since `cbda data make` made it: {AGAIN}; it is kept in {CHANGED_FOLDER}/"


def describe_file(path: Path) -> str:
    """The digest of a file's content, and its bytes."""
    return f"{content_digest(path)} {path.stat().st_size}"


def read_mark(root: Path) -> dict[str, Any]:
    """What the mark of a set says or, without one, its manifest; empty if a set is not generated.

    Returns:
        `files` and, during a change, `replaces`: name from the root on to `describe_file`;
        `complete`: false if the change has not come to its end.
    """
    is_marked = (root / MARK).exists()
    path = root / (MARK if is_marked else MANIFEST)
    if is_marked:
        require_regular(path)
    elif describe_irregular(path):
        return {}
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError):
        content = None
    if isinstance(content, dict) and isinstance(content.get("files"), dict):
        return content
    if is_marked:
        raise UserError(f"{path}: damaged; with it removed the set counts as one of yours")
    return {}


def is_manifest(path: Path) -> bool:
    """Whether a file is the manifest of a generated set, which tells of itself what made it."""
    return path.name == MANIFEST and bool(read_mark(path.parent))


def class_names(root: Path) -> tuple[str, ...]:
    """Names of the label ids 0, 1, 2, … of a generated set by its manifest; none of other sets."""
    if not is_manifest(root / MANIFEST):
        return ()
    with suppress(OSError, ValueError, RecursionError):
        content = json.loads((root / MANIFEST).read_text(encoding="utf-8"))
        names = content.get("classes") if isinstance(content, dict) else None
        return tuple(map(str, names)) if isinstance(names, list) else ()
    return ()


def find_altered(root: Path) -> Iterator[tuple[Path, str]]:
    """Pictures of a complete set whose content has changed; those that are lost are left out.

    Only pictures that changed later than the mark are read; it has the time of the latest of them
    once all were found as made. Without a manifest none is read, as the set is to be made again.
    """
    mark = read_mark(root)
    place, altered, latest_ns = root / MARK, False, 0
    if not mark.get("complete") or not place.exists() or not (root / MANIFEST).exists():
        return
    for name, made in mark["files"].items():
        path = root / name
        with suppress(FileNotFoundError):
            changed_ns = path.stat().st_ctime_ns
            latest_ns = max(latest_ns, changed_ns)
            if changed_ns > place.stat().st_mtime_ns and describe_file(path) != made:
                altered = True
                yield path, f"damaged: {CHANGED}"
    if not altered and latest_ns > place.stat().st_mtime_ns:
        with suppress(OSError):  # another user's
            os.utime(place, ns=(latest_ns, latest_ns))


def set_digest(root: Path, paths: Iterable[Path]) -> str:
    """What tells some pictures of a set from others: their content as made, or names and sizes.

    Content is known of generated sets; the rest of the user's sets is not read for it.
    """
    made = read_mark(root).get("files", {})
    contents = {path: made.get(path.relative_to(root).as_posix()) for path in sorted(set(paths))}
    is_known = all(contents.values())
    return files_digest(root, contents, contents if is_known else None)


def find_changes(
    root: Path, paths: Iterable[Path], contents: Mapping[Path, str]
) -> Iterator[tuple[Path, str]]:
    """Files of a generated set that are not as they were made, and why; none of any other set.

    Args:
        root: of the set.
        paths: its pictures as they are now.
        contents: path to `content_digest`, of the files that were read; of others the size counts.
    """
    mark = read_mark(root)
    files = {name: str(made) for name, made in mark.get("files", {}).items()}
    if not mark.get("complete", True):
        yield root, "`cbda data make` did not come to its end here: run it again"
    elif files:
        for name, made in files.items():
            path = root / name
            if describe_irregular(path):
                yield path, f"was made by `cbda data make`, and is lost: {AGAIN}"
            elif made != f"{contents.get(path, made.partition(' ')[0])} {path.stat().st_size}":
                yield path, CHANGED
        for path in paths:
            if path.relative_to(root).as_posix() not in files:
                yield path, "lies in a generated set, but was not made with it: move it away"
