"""One image scored by a score of any origin."""

from collections.abc import Callable, Iterable
from importlib import import_module
from inspect import signature
from types import ModuleType

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from cbda.acquisition.external import compute_external_score
from cbda.acquisition.maps import Scored
from cbda.acquisition.methods import SCORE_NAMES, UNITS, WINDOWS, is_external
from cbda.compute.seeds import Stream, derive_seed
from cbda.errors import UserError, require_choice
from cbda.models.logits import most_probable, require_finite

Seen = Tensor | Iterable[Tensor]  # logits (C,H,W) of an image, or of several views of it


def compute_score(
    name: str, unit: str, logits: Seen, radius: int, generator: torch.Generator
) -> Scored:
    """Score (H,W) float32 and prediction (H,W) uint8 of logits (C,H,W) float, on their device.

    Scores that go by several views, see `kind_of_views`, take the logits of one after another.
    The name is one of `SCORE_NAMES` or the user's own, see `cbda.acquisition.external`; `radius` is
    of the window, in px; `generator`, of the CPU, is for scores that draw random numbers. A
    `UserError` for an unknown score or unit, or logits that are not finite or of a single class.
    """
    require_choice("unit", unit, UNITS)
    function = None if is_external(name) else find_score(name, unit)
    if kind_of_views(name):
        views = [logits] if isinstance(logits, Tensor) else logits
        scored: Scored = find_score(name, unit)(map(_sound, views), radius)
        return scored
    assert isinstance(logits, Tensor)
    _sound(logits)
    if function is None:
        prediction = most_probable(logits)  # first, as the function may overwrite its logits
        return compute_external_score(name, logits, radius), prediction
    draws = "generator" in signature(function).parameters
    return function(logits, radius, generator) if draws else function(logits, radius)


def _sound(logits: Tensor) -> Tensor:
    if len(logits) < 2:
        raise UserError(
            "logits of one class: nothing is uncertain; allowed are two classes or more"
        )
    require_finite(logits)
    return logits


def kind_of_views(name: str) -> str:
    """The kind of views that a score goes by; empty if it takes one prediction."""
    kind = "" if is_external(name) else getattr(_module(name), "VIEWS", "")
    return str(kind)


def score_image(
    name: str, unit: str, radius: int, seed: int, round_number: int, index: int, logits: Seen
) -> tuple[NDArray[np.float32], NDArray[np.uint8]]:
    """What `compute_score` gives for an image of the pool in a round of a run."""
    stream = derive_seed(seed, Stream.RANDOM_SCORE, round_number, index)
    generator = torch.Generator().manual_seed(stream)
    score, prediction = compute_score(name, unit, logits, radius, generator)
    return score.cpu().numpy(), prediction.cpu().numpy()


def find_score(name: str, unit: str) -> Callable[..., Scored]:
    """The function of a built-in score for a unit.

    A module that is imported by name is in the fingerprint of no phase: a new score makes the
    rows of the others no staler.
    """
    module = _module(name)
    unit = unit if unit in WINDOWS else "pixel"  # the mean over a part is taken with its parts
    offered = tuple(item for item in WINDOWS if hasattr(module, item))
    require_choice(f"unit of score {name!r}", unit, offered)
    function: Callable[..., Scored] = getattr(module, unit)
    return function


def _module(name: str) -> ModuleType:
    require_choice("score", name, SCORE_NAMES)
    return import_module(f"cbda.acquisition.scores.{name}")
