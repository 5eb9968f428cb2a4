"""Selection: score maps to queries to labels."""

from importlib import import_module
from typing import Any


def __getattr__(name: str) -> Any:
    """Import what is public when it is first used, so that the package itself costs nothing."""
    if name != "select":
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return import_module("cbda.selection.greedy").select
