"""What is wrong with a configuration, in one line: every place, and what is allowed there."""

import math
import re
import reprlib
from collections.abc import Iterable, Mapping
from typing import Any, TypeVar, get_args

from pydantic import ValidationError

from cbda.errors import UserError, did_you_mean
from cbda.settings.section import LIMITS, Section, is_section

S = TypeVar("S", bound=Section)
MAX_SHOWN = 120  # characters of a value
MAX_ALIKE = 3  # mistakes in items of one list that are shown
DIGITS = re.compile("([0-9]{1,9})")
SHORT = reprlib.Repr()
SHORT.maxstring = SHORT.maxother = SHORT.maxlong = MAX_SHOWN
SHORT.maxlist = SHORT.maxtuple = SHORT.maxdict = 20


def require_valid(
    section: type[S], raw: Any, place: str = "", environment: Mapping[str, str] | None = None
) -> S:
    """The section that plain values describe, or a `UserError` of one line with all mistakes.

    The place is that of the section in the configuration, such as `training`. Paths may name
    variables of the environment; None leaves them as they are.
    """
    try:
        return section.model_validate(raw, context=environment)
    except ValidationError as error:
        found = error.errors(include_url=False)
        lines = {_describe(section, place, mistake): _kind(mistake) for mistake in found}
        raise complaint(_once_a_kind(lines)) from None


def complaint(mistakes: Iterable[str]) -> UserError:
    """An error of one line; keys and values may hold any character."""
    return UserError(" ".join("; ".join(mistakes).splitlines()))


def quote(names: Iterable[Any], allowed: Iterable[str]) -> str:
    """Names in quotes, each with the allowed names that it resembles most."""
    known = list(allowed)
    return ", ".join(f"{show(name)}{did_you_mean(str(name)[:MAX_SHOWN], known)}" for name in names)


def show(value: Any) -> str:
    """A value in quotes, cut where it is long; one may be nested without end."""
    text = SHORT.repr(value)
    return text if len(text) <= MAX_SHOWN else f"{text[:MAX_SHOWN]}…"


def _kind(mistake: Any) -> tuple[Any, ...]:
    """What mistakes in items of one list have in common."""
    place: tuple[int | str, ...] = mistake["loc"]
    is_item = bool(place) and isinstance(place[-1], int)
    return mistake["type"], place[:-1] if is_item else place, is_item


def _once_a_kind(lines: Mapping[str, tuple[Any, ...]]) -> list[str]:
    """Mistakes in the order of their places; of many in the items of a list, one and how many."""
    kinds: dict[tuple[Any, ...], list[str]] = {}
    for line in sorted(lines, key=_by_number):
        kinds.setdefault(lines[line], []).append(line)
    found: list[str] = []
    for alike in kinds.values():
        is_long = len(alike) > MAX_ALIKE
        found += [f"{alike[0]} (and so {len(alike) - 1} more items)"] if is_long else alike
    return found


def _by_number(text: str) -> list[tuple[int, str]]:
    """A key by which item 10 comes after item 9."""
    return [(int(part), "") if part.isdecimal() else (0, part) for part in DIGITS.split(text)]


def _describe(section: type[Section], place: str, mistake: Any) -> str:
    """One mistake: where it is, what it is, what is allowed."""
    kind, value, context = mistake["type"], mistake["input"], mistake.get("ctx", {})
    keys = [str(key) for key in (place, *mistake["loc"]) if not str(key).startswith(("[", "<"))]
    at = _join(keys)
    if kind in ("extra_forbidden", "missing", "invalid_key"):
        allowed = _keys_at(section, mistake["loc"][:-1])
        what = "missing" if kind == "missing" else "unknown"
        shown = quote(keys[-1:], () if kind == "missing" else allowed)
        return f"{_join(keys[:-1])}: {what} key {shown}; allowed: {', '.join(allowed)}"
    if value is None:
        return f"{at}: nothing is given; leave the key out for its default, or write a value"
    if kind == "value_error":
        return f"{at}: {context['error']}"
    if kind in ("int_type", "float_type") and (written := _yaml_number(value)):
        return f"{at}: {value!r} is text: write {written} in a file, without quotes"
    if kind == "tuple_type" and isinstance(value, str | int | float):
        return f"{at}: {show(value)}; allowed: a list, such as [{show(value)}]"
    limits = [LIMITS[name].format(limit) for name, limit in context.items() if name in LIMITS]
    expected = mistake["msg"].removeprefix("Input should be ").partition(" or instance of ")[0]
    words = context.get("words") or " ".join(limits) or expected.replace("tuple", "list")
    return f"{at}: {quote([value], context.get('names', ()))}; allowed: {words}"


def _join(keys: Iterable[str]) -> str:
    return ".".join(filter(None, keys)) or "top level"


def _keys_at(section: type[Section], place: tuple[Any, ...]) -> list[str]:
    """Keys that are allowed at a place; the names of a mapping on the way to it may be any."""
    for key in place:
        kind = section.model_fields[key].annotation if key in section.model_fields else None
        section = next(filter(is_section, (kind, *get_args(kind))), section)
    return sorted(section.model_fields)


def _yaml_number(text: Any) -> str:
    """A number in a text as YAML 1.1 reads it, with a point before an exponent; else empty."""
    try:
        if not isinstance(text, str) or not math.isfinite(float(text)):
            return ""
    except ValueError:
        return ""
    digits = text if text.isdecimal() else repr(float(text))
    return digits if "." in digits else digits.replace("e", ".0e")
