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

    def __get_pydantic_core_schema__(self, source: Any, handler: GetCoreSchemaHandler) -> Any:
        return core_schema.no_info_after_validator_function(self._require, handler(source))

    def __get_pydantic_json_schema__(self, schema: Any, handler: GetJsonSchemaHandler) -> Any:
        return {**handler(schema), **self.schema}

    def _require(self, value: Any) -> Any:
        if not self.test(value):
            (first, *_) = self.schema.get("anyOf", (self.schema,))
            names = [name for name in first.get("enum", ()) if isinstance(name, str)]
            raise PydanticCustomError("not_allowed", "", {"words": self.words, "names": names})
        return value


def one_of(*values: Any) -> Allowed:
    """These values alone."""
    return Allowed(values.__contains__, ", ".join(map(str, values)), {"enum": list(values)})


def one_of_or_like(values: Iterable[str], pattern: str, words: str) -> Allowed:
    """These values, and texts that match a regular expression."""
    names = list(values)
    schema = {"anyOf": [{"enum": names}, {"pattern": pattern}]}
    is_like = like(pattern, words).test
    return Allowed(
        lambda text: text in names or is_like(text), f"{', '.join(names)}, {words}", schema
    )


def like(pattern: str, words: str) -> Allowed:
    """Texts that match a regular expression."""
    return Allowed(lambda text: bool(re.search(pattern, text)), words, {"pattern": pattern})


def limits(metadata: Iterable[Any]) -> list[str]:
    """What the marks of a type allow, in words."""
    found = [(mark, name) for mark in metadata for name in LIMITS if hasattr(mark, name)]
    words = [mark.words for mark in metadata if isinstance(mark, Allowed)]
    return words + [LIMITS[name].format(getattr(mark, name)) for mark, name in found]


Count = Annotated[int, Field(ge=1)]
Items = Annotated[tuple[T, ...], Field(strict=False)]  # strict, no list would do
Distinct = Annotated[
    Items[T], Allowed(lambda items: len(set(items)) == len(items), "none twice", {})
]
Line = Annotated[
    str, like(r"^[^-\x00-\x1f][^\x00-\x1f]*$", 'a name on one line that does not start with "-"')
]
Name = Annotated[
    str, like("^[a-z][a-z0-9_]*$", "names of small letters, digits and _ that start with a letter")
]
