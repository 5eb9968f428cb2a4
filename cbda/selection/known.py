"""What is known of a pool in memory, in the place of a label file."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from cbda.acquisition import arguments
from cbda.acquisition.methods import ResolvedMethod
from cbda.datasets.ids import VOID
from cbda.errors import UserError
from cbda.files.labels import LabelFile, LabelSummary, Map
from cbda.selection import given
from cbda.selection.statistics import count_classes


class Known(LabelFile):
    """Labels of earlier rounds, by image, and pixels that are never to be asked for.

    A `UserError` if they are of no image of the pool, of another size, or of other classes.
    """

    def __init__(
        self,
        image_ids: Sequence[str],
        shape: tuple[int, int, int],
        num_classes: int,
        method: ResolvedMethod,
        labels: Mapping[str, NDArray[np.uint8]] | None = None,
        asked: Mapping[str, NDArray[np.bool_]] | None = None,
    ) -> None:
        self.image_ids, self.shape = tuple(image_ids), shape
        known = given.label_maps("labels", {} if labels is None else labels, num_classes)
        never = given.masks("asked", {} if asked is None else asked, self.image_ids)
        self._labels, self._asked = known, never
        for what, maps in (("labels", self._labels), ("asked", self._asked)):
            for image_id, values in maps.items():
                arguments.image(f"image of {what}", image_id, self.image_ids)
                if values.shape != shape[1:]:
                    raise UserError(f"{what} of {image_id!r}: {values.shape}, must be {shape[1:]}")
        counts = count_classes(self._labels, num_classes)
        choice = method.score, method.unit, method.allocation, method.balance
        none = LabelSummary(*choice, 0.0, 0.0, 0, method.radius, 0, *_nothing(num_classes, shape))
        summary = replace(none, class_counts=counts[None])
        self._describe(None, summary, num_queries=0)

    def read_label(self, index: int) -> Map:
        """What is known of an image."""
        label = self._labels.get(self.image_ids[index])
        return np.full(self.shape[1:], VOID, np.uint8) if label is None else label.copy()

    def read_round(self, index: int) -> Map:
        """1 where an image is labelled, or never to be asked about."""
        asked = self._asked.get(self.image_ids[index], False)
        return np.asarray((self.read_label(index) != VOID) | asked, np.uint8)


def _nothing(
    num_classes: int, shape: tuple[int, int, int]
) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.float64], int]:
    """Counts of no round, weights of 1, and the size of a pool."""
    no_counts = np.zeros((0, num_classes), np.int64)
    return no_counts, no_counts[:, 0], np.ones(num_classes), math.prod(shape)
