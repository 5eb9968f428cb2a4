"""Class Balanced Dynamic Acquisition for domain adaptive semantic segmentation."""

from importlib import import_module
from typing import Any

__version__ = "0.1.0"
PUBLIC = ("Query", "choose_queries")


def __getattr__(name: str) -> Any:
    """Import a public name when it is first used, so that the package itself costs nothing."""
    if name not in PUBLIC:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module("cbda.selection.choosing"), name)
