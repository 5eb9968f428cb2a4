"""What the sections of the configuration have in common.

A key is one attribute of a section: its type, its limits, its default, and the text below it, which
describes it. The JSON schema, config.yaml, the page of keys and the options come from these.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Annotated, Any, TypeVar

from pydantic import BaseModel, ConfigDict, Field, GetCoreSchemaHandler, GetJsonSchemaHandler
from pydantic_core import PydanticCustomError, core_schema

T = TypeVar("T")


class Section(BaseModel):
    """A part of the configuration: frozen and closed; "4" is no number, and 2.0 no integer."""

    model_config = ConfigDict(
        frozen=True, extra="forbid", strict=True, allow_inf_nan=False, use_attribute_docstrings=True
    )


@dataclass(frozen=True, eq=False)  # hashable, as what annotates a type must be
class Allowed:
    """Marks a type of which only some values are allowed.

    Attributes:
        test: whether a value is.
        words: what is allowed, for people.
        schema: the same in a JSON schema.
        names: those that a value may be a misspelling of.
    """

    test: Callable[[Any], bool]
    words: str
    schema: Mapping[str, Any] = field(default_factory=dict)
    names: tuple[str, ...] = ()

    def __get_pydantic_core_schema__(self, source: Any, handler: GetCoreSchemaHandler) -> Any:
        return core_schema.no_info_after_validator_function(self._require, handler(source))

    def __get_pydantic_json_schema__(self, schema: Any, handler: GetJsonSchemaHandler) -> Any:
        return {**handler(schema), "$comment": self.words, **self.schema}

    def _require(self, value: Any) -> Any:
        if not self.test(value):
            raise PydanticCustomError("not_allowed", "", {"words": self.words, "names": self.names})
        return value


def one_of(*values: Any) -> Allowed:
    """These values alone."""
    names = tuple(map(str, values))
    return Allowed(values.__contains__, ", ".join(names), {"enum": list(values)}, names)


def like(pattern: str, words: str) -> Allowed:
    """Texts that match a regular expression."""
    return Allowed(lambda text: re.search(pattern, text) is not None, words, {"pattern": pattern})


Count = Annotated[int, Field(ge=1)]
Items = Annotated[tuple[T, ...], Field(strict=False)]  # of a list
Distinct = Annotated[
    tuple[T, ...],
    Field(strict=False),
    Allowed(lambda items: len(set(items)) == len(items), "each once", {"uniqueItems": True}),
]
Line = Annotated[
    str, like(r"^[^-\x00-\x1f][^\x00-\x1f]*$", 'a name on one line that does not start with "-"')
]
Name = Annotated[
    str, like("^[a-z][a-z0-9_]*$", "names of small letters, digits and _ that start with a letter")
]
