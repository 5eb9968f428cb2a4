"""Selection: score maps to queries to labels."""

from importlib import import_module
from typing import Any

PUBLIC = {"select": "cbda.selection.greedy"}


def __getattr__(name: str) -> Any:
    """Import a public name when it is first used, so that the package itself costs nothing."""
    if name not in PUBLIC:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(PUBLIC[name]), name)
