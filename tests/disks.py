"""Folders on disks that are full or refuse to be written to, for root and for others."""

import os
import resource
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

IS_ROOT = os.geteuid() == 0


@contextmanager
def small_disk(folder: Path, num_bytes: int) -> Iterator[Callable[[], None] | None]:
    """Make a folder of limited size: a tmpfs for root, else a limit on the size of files.

    Yields:
        What a child process must call before it starts; None if there is nothing to do.
    """
    folder.mkdir(parents=True)
    if not _mount(folder, f"size={num_bytes}"):
        yield lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (num_bytes, num_bytes))
        return
    try:
        yield None
    finally:
        subprocess.run(["umount", folder], check=True)


@contextmanager
def read_only(folder: Path) -> Iterator[None]:
    """Make a folder refuse to be written to: a tmpfs mounted so for root, else its mode."""
    folder.mkdir(parents=True, exist_ok=True)
    mounted = _mount(folder, "ro,size=64m")
    folder.chmod(0o555) if not mounted else None
    try:
        yield
    finally:
        subprocess.run(["umount", folder], check=True) if mounted else folder.chmod(0o755)


@contextmanager
def refusing_disk(folder: Path, num_bytes: int) -> Iterator[None]:
    """Make a folder of limited size for root, and one that can't be written to for others."""
    if IS_ROOT:
        with small_disk(folder, num_bytes) as before:
            if before is not None:
                raise RuntimeError("root may not mount a tmpfs here")
            yield
    else:
        with read_only(folder):
            yield


def _mount(folder: Path, options: str) -> bool:
    """Whether a tmpfs could be mounted, which takes root and a kernel that lets it."""
    command = ["mount", "-t", "tmpfs", "-o", options, "tmpfs", str(folder)]
    return IS_ROOT and subprocess.run(command, capture_output=True, check=False).returncode == 0


def run_python(
    program: str, *words: object, before: Callable[[], None] | None = None
) -> subprocess.CompletedProcess[str]:
    """Run a program of Python in a process of its own, as a crash must not end the tests."""
    return subprocess.run(
        [sys.executable, "-c", program, *map(str, words)],
        preexec_fn=before,
        capture_output=True,
        text=True,
        check=False,
    )
