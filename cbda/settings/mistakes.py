"""What is wrong with a configuration, in one line: every place, and what is allowed there."""

import math
from collections.abc import Iterable, Mapping
from typing import Any, TypeVar

from pydantic import ValidationError

from cbda.errors import UserError
from cbda.settings.section import Section

S = TypeVar("S", bound=Section)

ALLOWED = {  # types of pydantic's errors
    "bool_type": "true, false",
    "finite_number": "finite numbers",
    "float_type": "numbers",
    "greater_than": "above {gt}",
    "greater_than_equal": "{ge} or more",
    "int_type": "whole numbers",
    "less_than": "below {lt}",
    "less_than_equal": "at most {le}",
    "mapping_type": "a mapping",
    "model_type": "a mapping",
    "string_type": "text",
    "too_long": "at most {max_length} of them",
    "too_short": "{min_length} of them or more",
    "tuple_type": "a list",
}


def require_valid(
    section: type[S], raw: Any, place: str = "", environment: Mapping[str, str] | None = None
) -> S:
    """The section that plain values describe.

    Args:
        section: what they should be.
        raw: a mapping of keys to plain values.
        place: of the section in the configuration, such as `training`.
        environment: variables that roots of datasets may name; None leaves roots as they are.

    Raises:
        UserError: one line with all mistakes.
    """
    try:
        return section.model_validate(raw, context=environment)
    except ValidationError as error:
        mistakes = [_describe(section, place, item) for item in error.errors(include_url=False)]
        raise complaint(sorted(mistakes)) from None


def complaint(mistakes: Iterable[str]) -> UserError:
    """An error of one line; keys and values may hold any character."""
    return UserError(" ".join("; ".join(mistakes).splitlines()))


def quote(names: Iterable[str], allowed: Iterable[str]) -> str:
    """Names in quotes, each with the allowed names that it resembles most."""
    hints = ((name, " or ".join(map(repr, _closest(name, list(allowed))))) for name in names)
    return ", ".join(f"{n!r} (did you mean {hint}?)" if hint else repr(n) for n, hint in hints)


def _closest(name: str, allowed: list[str]) -> list[str]:
    """The most similar of the allowed names, more than one if they are as similar."""
    import difflib

    likeness = {
        other: difflib.SequenceMatcher(None, other, name).ratio()
        for other in difflib.get_close_matches(name, allowed)
    }
    return [other for other, ratio in likeness.items() if ratio == max(likeness.values())]


def _describe(section: type[Section], place: str, error: Any) -> str:
    """One mistake: where it is, what it is, what is allowed."""
    kind, value, context = error["type"], error["input"], error.get("ctx", {})
    *parents, last = ("", *(str(key) for key in error["loc"] if not _is_mark(key)))
    where = ".".join(filter(None, (place, *parents, last))) or "top level"
    if kind in ("extra_forbidden", "missing", "invalid_key"):
        inside = ".".join(filter(None, (place, *parents))) or "top level"
        what = "missing" if kind == "missing" else "unknown"
        allowed = _keys_at(section, error["loc"][:-1])
        return f"{inside}: {what} key {quote([last], allowed)}; allowed: {', '.join(allowed)}"
    if isinstance(value, str) and kind in ("int_type", "float_type") and _is_number(value):
        return f"{where}: {value!r} is text: write {_yaml_number(value)} in a file, without quotes"
    if kind == "not_allowed":
        shown = quote([value], context["names"]) if isinstance(value, str) else repr(value)
        return f"{where}: {shown}; allowed: {context['words']}"
    if kind == "value_error":
        return f"{where}: {context['error']}"
    return f"{where}: {value!r}; allowed: {ALLOWED.get(kind, error['msg']).format(**context)}"


def _is_mark(key: Any) -> bool:
    """Whether a part of a place is pydantic's own: that of a key, or of a kind of value."""
    return isinstance(key, str) and key.startswith(("[", "<"))


def _keys_at(section: type[Section], place: tuple[Any, ...]) -> list[str]:
    """Keys that are allowed at a place; the names of a mapping on the way to it may be any."""
    for key in place:
        field = section.model_fields.get(key)
        kinds = getattr(field and field.annotation, "__args__", (field and field.annotation,))
        if isinstance(kinds[-1], type) and issubclass(kinds[-1], Section):
            section = kinds[-1]
    return sorted(section.model_fields)


def _is_number(text: str) -> bool:
    try:
        return math.isfinite(float(text))
    except ValueError:
        return False


def _yaml_number(text: str) -> str:
    """A number as YAML 1.1 reads it: an exponent needs a point before it."""
    digits = text if text.isdecimal() else repr(float(text))
    return digits if "." in digits else digits.replace("e", ".0e")
