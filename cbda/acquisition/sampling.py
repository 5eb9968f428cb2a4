"""Scores to the numbers that pixels compete by under a sampling, found by its name."""

from collections.abc import Callable
from importlib import import_module
from inspect import signature
from typing import Any

import numpy as np
from numpy.typing import NDArray

from cbda.acquisition.choice import BEST, Choice
from cbda.acquisition.noise import gumbel_map
from cbda.acquisition.ranks import Ranks

NEGLIGIBLE = 1e-30  # a beta by which a number of float32 may not be divided
Utility = Callable[..., NDArray[Any]]


def find_utility(choice: Choice) -> Utility | None:
    """The function of a sampling; None for the plain choice, to which a large beta comes.

    A module that is imported by name is in the fingerprint of no phase: a new sampling makes no
    finished round stale.
    """
    if choice.sampling == BEST or choice.beta == np.inf:
        return None
    module = import_module(f"cbda.acquisition.samplings.{choice.sampling}")
    function: Utility = module.utility
    return function


def goes_by_rank(utility: Utility) -> bool:
    """Whether a sampling goes by the ranks of scores in place of the scores."""
    return "rank" in signature(utility).parameters


def compete(
    utility: Utility,
    choice: Choice,
    score: NDArray[Any],
    ranks: Ranks | None,
    seed: int,
    round_number: int,
    image: int,
) -> NDArray[Any]:
    """Utility + G / beta of an image (H,W) of the pool, higher = first; G alone if beta is 0.

    `ranks` are given to samplings that go by them.
    """
    noise = gumbel_map(seed, round_number, image, score.shape)
    if choice.beta < NEGLIGIBLE:
        return noise
    known = {**choice.model_dump(), "score": score}
    if ranks is not None:
        known |= {"rank": ranks.of(score), "num_ranked": ranks.num_ranked}
    wanted = {name: known[name] for name in signature(utility).parameters}
    values: NDArray[Any] = utility(**wanted)
    drawn: NDArray[Any] = values + (noise / choice.beta).astype(values.dtype)
    return drawn
