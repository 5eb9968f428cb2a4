"""Sizes of images in the configuration: height and width in px."""

from typing import Annotated, Any

from pydantic import BeforeValidator, Field

from cbda.settings.section import Allowed, Items


def _require_pair(size: Any) -> Any:
    if isinstance(size, list | tuple) and len(size) != 2:
        raise ValueError(f"{list(size)}; allowed: a height and a width")
    return size


Side = Annotated[int, Field(ge=8, le=65_535)]
Size = Annotated[tuple[Side, Side], Field(strict=False), BeforeValidator(_require_pair)]
OptionalSize = Annotated[
    Items[Side],
    Allowed(lambda size: len(size) in (0, 2), "a height and a width, or none", {"maxItems": 2}),
]
