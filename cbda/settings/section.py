"""What the sections of the configuration have in common.

A key is one attribute of a section: its type, limits and default, and the text below it, which
describes it. The JSON schema, config.yaml, the page of keys and the options come from these.
"""

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Annotated, Any, TypeGuard, TypeVar

from pydantic import BaseModel, ConfigDict, Field, GetCoreSchemaHandler, GetJsonSchemaHandler
from pydantic_core import PydanticCustomError, core_schema

T = TypeVar("T")
LIMITS = {
    **{"ge": "{:g} or more", "gt": "above {:g}", "le": "at most {:g}", "lt": "below {:g}"},
    **{"min_length": "{} of them or more", "max_length": "at most {} of them"},
}


class Section(BaseModel):
    """A part of the configuration: frozen and closed; "4" is no number, and 2.0 no integer."""

    model_config = ConfigDict(
        frozen=True, extra="forbid", strict=True, allow_inf_nan=False, use_attribute_docstrings=True
    )


def is_section(kind: Any) -> TypeGuard[type[Section]]:
    """Whether the type of a key is a section."""
    return isinstance(kind, type) and issubclass(kind, Section)


@dataclass(frozen=True, eq=False)  # hashable, as what annotates a type must be
class Allowed:
    """Marks a type of which only some values are allowed, by a test, in words, in a schema."""

    test: Callable[[Any], bool]
    words: str
    schema: dict[str, Any]
    names: tuple[str, ...] = ()  # that a wrong one may be meant for

    def __get_pydantic_core_schema__(self, source: Any, handler: GetCoreSchemaHandler) -> Any:
        return core_schema.no_info_after_validator_function(self._require, handler(source))

    def __get_pydantic_json_schema__(self, schema: Any, handler: GetJsonSchemaHandler) -> Any:
        return {**handler(schema), **self.schema}

    def _require(self, value: Any) -> Any:
        if not self.test(value):
            facts = {"words": self.words, "names": list(self.names)}
            raise PydanticCustomError("not_allowed", "", facts)
        return value


def one_of(*values: Any) -> Allowed:
    """These values alone."""
    names = tuple(value for value in values if isinstance(value, str))
    words = ", ".join(map(str, values))
    return Allowed(values.__contains__, words, {"enum": list(values)}, names)


def one_of_or_like(values: Iterable[str], pattern: str, words: str) -> Allowed:
    """These values, and texts that match a regular expression."""
    names, is_like = tuple(values), like(pattern, words).test
    return Allowed(
        lambda text: text in names or is_like(text),
        f"{', '.join(names)}, {words}",
        {"anyOf": [{"enum": list(names)}, {"pattern": pattern}]},
        names,
    )


def like(pattern: str, words: str, names: tuple[str, ...] = ()) -> Allowed:
    """Texts that match a regular expression, such as some names."""
    return Allowed(lambda text: bool(re.search(pattern, text)), words, {"pattern": pattern}, names)


def limits(metadata: Iterable[Any]) -> list[str]:
    """What the marks of a type allow, in words."""
    found = [(mark, name) for mark in metadata for name in LIMITS if hasattr(mark, name)]
    words = [mark.words for mark in metadata if isinstance(mark, Allowed)]
    return words + [LIMITS[name].format(getattr(mark, name)) for mark, name in found]


MAX_SEED, MAX_RADIUS_PX = 10**18, 10_000  # HDF5 keeps 64 bits; what is beyond an image is no more
Seed = Annotated[int, Field(ge=0, le=MAX_SEED)]
Radius = Annotated[int, Field(ge=0, le=MAX_RADIUS_PX)]
Count = Annotated[int, Field(ge=1)]
Items = Annotated[tuple[T, ...], Field(strict=False)]  # strict, no list would do
Distinct = Annotated[
    Items[T], Allowed(lambda items: len(set(items)) == len(items), "none twice", {})
]
LINE = like(r"^[^-\x00-\x1f][^\x00-\x1f]*$", 'a name on one line that does not start with "-"')
Line = Annotated[str, LINE]
Name = Annotated[
    str, like("^[a-z][a-z0-9_]*$", "names of small letters, digits and _ that start with a letter")
]
