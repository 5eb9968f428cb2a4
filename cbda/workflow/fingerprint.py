"""Fingerprints of code and files that jobs read, so that Snakemake sees when they change.

Imports nothing of the package: it reads source files only.
"""

import ast
import atexit
import hashlib
import json
import os
import sys
from collections.abc import Iterator
from contextlib import suppress
from functools import cache
from pathlib import Path
from typing import Any

PACKAGE = Path(__file__).parents[1]
# Digests of programs by that of their source, kept for the next process: to read all takes half a
# second.
MEMORY = PACKAGE / "__pycache__" / f"digests.{sys.implementation.cache_tag}.json"
MAX_REMEMBERED = 2000
PARTS = {  # of methods, and the folders in which each is a file
    "score": "acquisition/scores",
    "unit": "acquisition/units",
    "sampling": "acquisition/samplings",
    "allocation": "selection/allocations",
    "diversity": "selection/diversities",
    "balance": "selection/balances",
}


def fingerprint(phase: str) -> str:
    """Hash of a phase's command module and of all modules of ours that it imports, 16 hex digits.

    Comments, docstrings and layout don't count, so that only a change of the program makes
    finished jobs stale.
    """
    return _program_digest(PACKAGE / "commands" / f"{phase}.py")


def part_fingerprint(part: str, name: str) -> str:
    """Hash of a part of a method, such as a score, and of what it imports; a key of `PARTS`.

    So a new one makes no other stale.
    """
    return _program_digest(PACKAGE / PARTS[part] / f"{name}.py")


def file_fingerprint(path: Path) -> str:
    """Hash of one file of Python, blind to the same; 16 hexadecimal digits."""
    return _program(path.read_bytes())[0][:16]


def _program_digest(start: Path) -> str:
    digest = hashlib.sha256()
    for path in sorted(_reachable(start)):
        program, _ = _program(path.read_bytes())
        digest.update(f"{path.relative_to(PACKAGE).as_posix()}\n{program}\n".encode())
    return digest.hexdigest()[:16]


def _reachable(start: Path) -> set[Path]:
    found: set[Path] = set()
    waiting = {start}
    while waiting:
        found |= waiting
        names = {name for path in waiting for name in _imported_names(path.read_bytes())}
        files = {file for name in names for file in _module_files(name)}
        waiting = set(map(Path, filter(os.path.isfile, files))) - found
    return found


def _imported_names(source: bytes) -> tuple[str, ...]:
    """Whatever a module imports anywhere, inside functions too."""
    return _program(source)[1]


def _module_files(name: str) -> Iterator[str]:
    """Where a module of ours may be, and the packages that it lies in."""
    first, *rest = name.split(".")
    place = str(PACKAGE)
    for part in rest if first == PACKAGE.name else ():
        place = f"{place}/{part}"
        yield from (f"{place}.py", f"{place}/__init__.py")


@cache
def _program(source: bytes) -> tuple[str, tuple[str, ...]]:
    """Digest of what a module says, and the names that it imports."""
    known, key = _memory(), hashlib.sha256(source).hexdigest()
    if key not in known:
        known[key] = _read_program(source)
    program, names = known[key]
    return program, tuple(names)


@cache
def _memory() -> dict[str, Any]:
    """What this process reads and those before it have read, none if it was damaged."""
    known: dict[str, Any] = {}
    with suppress(OSError, ValueError):
        digest, _, text = MEMORY.read_text(encoding="utf-8").partition("\n")
        if digest == hashlib.sha256(text.encode()).hexdigest():
            known = json.loads(text)
    known = known if len(known) < MAX_REMEMBERED else {}
    atexit.register(_keep, MEMORY, known, len(known))
    return known


def _keep(path: Path, known: dict[str, Any], num_before: int) -> None:
    """Write what is known, if it is more than before, where somebody may."""
    if len(known) == num_before:
        return
    text = json.dumps(known)
    temporary = path.with_name(f"{path.name}.tmp.{os.getpid()}")
    with suppress(OSError):
        path.parent.mkdir(exist_ok=True)
        temporary.write_text(f"{hashlib.sha256(text.encode()).hexdigest()}\n{text}", "utf-8")
        temporary.replace(path)


def _read_program(source: bytes) -> tuple[str, tuple[str, ...]]:
    """The digest is that of the syntax tree without texts that stand alone, nor `pass`.

    They describe a module, a class, a function, or the attribute above them, or stand in for that.
    """
    tree = ast.parse(source)
    names: set[str] = set()
    for node in _statements(tree):
        if isinstance(node, ast.Import):
            names.update(alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            names.add(node.module)
            names.update(f"{node.module}.{alias.name}" for alias in node.names)
        elif isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef):
            node.body = [part for part in node.body if not _says_nothing(part)]
    return hashlib.sha256(ast.dump(tree).encode()).hexdigest(), tuple(sorted(names))


def _statements(tree: ast.AST) -> Iterator[ast.AST]:
    """A tree and all statements in it, of which no expression holds any: faster than all nodes."""
    yield tree
    for name in ("body", "orelse", "finalbody", "handlers", "cases"):
        for part in getattr(tree, name, ()):
            yield from _statements(part)


def _says_nothing(part: ast.stmt) -> bool:
    is_text = isinstance(part, ast.Expr) and isinstance(part.value, ast.Constant)
    return is_text or isinstance(part, ast.Pass)
