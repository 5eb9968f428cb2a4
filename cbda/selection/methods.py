"""The methods by which queries are chosen from logits, or from score maps, and nothing else."""

import re
from importlib.util import find_spec

from cbda.acquisition import arguments, arrays
from cbda.acquisition.catalogue import METHODS
from cbda.acquisition.external import require_defined
from cbda.acquisition.methods import (
    ALLOCATIONS,
    DIVERSE,
    SCORE_NAMES,
    SCORES_FOLDER,
    WINDOWS,
    Method,
    ResolvedMethod,
    is_external,
)
from cbda.errors import UserError, did_you_mean
from cbda.selection import given
from cbda.settings.extras import describe_missing
from cbda.settings.section import MAX_RADIUS_PX
from cbda.settings.user_code import WORDS

SUCH_AS = "cbda, da, cb, ra or random"


def resolve_method(method: str | Method, radius: int) -> ResolvedMethod:
    """The method, with what the experiment of a workflow would have.

    A `UserError` unless it is known, and what is given here allows it.
    """
    radius = arguments.whole("radius", radius, 0, MAX_RADIUS_PX)
    if not isinstance(method, Method):
        method = _find(method)
    elif reason := why_not(method):
        raise UserError(reason)
    _require_score(method.score)
    parts = {name: value for name, value in vars(method).items() if value is not None}
    if "target_distribution" in parts:
        parts["target_distribution"] = given.target(method.target_distribution)
    return ResolvedMethod(**{"radius": radius, **parts})


def why_not(method: Method) -> str:
    """What a method needs beside logits or score maps, in a line; empty if it needs no more."""
    if method.unit not in WINDOWS:
        reason = "needs the pictures, and only logits are given here"
        return f"unit {method.unit!r} {reason}; allowed: {', '.join(WINDOWS)}"
    if method.allocation in DIVERSE:
        reason = "needs features of the network, and only logits are given here"
        allowed = ", ".join(name for name in ALLOCATIONS if name not in DIVERSE)
        return f"allocation {method.allocation!r} {reason}; allowed: {allowed}"
    if method.score in SCORE_NAMES and needs_views(method.score):
        reason = "needs several predictions of an image, and one is given here"
        return f"score {method.score!r} {reason}; {_allowed_scores()}"
    return ""


def needs_views(score: str) -> bool:
    """Whether a built-in score goes by several views; by its file's text, as torch may be missing.

    It has a line of its kind of views, see `cbda.acquisition.scoring.kind_of_views`.
    """
    if score in arrays.SCORES:
        return False
    return re.search("^VIEWS = ", (SCORES_FOLDER / f"{score}.py").read_text(), re.M) is not None


def _find(name: object) -> Method:
    """The method of a name."""
    listed = f"a cbda.Method, or a name of docs/method.md such as {SUCH_AS}"
    if not isinstance(name, str):
        raise UserError(f"method {arguments.describe(name)}: allowed are {listed}")
    if name not in METHODS:
        hint = did_you_mean(
            name, (known for known, method in METHODS.items() if not why_not(method))
        )
        raise UserError(f"method {arguments.describe(name)}{hint} is unknown; allowed: {listed}")
    if reason := why_not(METHODS[name]):
        raise UserError(f"method {name!r}: {reason}")
    return METHODS[name]


def _require_score(score: str) -> None:
    """Raise a `UserError` unless a score is built in, or a function of the user's that is there."""
    if not is_external(score):
        if score not in SCORE_NAMES:
            what = f"score {arguments.describe(score)}{did_you_mean(score, SCORE_NAMES)}"
            raise UserError(f"{what} is unknown; {_allowed_scores()}")
        return
    try:
        require_defined(score)
    except OSError as error:
        raise UserError(f"score {arguments.describe(score)}: {error.strerror}") from error
    if find_spec("torch") is None:
        raise UserError(f"score {score!r}: {describe_missing('torch')}")


def _allowed_scores() -> str:
    names = ", ".join(name for name in SCORE_NAMES if not needs_views(name))
    return f"allowed: {names}, {WORDS}; score maps of your own go with any of them"
