"""Scores of the user's own: a function in a Python file, or an entry point of a package.

``my_score.py:my_function`` names a function in a file, relative to the working directory;
``entry_point:NAME`` one that an installed package declares in the group ``cbda.scores``. It takes
logits (C,H,W) float and the radius in px, and returns a score map (H,W), higher = acquire first.
"""

from functools import cache
from importlib.metadata import EntryPoint, entry_points
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any

from cbda.errors import UserError
from cbda.settings.user_code import explained, load_function, require_function

if TYPE_CHECKING:
    from torch import Tensor

GROUP = "cbda.scores"
ENTRY_POINT = "entry_point"


def source_path(score: str) -> Path:
    """The file that defines a score of the user's own; a `UserError` if there is none."""
    place, _, name = score.rpartition(":")
    if place != ENTRY_POINT:
        if not Path(place).is_file():
            raise UserError(f"score {score!r}: there is no file {place}")
        return Path(place)
    module = _find_entry_point(name).module
    spec = find_spec(module)
    if spec is None or spec.origin is None:
        raise UserError(f"score {score!r}: there is no module {module}")
    return Path(spec.origin)


def require_defined(score: str) -> None:
    """Raise a `UserError` if the file of a score doesn't define its function; runs no code."""
    path, name = source_path(score), score.rpartition(":")[2]
    if score.startswith(f"{ENTRY_POINT}:"):
        return
    require_function(path, name)


def compute_external_score(score: str, logits: "Tensor", radius: int) -> "Tensor":
    """Call a score of the user's own on logits (C,H,W) float of one image, for (H,W) float32.

    Whatever fails in the user's code is a `UserError` by file and line.
    """
    import torch

    with explained(source_path(score)):
        values: Any = _load(score)(logits, radius)
    size = tuple(logits.shape[1:])
    if not isinstance(values, torch.Tensor) or tuple(values.shape) != size:
        found = tuple(values.shape) if hasattr(values, "shape") else type(values).__name__
        raise UserError(f"{source_path(score)}: returns {found}, must be a tensor of shape {size}")
    scores: Tensor = values.float()
    if not torch.isfinite(scores).all():
        raise UserError(f"{source_path(score)}: returns NaN or infinite scores, as float32")
    return scores


@cache
def _load(score: str) -> Any:
    place, _, name = score.rpartition(":")
    if place == ENTRY_POINT:
        return _find_entry_point(name).load()
    source_path(score)
    return load_function(Path(place), name)


def _find_entry_point(name: str) -> EntryPoint:
    found = {point.name: point for point in entry_points(group=GROUP)}
    if name not in found:
        what, allowed = f"entry point {name!r} of the group {GROUP}", ", ".join(sorted(found))
        raise UserError(f"{what} is unknown; installed: {allowed or 'none'}")
    return found[name]
