"""What is asked for: windows of images, where they are, and what they cover."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from cbda.acquisition import arguments
from cbda.errors import UserError
from cbda.settings.section import MAX_RADIUS_PX

MAX_SIDE_PX = 1 << 31


@dataclass(frozen=True)
class Query:
    """A window to label: rows `row`-`radius` to `row`+`radius` of an image, columns alike.

    A `UserError` unless these are whole numbers, and none negative.
    """

    image: str
    row: int
    column: int
    radius: int  # in px; 0 for a single pixel

    def __post_init__(self) -> None:
        arguments.names("image of a query", [self.image])
        for name, most in (
            ("row", MAX_SIDE_PX),
            ("column", MAX_SIDE_PX),
            ("radius", MAX_RADIUS_PX),
        ):
            # A small number of NumPy's would wrap around below.
            number = arguments.whole(f"{name} of a query", getattr(self, name), 0, most)
            object.__setattr__(self, name, number)

    @property
    def window(self) -> tuple[slice, slice]:
        """Rows and columns, so that `label[query.window]` is the window, clipped at the border."""
        rows, columns = (
            slice(max(centre - self.radius, 0), centre + self.radius + 1)
            for centre in (self.row, self.column)
        )
        return rows, columns


def label_mask(queries: Iterable[Query], image: str, shape: tuple[int, int]) -> NDArray[np.bool_]:
    """What queries ask for in an image of this height and width, (H,W) bool.

    All False of an image that none is about, and so of a name that is no image's: queries don't
    know those of the pool. A `UserError` unless all of them lie within it.
    """
    height, width = image_size(shape)
    arguments.names("image", [image])
    try:
        mask = np.zeros((height, width), np.bool_)
    except MemoryError:
        raise UserError(f"shape {height, width}: allowed are sizes that the memory holds") from None
    for query in as_queries(queries):
        if query.image == image:
            require_inside(query, (height, width))
            mask[query.window] = True
    return mask


def as_queries(values: Any) -> list[Query]:
    """Queries in a list; a `UserError` unless they are."""
    found = list(values) if arguments.is_iterable(values) else [values]
    for place, query in enumerate(found):
        if not isinstance(query, Query):
            given = arguments.describe(query)
            raise UserError(f"queries[{place}]: {given}; allowed is a cbda.Query")
    return found


def image_size(shape: Any) -> tuple[int, int]:
    """Height and width of an image, in px; a `UserError` unless they are."""
    sides = tuple(shape) if arguments.is_iterable(shape) else (shape,)
    if len(sides) != 2:
        raise UserError(f"shape {arguments.describe(shape)}: allowed are height and width, in px")
    height, width = (arguments.whole("shape", side, 1, MAX_SIDE_PX) for side in sides)
    return height, width


def require_inside(query: Query, size: tuple[int, int]) -> None:
    """Raise a `UserError` if the centre of a query lies outside of an image."""
    if query.row >= size[0] or query.column >= size[1]:
        place = f"row {query.row}, column {query.column}"
        raise UserError(f"query of {query.image!r}: {place} lies outside of the image, {size} px")
