"""Acquisition: logits to score maps, and what a method is."""

from importlib import import_module
from typing import Any

PUBLIC = ("ripu_region", "ripu_pixel")


def __getattr__(name: str) -> Any:
    """Import a public name when it is first used, so that the package itself costs nothing."""
    if name not in PUBLIC:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module("cbda.acquisition.published"), name)
