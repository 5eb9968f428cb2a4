"""Code of the user's own, named by its place: `my_file.py:name`.

The file is relative to the working directory.
"""

import ast
import hashlib
import re
import sys
import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from typing import Any

from cbda.errors import UserError

PATTERN = r"^[^-:\x00-\x1f][^:\x00-\x1f]*\.py:[A-Za-z_]\w*$"
WORDS = "FILE.py:NAME"


def is_place(text: str) -> bool:
    """Whether a text names a function, or another part, of a file."""
    return re.search(PATTERN, text) is not None


def source_file(place: str) -> Path:
    """The file of a place."""
    return Path(place.rpartition(":")[0])


def own_file(text: str) -> Path | None:
    """The file of a text that is a place; None of any other text."""
    return source_file(text) if is_place(text) else None


def own_code_digest(text: str) -> str:
    """SHA-256 of the file of a text that is a place; nothing of any other text."""
    path = own_file(text)
    return "" if path is None else hashlib.sha256(path.read_bytes()).hexdigest()


def without_folder(text: str) -> str:
    """A place by the name of its file alone, as it counts by its content; any other text as is."""
    return Path(text).name if is_place(text) else text


def require_function(path: Path, name: str) -> None:
    """Raise a `UserError` if a file doesn't define a function; runs no code."""
    try:
        body = ast.parse(path.read_bytes()).body
    except SyntaxError as error:
        raise UserError(f"{path}:{error.lineno}: {error.msg}") from error
    defined = [node.name for node in body if isinstance(node, ast.FunctionDef)]
    if name not in defined:
        found = ", ".join(defined) or "none"
        raise UserError(f"{path}: there is no function {name!r}; it defines: {found}")


def load_function(path: Path, name: str) -> Any:
    """A function of a file, which is run."""
    require_function(path, name)
    return getattr(load_module(path), name)


@cache
def load_module(path: Path) -> Any:
    """A file of Python, which is run once."""
    module_name = f"cbda_user_{path.stem}"
    spec = spec_from_file_location(module_name, path)
    if spec is None or spec.loader is None:
        raise UserError(f"{path}: not a Python file; its name must end in .py")
    module = module_from_spec(spec)
    sys.modules[module_name] = module  # where its dataclasses and the like find it again
    spec.loader.exec_module(module)
    return module


@contextmanager
def explained(path: Path) -> Iterator[None]:
    """Raise a `UserError` by file and line if the user's code in the block fails."""
    try:
        yield
    except UserError:
        raise
    except Exception as error:
        message = " ".join(f"{type(error).__name__}: {error}".split())
        frames, names = traceback.extract_tb(error.__traceback__), (path, path.absolute())
        lines = [frame.lineno for frame in frames if Path(frame.filename) in names]
        place = f"{path}:{lines[-1]}" if lines else str(path)  # the last frame in the user's file
        raise UserError(f"{place}: {message}") from error
