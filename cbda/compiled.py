"""Functions that are compiled for the CPU, once: their code is kept for the next process.

Where it can't be kept, as in a package that somebody else installed, it is compiled every time.
What was kept is used only if it is complete, and of this very source: numba's own cache stops at a
file that is cut short, and does not notice another source of a function that it calls.
"""

import hashlib
import pickle
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any, TypeVar, cast

import numba
from numba.core.caching import FunctionCache, IndexDataCacheFile
from numba.core.dispatcher import Dispatcher
from numba.core.registry import cpu_target

F = TypeVar("F", bound=Callable[..., Any])
DIGEST_BYTES = 32


def compiled(function: F) -> F:
    """Compile a function when it is first called; it runs without Python's lock."""
    made: Any = numba.njit(nogil=True)(function)
    if isinstance(made, Dispatcher):
        with suppress(RuntimeError):  # there is no folder that may be written to
            made._cache = _Cache(function)  # type: ignore[attr-defined]
    return cast(F, made)


def load_compiler() -> None:
    """Load what numba needs before its first function; takes most of a second, once a process.

    Processes that are forked afterwards have it.
    """
    for context in (cpu_target.typing_context, cpu_target.target_context):
        context.refresh()


class _Cache(FunctionCache):
    """numba's cache of one function, whose faults are no errors."""

    def __init__(self, function: Callable[..., Any]) -> None:
        super().__init__(function)
        stamp = sorted(_source_digests(function))
        self._cache_file = _CheckedFile(self._cache_path, self._impl.filename_base, stamp)

    def save_overload(self, sig: Any, data: Any) -> None:
        with suppress(OSError):
            super().save_overload(sig, data)


class _CheckedFile(IndexDataCacheFile):
    """The files of a cache: what is damaged, or can't be read, counts as missing."""

    def _load_index(self) -> Any:
        try:
            return super()._load_index()
        except Exception:  # unpickling raises what it likes
            return {}

    def _save_data(self, name: str, data: Any) -> None:
        content = self._dump(data)
        with self._open_for_write(self._data_path(name)) as file:
            file.write(hashlib.sha256(content).digest() + content)

    def _load_data(self, name: str) -> Any:
        content = Path(self._data_path(name)).read_bytes()
        digest, content = content[:DIGEST_BYTES], content[DIGEST_BYTES:]
        if hashlib.sha256(content).digest() != digest:
            raise OSError(f"{name} is damaged")  # which numba takes for a file that is gone
        return pickle.loads(content)


def _source_digests(function: Callable[..., Any]) -> Iterator[str]:
    """Digests of the files that define a function, and the compiled ones that it calls."""
    code = function.__code__
    yield hashlib.sha256(Path(code.co_filename).read_bytes()).hexdigest()
    for name in code.co_names:
        called = function.__globals__.get(name)
        if isinstance(called, Dispatcher):
            yield from _source_digests(called.py_func)
