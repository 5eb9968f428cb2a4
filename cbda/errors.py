"""Errors that the user can fix."""

import difflib
from collections.abc import Iterable


class UserError(Exception):
    """A user's mistake: the command line prints its one line and exits with 2."""


class InterruptedRunError(Exception):
    """A signal stopped the training, whose state is resumable: the command line exits with 75."""


class AwaitedAnswersError(InterruptedRunError):
    """Queries wait for people to answer them: the same command goes on afterwards."""


def require_choice(what: str, value: str, allowed: tuple[str, ...]) -> None:
    """Raise a `UserError` that lists the allowed names if `value` is not one of them."""
    if value not in allowed:
        hint = did_you_mean(value, allowed)
        raise UserError(f"{what} {value!r}{hint} is unknown; allowed: {', '.join(allowed)}")


def did_you_mean(name: str, allowed: Iterable[str]) -> str:
    """The allowed names that a name resembles most, in brackets; empty if there are none."""
    found = difflib.get_close_matches(name, list(allowed))
    likeness = [difflib.SequenceMatcher(None, other, name).ratio() for other in found]
    best = [other for other, ratio in zip(found, likeness, strict=True) if ratio == likeness[0]]
    return f" (did you mean {' or '.join(map(repr, best))}?)" if best else ""


def counted(number: int, things: str) -> str:
    """A number of things: `2 images`, `1 image`, `1 query`."""
    one = f"{things[:-3]}y" if things.endswith("ies") else things.removesuffix("s")
    return f"{number:,} {one if number == 1 else things}"
