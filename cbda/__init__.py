"""Class Balanced Dynamic Acquisition for domain adaptive semantic segmentation."""

from importlib import import_module
from typing import Any

__version__ = "0.2.0.dev0"

PUBLIC = {
    **dict.fromkeys(("ScoreMap", "score_map"), "cbda.acquisition.given"),
    "Method": "cbda.acquisition.methods",
    "UserError": "cbda.errors",
    "choose_queries": "cbda.selection.choosing",
    **dict.fromkeys(("Query", "label_mask"), "cbda.selection.query"),
    "Acquisition": "cbda.selection.run",
    **dict.fromkeys(("class_weights", "count_classes"), "cbda.selection.statistics"),
}
__all__ = [*PUBLIC]


def __getattr__(name: str) -> Any:
    """Import a public name when it is first used, so that the package itself costs nothing."""
    if name not in PUBLIC:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(PUBLIC[name]), name)


def __dir__() -> list[str]:
    return sorted([*globals(), *PUBLIC])
