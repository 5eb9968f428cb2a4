"""The commit of the package."""

import subprocess
from functools import cache
from pathlib import Path

PACKAGE = Path(__file__).parents[1]


@cache
def source_commit() -> str:
    """Commit of the package, marked if its files were changed since; empty if no repository has it.

    One that merely encloses the folder, as of an environment inside of it, has none of its files.
    """
    if not _git("ls-files", "__init__.py"):
        return ""
    changed = _git("status", "--porcelain", "--untracked-files=no", ".")
    return _git("rev-parse", "HEAD") + (" with changes" if changed else "")


def _git(*words: str) -> str:
    """What git prints; nothing if it is not there or fails."""
    command = ["git", "-C", str(PACKAGE), *words]
    try:
        done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=20)
    except (OSError, subprocess.TimeoutExpired):
        return ""
    return done.stdout.strip() if done.returncode == 0 else ""
