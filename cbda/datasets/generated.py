"""Generated sets: which files `cbda data make` wrote, and whether they are as it left them.

The mark of a set, which says so, is a hidden file in its root. The manifest lists the files too,
but Snakemake removes it before it makes a set again.
"""

import json
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

from cbda.datasets.digest import content_digest, describe_irregular, require_regular
from cbda.errors import UserError

MARK, MANIFEST = ".cbda_generated.json", "manifest.json"
SKIP_FILE = "cbda_skip.txt"  # of the user's, in any set: image ids to leave out
AGAIN = f"{MANIFEST} to have the set made again"


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
                yield path, f"was made by `cbda data make`, and is lost: remove {AGAIN}"
            elif made != f"{contents.get(path, made.partition(' ')[0])} {path.stat().st_size}":
                yield path, f"has changed since `cbda data make` made it: remove it and {AGAIN}"
        for path in paths:
            if path.relative_to(root).as_posix() not in files:
                yield path, "lies in a generated set, but was not made with it: move it away"
