"""Whether the palette of a label leaves no doubt which number a pixel has.

Programs that make PNGs smaller keep every colour, but not its number: they sort a palette by how
often a colour occurs, and turn grey values into a palette of greys.
"""

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from cbda.datasets.ids import UNKNOWN
from cbda.datasets.pictures import IdArray

BLACK_AND_WHITE = {0, 255}
IDENTITY = bytes(value for value in range(256) for _ in range(3))


def grey_levels(palette: bytes) -> NDArray[np.uint8] | None:
    """(n,) the grey of every index; None if a colour is among them."""
    colours = np.frombuffer(palette, np.uint8).reshape(-1, 3)
    return None if (colours != colours[:, :1]).any() else colours[:, 0]


def used_indices(palette: bytes, ids: IdArray) -> NDArray[np.intp]:
    """Indices of a palette that a picture has."""
    return np.flatnonzero(np.bincount(ids.ravel(), minlength=256)[: len(palette) // 3])


def find_doubt(palette: bytes, ids: IdArray, table: NDArray[np.int16]) -> str:
    """Why a label's grey values may be its ids, rather than its indices; empty if they can't be.

    They can't if they agree, or if a grey is no id. Black and white are how a mask of two
    classes is drawn: 255 is no void there.

    Args:
        palette: of the file, 3 bytes a colour; empty for a greyscale picture.
        ids: (H,W) indices.
        table: (256,) label id to train id, or `UNKNOWN`.
    """
    greys = grey_levels(palette)
    if greys is None or palette == IDENTITY[: len(palette)]:
        return ""
    used = used_indices(palette, ids)
    shown = greys[used]
    changed = used[shown != used]
    if not len(changed) or BLACK_AND_WHITE.issuperset(shown) or (table[shown] == UNKNOWN).any():
        return ""
    return (
        f"its palette shows index {changed[0]} as grey {greys[changed[0]]}, which is an id too, as"
        " programs leave it that make files smaller: save it as 8-bit greyscale"
    )


def name_colours(palette: bytes, ids: IdArray) -> Iterator[tuple[tuple[bool, int], bytes]]:
    """Which colour every id of a label has, greys and colours kept apart.

    Yields:
        Whether the file holds but greys, and the id; the colour, 3 bytes.
    """
    colours = palette or IDENTITY
    is_grey = grey_levels(colours) is not None
    for index in used_indices(colours, ids).tolist():
        yield (is_grey, index), colours[3 * index : 3 * index + 3]
