"""Fingerprints of code and files that jobs read, so that Snakemake sees when they change.

Imports nothing of the package: it reads source files only.
"""

import ast
import hashlib
from functools import cache
from pathlib import Path

PACKAGE = Path(__file__).parents[1]


def fingerprint(phase: str) -> str:
    """Hash of a phase's command module and of all modules of ours that it imports, 16 hex digits.

    Comments, docstrings and layout don't count, so that only a change of the program makes
    finished jobs stale.
    """
    return _program_digest(PACKAGE / "commands" / f"{phase}.py")


def score_fingerprint(score: str) -> str:
    """Hash of a built-in score and what it imports, so that a new score makes no other stale."""
    return _program_digest(PACKAGE / "acquisition/scores" / f"{score}.py")


def sampling_fingerprint(sampling: str) -> str:
    """Hash of a sampling and what it imports."""
    return _program_digest(PACKAGE / "acquisition/samplings" / f"{sampling}.py")


def allocation_fingerprint(allocation: str) -> str:
    """Hash of an allocation by class and what it imports."""
    return _program_digest(PACKAGE / "selection/allocations" / f"{allocation}.py")


def file_fingerprint(path: Path) -> str:
    """Hash of one file of Python, blind to the same; 16 hexadecimal digits."""
    return hashlib.sha256(_normalised(path.read_bytes()).encode()).hexdigest()[:16]


def _program_digest(start: Path) -> str:
    digest = hashlib.sha256()
    for path in sorted(_reachable(start)):
        program = _normalised(path.read_bytes())
        digest.update(f"{path.relative_to(PACKAGE).as_posix()}\n{program}\n".encode())
    return digest.hexdigest()[:16]


def _reachable(start: Path) -> set[Path]:
    found: set[Path] = set()
    waiting = {start}
    while waiting:
        found |= waiting
        names = {name for path in waiting for name in _imported_names(path.read_bytes())}
        waiting = {file for name in names for file in _module_files(name)} - found
    return found


@cache
def _imported_names(source: bytes) -> tuple[str, ...]:
    """Whatever a module imports anywhere, inside functions too."""
    names: set[str] = set()
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            names.update(alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            names.add(node.module)
            names.update(f"{node.module}.{alias.name}" for alias in node.names)
    return tuple(sorted(names))


def _module_files(name: str) -> list[Path]:
    """The file of a module of ours, and those of the packages that it lies in."""
    first, *rest = name.split(".")
    if first != PACKAGE.name or not rest:
        return []
    places = [PACKAGE.joinpath(*rest[:depth]) for depth in range(1, len(rest) + 1)]
    candidates = [p.with_suffix(".py") for p in places] + [p / "__init__.py" for p in places]
    return [path for path in candidates if path.is_file()]


@cache
def _normalised(source: bytes) -> str:
    """The syntax tree without texts that stand alone, nor the `pass` that may stand in for one.

    They describe a module, a class, a function, or the attribute above them.
    """
    tree = ast.parse(source)
    for node in ast.walk(tree):
        if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef):
            node.body = [part for part in node.body if not _says_nothing(part)]
    return ast.dump(tree)


def _says_nothing(part: ast.stmt) -> bool:
    is_text = isinstance(part, ast.Expr) and isinstance(part.value, ast.Constant)
    return is_text or isinstance(part, ast.Pass)
