"""What is asked for: windows of images, where they are, and what they cover."""

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True)
class Query:
    """A window to label: rows `row`-`radius` to `row`+`radius` of an image, columns alike."""

    image: str
    row: int
    column: int
    radius: int  # in px; 0 for a single pixel

    @property
    def window(self) -> tuple[slice, slice]:
        """Rows and columns, so that `label[query.window]` is the window, clipped at the border."""
        rows, columns = (
            slice(max(centre - self.radius, 0), centre + self.radius + 1)
            for centre in (self.row, self.column)
        )
        return rows, columns


def label_mask(queries: Iterable[Query], image: str, shape: tuple[int, int]) -> NDArray[np.bool_]:
    """What queries ask for in an image of this height and width, (H,W) bool."""
    mask = np.zeros(shape, np.bool_)
    for query in queries:
        if query.image == image:
            mask[query.window] = True
    return mask
