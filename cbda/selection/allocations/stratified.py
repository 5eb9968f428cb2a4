"""As many queries for every class, and a free share: the quota of ClaSP PE, in our reading."""

from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray

from cbda.compute.parallel import ordered_map
from cbda.selection.allocation import Read, choose_dynamic
from cbda.selection.units import FloatArray, IntArray, Mask, Queries, centres_by_image, paint

ReadClass = Callable[[int], NDArray[np.uint8]]


def choose(
    read: Read,
    read_class: ReadClass,
    shape: tuple[int, int, int],
    num_queries: int,
    radius: int,
    num_threads: int,
    free_share: float,
) -> Queries:
    """Choose for every predicted class, the rarest first, then the best of all in a pool (N,H,W).

    Classes without a free pixel get none, and all others floor((1 - free_share) M / C) of the M
    queries each; what a class can't use is free. The pool is read once more for every class.
    """
    num_px = _count_free(read, read_class, shape[0], num_threads)
    classes = [int(c) for c in np.argsort(num_px, kind="stable") if num_px[c]]
    share = int((1 - free_share) * num_queries / max(len(classes), 1))
    queries = np.empty((0, 3), np.int32)
    for label in (*classes, None):
        wanted = num_queries - len(queries) if label is None else share
        centres = centres_by_image(queries, shape[0])
        left = _left(read, read_class, centres, radius, label)
        found = choose_dynamic(left, shape, wanted, radius, num_threads)
        queries = np.concatenate([queries, found])
    return queries


def _left(
    read: Read,
    read_class: ReadClass,
    centres: Sequence[NDArray[np.int32]],
    radius: int,
    label: int | None,
) -> Read:
    """What reads the pixels of a class, or of any, that earlier picks of the round leave free."""

    def read_left(image: int) -> tuple[FloatArray, Mask]:
        score, excluded = read(image)
        paint(excluded, centres[image], radius)
        if label is not None:
            excluded |= read_class(image) != label
        return score, excluded

    return read_left


def _count_free(read: Read, read_class: ReadClass, num_images: int, num_threads: int) -> IntArray:
    """Free pixels of the pool by predicted class, (256,)."""

    def count(image: int) -> IntArray:
        return np.bincount(read_class(image)[~read(image)[1]], minlength=256)

    counts: IntArray = np.sum(list(ordered_map(count, range(num_images), num_threads)), axis=0)
    return counts
