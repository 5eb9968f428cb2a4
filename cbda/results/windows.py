"""What was labelled round by round: queries, windows of one class and of several, clicks."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from cbda.compiled import compiled
from cbda.compute.parallel import ordered_map
from cbda.files.labels import LabelFile, Map
from cbda.settings.tables import ClickSettings

Counts = NDArray[np.int64]  # (R,)


@dataclass(frozen=True)
class WindowCounts:
    """Counts by round, (R,) each, of what was labelled up to and in it; void counts as a class.

    A window is what one query labels, which may be a part of an image.
    """

    queries: Counts
    mixed_queries: Counts  # whose windows hold several classes
    classes: Counts  # of all windows together
    mixed_px: Counts  # pixels of mixed windows

    def clicks(self, prices: ClickSettings) -> NDArray[np.float64]:
        """What all labels up to each round cost, in clicks."""
        by_query = prices.per_query * self.queries + prices.per_class * self.classes
        return np.asarray(by_query + prices.per_mixed_px * self.mixed_px, np.float64)


def count_windows(labels: LabelFile, num_threads: int = 1) -> WindowCounts:
    """Count the windows of all rounds of a label file; its images are read one per thread."""
    summary = labels.summary
    queries = np.concatenate([np.zeros((0, 4), np.int32), *labels.queries()])
    if summary.part_counts is not None:
        return _of_parts(summary.part_counts, queries[:, 0])
    radius = summary.radius if summary.unit == "region" else 0
    queries = queries[np.argsort(queries[:, 1], kind="stable")]
    images, first = np.unique(queries[:, 1], return_index=True)
    parts = np.split(queries, first[1:])

    def count(place: int) -> Counts:
        totals = np.zeros((labels.rounds_done, 4), np.int64)
        _count(labels.read_label(int(images[place])), parts[place], radius, totals)
        return totals

    counted = ordered_map(count, range(len(images)), num_threads)
    totals = sum(counted, np.zeros((labels.rounds_done, 4), np.int64))
    return WindowCounts(*totals.cumsum(axis=0).T)


def _of_parts(part_counts: Counts, round_number: NDArray[np.int32]) -> WindowCounts:
    """Of queries that are parts of images, as they were counted when they were labelled."""
    mixed, classes, mixed_px = part_counts.cumsum(axis=0).T
    queries = np.bincount(round_number, minlength=len(part_counts) + 1)[1:].cumsum()
    return WindowCounts(queries, mixed, classes, mixed_px)


@compiled
def _count(label: Map, queries: NDArray[np.int32], radius: int, totals: Counts) -> None:
    """Add queries, mixed ones, their classes and mixed pixels of one image by round, in place."""
    height, width = label.shape
    for round_number, _, row, column in queries:
        seen = np.zeros(256, np.bool_)
        top, left = max(row - radius, 0), max(column - radius, 0)
        bottom, right = min(row + radius + 1, height), min(column + radius + 1, width)
        for i in range(top, bottom):
            for j in range(left, right):
                seen[label[i, j]] = True
        num_classes, index = seen.sum(), round_number - 1
        totals[index, 0] += 1
        totals[index, 2] += num_classes
        if num_classes > 1:
            totals[index, 1] += 1
            totals[index, 3] += (bottom - top) * (right - left)
