"""Numbers and names as somebody gives them from Python, checked where they are given."""

import math
import operator
import reprlib
import sys
from collections.abc import Mapping
from collections.abc import Set as AbstractSet
from numbers import Real
from typing import Any

from cbda.errors import UserError, did_you_mean, require_choice

MAX_WHOLE = 2**53  # up to which a float64 is one


class _Short(reprlib.Repr):
    """In a few words, also arrays and tensors among others: by shape and type."""

    def repr1(self, x: Any, level: int) -> str:
        """As of the library, but for arrays."""
        shape = getattr(x, "shape", None)
        if shape is None:
            return super().repr1(x, level)
        return f"{tuple(shape)} {x.dtype}" if len(shape) else str(x)


SHORT = _Short()
SHORT.maxstring = SHORT.maxother = 60


def describe(value: Any) -> str:
    """What was given, in a few words: a shape and a type of arrays and tensors."""
    return " ".join(SHORT.repr(value).split())


def whole(what: str, value: Any, least: int = 0, most: int = MAX_WHOLE) -> int:
    """A whole number, also one of NumPy's; a `UserError` unless it is one, within limits."""
    try:
        number = None if _is_flag(value) else operator.index(value)
    except TypeError:
        number = None
    if number is None or not least <= number <= most:
        limit = f"from {least} on" if most == MAX_WHOLE else f"from {least} to {most}"
        raise UserError(f"{what} {describe(value)}: allowed are whole numbers {limit}")
    return number


def positive(what: str, value: Any, most: float = math.inf) -> float:
    """A finite number above 0; a `UserError` unless it is one, up to a limit."""
    number = _float(value) if is_number(value) else math.nan
    if not 0 < number <= min(most, sys.float_info.max):
        allowed = "finite numbers above 0" if most == math.inf else f"numbers above 0, up to {most}"
        raise UserError(f"{what} {describe(value)}: allowed are {allowed}")
    return number


def is_number(value: Any) -> bool:
    """Whether something is a number, also one of NumPy's, and not true or false."""
    return isinstance(value, Real) and not _is_flag(value)


def choice(what: str, value: Any, allowed: tuple[str, ...]) -> str:
    """One of some names; a `UserError` unless it is one."""
    if not isinstance(value, str) or len(value) > SHORT.maxstring:
        raise UserError(f"{what} {describe(value)}: allowed are {', '.join(allowed)}")
    require_choice(what, value, allowed)
    return value


def names(what: str, values: Any) -> tuple[str, ...]:
    """Names in order, each once; a `UserError` unless they are."""
    if not is_iterable(values) or isinstance(values, str | bytes | AbstractSet):
        raise UserError(f"{what}: {describe(values)}; allowed is a list of names, in order")
    found = tuple(values)
    places: dict[str, int] = {}
    for place, name in enumerate(found):
        if not _is_name(name):
            raise UserError(f"{what}[{place}]: {describe(name)}; allowed are names, as text")
        if name in places:
            twice = f"{describe(name)} is there twice, at {places[name]} and {place}"
            raise UserError(f"{what}: {twice}; allowed is each once")
        places[name] = place
    if not found:
        raise UserError(f"{what}: none; allowed are one or more")
    return tuple(map(str, found))


def by_name(what: str, values: Any, known: tuple[str, ...] | None = None) -> dict[str, Any]:
    """What is given by image; a `UserError` unless all are images that are known."""
    if not isinstance(values, Mapping):
        raise UserError(f"{what}: {describe(values)}; allowed is a dict by name of an image")
    for name in values if known is not None else ():
        image(f"image of {what}", name, known or ())
    return dict(values)


def image(what: str, name: Any, known: tuple[str, ...]) -> str:
    """The name of an image of the pool; a `UserError` unless it is one."""
    if name in known:
        return str(name)
    hint = did_you_mean(name, known) if isinstance(name, str) else ""
    allowed = f"those of the pool's {len(known)} images, such as {describe(known[0])}"
    raise UserError(f"{what} {describe(name)}{hint} is unknown; allowed are {allowed}")


def is_iterable(values: Any) -> bool:
    """Whether one thing after another can be taken from something: not so from a 0-d array."""
    try:
        iter(values)
    except TypeError:
        return False
    return True


def is_distribution(values: Any) -> bool:
    """Whether something may be shares of classes, as far as that goes without their number."""
    if isinstance(values, str | bytes | Mapping | AbstractSet) or not is_iterable(values):
        return False
    return hasattr(values, "__len__") and all(map(is_number, values))


def _float(value: Any) -> float:
    try:
        return float(value)
    except OverflowError:
        return math.inf


def _is_name(value: Any) -> bool:
    """Whether something is a text that a file can hold."""
    if not isinstance(value, str):
        return False
    return bool(value) and "\0" not in value and value.encode(errors="ignore").decode() == value


def _is_flag(value: Any) -> bool:
    """Whether something is true or false, which Python takes for 1 or 0."""
    return isinstance(value, bool) or str(getattr(value, "dtype", "")) in ("bool", "torch.bool")
