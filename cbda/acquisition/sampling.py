"""Scores to the numbers that pixels compete by under a sampling, found by its name."""

from collections.abc import Callable
from importlib import import_module
from inspect import signature
from typing import Any

import numpy as np
from numpy.typing import NDArray

from cbda.acquisition.choice import BEST, Choice
from cbda.acquisition.noise import Gumbel
from cbda.acquisition.ranks import Ranks

BLOCK_PX = 1 << 16
LARGE_BETA = 100.0  # up to which float32 rounds less than the noise
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
    utility: Utility, choice: Choice, score: NDArray[Any], ranks: Ranks | None, noise: Gumbel
) -> NDArray[Any]:
    """Utility + G / beta of an image (H,W), higher = first; G alone if beta is 0.

    `ranks` are given to samplings that go by them. The numbers are float32 where that hides nothing
    beside the noise, else float64.
    """
    is_narrow = score.dtype == np.float32 and choice.beta <= LARGE_BETA
    numbers = np.empty(score.shape, np.float32 if is_narrow else np.float64)
    measure = _measure(utility, choice, ranks)
    num_rows = max(BLOCK_PX // score.shape[1], 1)
    for first in range(0, len(score), num_rows):  # blocks that stay in a processor's cache
        part, drawn = score[first : first + num_rows], numbers[first : first + num_rows]
        drawn[:] = noise.rows(first, part.shape)
        if choice.beta >= NEGLIGIBLE:
            drawn /= choice.beta
            drawn += measure(part.astype(numbers.dtype, copy=False))
    return numbers


def _measure(utility: Utility, choice: Choice, ranks: Ranks | None) -> Utility:
    """The utility of a part of a score map, of all that it asks for."""
    wanted, known = signature(utility).parameters, choice.model_dump()

    def measure(score: NDArray[Any]) -> NDArray[Any]:
        of_part: dict[str, Any] = {**known, "score": score}
        if ranks is not None:
            of_part |= {"rank": ranks.of(score), "num_ranked": ranks.num_ranked}
        return utility(**{name: of_part[name] for name in wanted})

    return measure
