"""One image scored by a score of any origin."""

from collections.abc import Callable
from importlib import import_module
from inspect import signature

import torch
from torch import Tensor

from cbda.acquisition.external import compute_external_score
from cbda.acquisition.maps import Scored
from cbda.acquisition.methods import SCORE_NAMES, UNITS, is_external
from cbda.errors import UserError, require_choice
from cbda.models.logits import most_probable, require_finite


def compute_score(
    name: str, unit: str, logits: Tensor, radius: int, generator: torch.Generator
) -> Scored:
    """Score (H,W) float32 and prediction (H,W) uint8 of logits (C,H,W) float, on their device.

    The name is one of `SCORE_NAMES` or the user's own, see `cbda.acquisition.external`; `radius` is
    of the window, in px; `generator`, of the CPU, is for scores that draw random numbers. A
    `UserError` for an unknown score or unit, or logits that are not finite or of a single class.
    """
    require_choice("unit", unit, UNITS)
    function = None if is_external(name) else find_score(name, unit)
    if len(logits) < 2:
        raise UserError(
            "logits of one class: nothing is uncertain; allowed are two classes or more"
        )
    require_finite(logits)
    if function is None:
        prediction = most_probable(logits)  # first, as the function may overwrite its logits
        return compute_external_score(name, logits, radius), prediction
    draws = "generator" in signature(function).parameters
    return function(logits, radius, generator) if draws else function(logits, radius)


def find_score(name: str, unit: str) -> Callable[..., Scored]:
    """The function of a built-in score for a unit.

    A module that is imported by name is in the fingerprint of no phase: a new score makes the
    rows of the others no staler.
    """
    require_choice("score", name, SCORE_NAMES)
    module = import_module(f"cbda.acquisition.scores.{name}")
    offered = tuple(item for item in UNITS if hasattr(module, item))
    require_choice(f"unit of score {name!r}", unit, offered)
    function: Callable[..., Scored] = getattr(module, unit)
    return function
