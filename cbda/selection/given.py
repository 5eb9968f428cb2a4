"""Labels, masks and counts as somebody gives them: arrays, lists or tensors on any device."""

from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from cbda.acquisition import arguments
from cbda.acquisition.given import as_array
from cbda.acquisition.methods import TARGETS
from cbda.datasets.ids import MAX_CLASSES, VOID
from cbda.errors import UserError

Size = tuple[int, int]
MAX_COUNT = 2**53  # up to which float64 holds whole numbers


def num_classes(value: Any) -> int:
    """The number of classes, C."""
    return arguments.whole("num_classes", value, 1, MAX_CLASSES)


def labels(what: str, values: Any, of: int, size: Size | None = None) -> NDArray[np.uint8]:
    """Labels of `of` classes, uint8 of their own shape; a `UserError` unless all are, or 255.

    The shape is that of one map (H,W) if a size is given.
    """
    array = as_array(what, values)
    if size is not None and array.shape != size:
        hint = _hint(array) if array.shape[:2] == size else ""
        raise UserError(f"{what}: {array.shape}, must be {size}{hint}")
    if array.dtype.kind not in "iu":
        is_named = array.dtype.kind in "US" or not array.ndim  # rather than by its type
        found = arguments.describe(values) if is_named else array.dtype
        raise UserError(f"{what}: {found}; allowed are whole numbers, of an integer type")
    is_wrong = (array < 0) | ((array >= of) & (array != VOID))
    if is_wrong.any():
        wrong = array[is_wrong].flat[0]
        raise UserError(f"{what}: {wrong}; allowed are 0 to {of - 1}, and {VOID} for none")
    return array.astype(np.uint8, copy=False)


def label_maps(what: str, values: Any, of: int) -> dict[str, NDArray[np.uint8]]:
    """Label maps (H,W) by image."""
    given = arguments.by_name(what, values)
    return {name: _map(f"{what} of {name!r}", label, of) for name, label in given.items()}


def label_list(what: str, values: Any, of: int) -> Iterable[NDArray[np.uint8]]:
    """Label maps (H,W), by image or one after another."""
    if isinstance(values, Mapping):
        return label_maps(what, values, of).values()
    if not arguments.is_iterable(values) or isinstance(values, str | bytes):
        raise UserError(f"{what}: {arguments.describe(values)}; allowed are maps (H,W), by image")
    return (_map(f"{what} {place}", label, of) for place, label in enumerate(values))


def masks(what: str, values: Any, known: tuple[str, ...]) -> dict[str, NDArray[np.bool_]]:
    """Masks (H,W) bool by image, copies, all of one size."""
    found: dict[str, NDArray[np.bool_]] = {}
    for name, mask in arguments.by_name(what, values, known).items():
        array = as_array(f"{what} of {name!r}", mask)
        if array.ndim != 2 or array.dtype != np.bool_:
            given = f"{array.shape} {array.dtype}; allowed is (H,W) bool, such as of mask != 0"
            raise UserError(f"{what} of {name!r}: {given}")
        found[name] = array.copy()
    sizes = {mask.shape for mask in found.values()}
    if len(sizes) > 1:
        raise UserError(f"{what}: of the sizes {sorted(sizes)}; allowed is one")
    return found


def counts(what: str, values: Any) -> NDArray[np.int64]:
    """Pixels of each class, (C,) int64."""
    array = as_array(what, values)
    if array.ndim != 1 or not 1 <= len(array) <= MAX_CLASSES or array.dtype.kind not in "iu":
        given = f"{array.shape} {array.dtype}; allowed is a whole number for each class, (C,)"
        raise UserError(f"{what}: {given}")
    if array.min() < 0 or array.max() > MAX_COUNT:
        found = array.min() if array.min() < 0 else array.max()
        raise UserError(f"{what}: {found}; allowed are whole numbers from 0 to {MAX_COUNT}")
    return array.astype(np.int64)


def target(values: Any) -> str | tuple[float, ...]:
    """A distribution to aim at: a name, or a number for each class."""
    if isinstance(values, str):
        return arguments.choice("target distribution", values, TARGETS)
    array = as_array("target_distribution", values)
    if array.ndim != 1 or array.dtype.kind not in "fiu":
        given = f"{arguments.describe(values)}; allowed is a number for each class, or a name"
        raise UserError(f"target_distribution: {given}")
    return tuple(array.astype(np.float64).tolist())


def _map(what: str, values: Any, of: int) -> NDArray[np.uint8]:
    array = as_array(what, values)
    if array.ndim != 2:
        raise UserError(f"{what}: {array.shape}; allowed is (H,W){_hint(array)}")
    return labels(what, array, of)


def _hint(array: NDArray[Any]) -> str:
    """What to do about a picture in place of labels; empty if it is none."""
    if array.ndim != 3 or array.shape[-1] not in (1, 3, 4):
        return ""
    if array.shape[-1] == 1:
        return " of classes; give [..., 0] of it"
    return " of classes; a picture (H,W,3) has to be turned from colours to classes first"
