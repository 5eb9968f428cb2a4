"""A fingerprint of the code that a phase runs, so that Snakemake sees when it changes.

Imports nothing of the package: it reads source files only.
"""

import ast
import hashlib
from functools import cache
from pathlib import Path

PACKAGE = Path(__file__).parent


def fingerprint(phase: str) -> str:
    """Hash of the command module of a phase and of every module of ours that it imports.

    Comments, docstrings and layout don't count, so that only a change of the program makes
    finished jobs stale.

    Args:
        phase: name of a command module, such as `acquire` or `data_make`.

    Returns:
        16 hexadecimal digits.
    """
    digest = hashlib.sha256()
    for path in sorted(_reachable(PACKAGE / "commands" / f"{phase}.py")):
        digest.update(f"{path.relative_to(PACKAGE).as_posix()}\n{_normalised(path)}\n".encode())
    return digest.hexdigest()[:16]


def _reachable(start: Path) -> set[Path]:
    found, waiting = set(), [start]
    while waiting:
        path = waiting.pop()
        if path not in found:
            found.add(path)
            waiting.extend(_imported(path))
    return found


@cache
def _imported(path: Path) -> tuple[Path, ...]:
    """Modules of the package that a module imports anywhere, inside functions too."""
    names: set[str] = set()
    for node in ast.walk(ast.parse(path.read_bytes())):
        if isinstance(node, ast.Import):
            names.update(alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            names.add(node.module)
            names.update(f"{node.module}.{alias.name}" for alias in node.names)
    return tuple(found for name in sorted(names) for found in _module_files(name))


def _module_files(name: str) -> list[Path]:
    """The file of a module of ours, and those of the packages that it lies in."""
    first, *rest = name.split(".")
    if first != PACKAGE.name or not rest:
        return []
    places = [PACKAGE.joinpath(*rest[:depth]) for depth in range(1, len(rest) + 1)]
    candidates = [p.with_suffix(".py") for p in places] + [p / "__init__.py" for p in places]
    return [path for path in candidates if path.is_file()]


@cache
def _normalised(path: Path) -> str:
    """The syntax tree without docstrings."""
    tree = ast.parse(path.read_bytes())
    for node in ast.walk(tree):
        if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef):
            if ast.get_docstring(node, clean=False) is not None:
                node.body = node.body[1:] or [ast.Pass()]
    return ast.dump(tree)
