"""Queries that label a whole part of an image, such as a superpixel, in place of a window.

A part takes part in the choice as one pixel, the first of it by column, then row: with the mean of
its pixels' scores, and the class that most of them are predicted as. All other pixels are excluded,
and nothing is suppressed, so that every allocation, balance and sampling works as it does for
windows.
"""

import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from importlib import import_module
from pathlib import Path
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from cbda.acquisition.methods import SCORES_OF_A_PIXEL, UNITS
from cbda.errors import UserError, require_choice

FloatArray = NDArray[np.floating]
IntArray = NDArray[np.int64]
Mask = NDArray[np.bool_]
PartMap = NDArray[np.int32]  # (H,W) number of the part of every pixel, from 0 on
ReadParts = Callable[[int], PartMap]
Classes = NDArray[np.uint8]


class Images(Protocol):
    """Images that can be read."""

    def read_image(self, index: int) -> NDArray[np.uint8]: ...  # noqa: D102


def find_unit(unit: str) -> Any:
    """The module of a unit, which is in the fingerprint of no phase."""
    require_choice("unit", unit, UNITS)
    return import_module(f"cbda.acquisition.units.{unit}")


@contextmanager
def open_parts(unit: str, radius: int, images: Images) -> Iterator[ReadParts | None]:
    """What reads the parts of the images of a pool, each divided once; None for windows.

    They lie in temporary files meanwhile.
    """
    divide = getattr(find_unit(unit), "divide", None)
    if divide is None:
        yield None
        return
    with tempfile.TemporaryDirectory() as folder:

        def read(image: int) -> PartMap:
            path = Path(folder, f"{image}.npy")
            if not path.exists():  # an image is worked on by one thread at a time
                _keep(path, divide(images.read_image(image), radius))
            parts: PartMap = np.load(path)
            return parts

        yield read


def _keep(path: Path, parts: PartMap) -> None:
    try:
        np.save(path, parts)
    except OSError as error:
        reason = error.strerror or "it takes no more"
        advice = "set TMPDIR to a folder with room"
        raise UserError(
            f"{tempfile.gettempdir()}: no place for superpixels: {reason}; {advice}"
        ) from error


def as_pixels(
    parts: PartMap, score: FloatArray, prediction: Classes, name: str
) -> tuple[FloatArray, Classes]:
    """Maps (H,W) of score and prediction in which the first pixel of a part has those of the part.

    `name` is that of the score; random numbers are not averaged.
    """
    place = first_pixels(parts)
    values, classes = score.copy(), prediction.copy()
    if name not in SCORES_OF_A_PIXEL:
        values.reshape(-1)[place] = mean_of_parts(parts, score)
    classes.reshape(-1)[place] = dominant_classes(parts, prediction)
    return values, classes


def excluded_pixels(parts: PartMap, acquired: Mask, void: Mask | None = None) -> Mask:
    """All but the first pixels of parts that hold nothing that was acquired, (H,W).

    Nor are those left that are mostly void, if it is known where that is.
    """
    excluded = np.ones(parts.shape, np.bool_)
    num_acquired = np.bincount(parts[acquired], minlength=int(parts.max()) + 1)
    is_void = False if void is None else mean_of_parts(parts, void.astype(np.float64)) > 0.5
    excluded.reshape(-1)[first_pixels(parts)] = (num_acquired > 0) | is_void
    return excluded


def first_pixels(parts: PartMap) -> IntArray:
    """The first pixel of every part by column, then row, as an index into the map; (P,)."""
    by_column = parts.T.ravel()
    first = np.empty(int(parts.max()) + 1, np.int64)
    first[by_column[::-1]] = np.arange(parts.size)[::-1]  # what is assigned last stays
    column, row = np.divmod(first, len(parts))
    return np.asarray(row * parts.shape[1] + column, np.int64)


def mean_of_parts(parts: PartMap, values: NDArray[Any]) -> FloatArray:
    """Means over the parts, (P,) of the values' type."""
    sums = np.bincount(parts.ravel(), values.ravel())
    return np.asarray(sums / np.bincount(parts.ravel()), values.dtype)


def dominant_classes(parts: PartMap, prediction: Classes) -> Classes:
    """The class that most pixels of every part are predicted as, the first one on a tie; (P,)."""
    return np.asarray(histograms(parts, prediction).argmax(axis=1), np.uint8)


def histograms(parts: PartMap, classes: Classes) -> IntArray:
    """Pixels of every part by class, (P,C) of all classes up to the highest."""
    num_parts, num_classes = int(parts.max()) + 1, int(classes.max()) + 1
    cells = parts.ravel().astype(np.int64) * num_classes + classes.ravel()
    return np.bincount(cells, minlength=num_parts * num_classes).reshape(num_parts, num_classes)


def mark(parts: PartMap, centres: NDArray[np.int32]) -> Mask:
    """Pixels of the parts in which centres (M,2), row and column, lie; (H,W) bool."""
    is_asked = np.zeros(int(parts.max()) + 1, np.bool_)
    is_asked[parts[tuple(centres.T)]] = True
    return is_asked[parts]


def count_parts(parts: PartMap, centres: NDArray[np.int32], label: Classes) -> IntArray:
    """Queries whose parts hold several labels, labels of all parts, and pixels of mixed ones."""
    asked = histograms(parts, label)[parts[tuple(centres.T)]]
    num_classes = (asked > 0).sum(axis=1)
    is_mixed = num_classes > 1
    return np.array([is_mixed.sum(), num_classes.sum(), asked[is_mixed].sum()], np.int64)
