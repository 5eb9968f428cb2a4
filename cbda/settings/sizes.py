"""Sizes of images in the configuration: height and width in px."""

from typing import Annotated, Any

from pydantic import BeforeValidator, Field
from pydantic_core import PydanticCustomError

from cbda.settings.section import Allowed, Items

PAIR = "a height and a width, [height, width]"
PAIR_OR_NONE = f"{PAIR}, or none"


def _require_pair(size: Any) -> Any:
    return _require_list(size, PAIR, lengths=(2,))


def _require_pair_or_none(size: Any) -> Any:
    return _require_list(size, PAIR_OR_NONE, lengths=(0, 2))


def _require_list(size: Any, words: str, lengths: tuple[int, ...]) -> Any:
    if not isinstance(size, list | tuple) or len(size) not in lengths:
        raise PydanticCustomError("not_allowed", "", {"words": words, "names": []})
    return size


Side = Annotated[int, Field(ge=8, le=65_535)]
Size = Annotated[tuple[Side, Side], Field(strict=False), BeforeValidator(_require_pair)]
OptionalSize = Annotated[
    Items[Side],
    Allowed(lambda size: len(size) in (0, 2), PAIR_OR_NONE, {"maxItems": 2}),
    BeforeValidator(_require_pair_or_none),
]
