"""Ask the oracle for what was chosen, and write the label file of the round.

Each image is asked for, painted and compressed by a thread of its own and written at once.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from itertools import chain
from pathlib import Path

import numba
import numpy as np
from numpy.typing import NDArray

from cbda.compute.parallel import ordered_map
from cbda.datasets.agreement import require_label_size
from cbda.datasets.dataset import Dataset
from cbda.datasets.ids import UNKNOWN, VOID
from cbda.datasets.pictures import IdArray
from cbda.datasets.vocabulary import Table
from cbda.files.labels import LabelFile, LabelSummary, LabelWriter
from cbda.selection.querying import Acquired
from cbda.selection.round import Previous
from cbda.selection.units import IntArray, label_radius


@dataclass(frozen=True)
class _Answer:
    """What is written of one image: packed maps, and (256,) newly acquired pixels by class."""

    packed: tuple[bytes, bytes]
    counts: NDArray[np.int64]


def write_round(
    path: Path, oracle: Dataset, previous: Previous, acquired: Acquired, num_threads: int = 1
) -> None:
    """Ask the oracle for every chosen window, and write the label file of the round.

    Raises:
        UserError: the oracle's labels don't fit the scores, or a file is damaged.
    """
    num_images, height, width = acquired.shape
    counts = np.zeros(VOID + 1, np.int64)
    with (
        acquired.none if previous.path is None else LabelFile.open(previous.path) as old,
        LabelFile.create(path, oracle.image_ids, height, width) as file,
    ):
        ask = _asker(oracle, old, acquired, file)
        for index, answer in enumerate(ordered_map(ask, range(num_images), num_threads)):
            file.write(index, answer.packed)
            counts += answer.counts
        num_queries = old.num_queries + len(acquired.chosen)
        file.write_queries(num_queries, chain(old.queries(), _new_queries(acquired)), num_threads)
        file.finish(_with_counts(acquired.summary, counts))


def _asker(
    oracle: Dataset, old: LabelFile, acquired: Acquired, file: LabelWriter
) -> Callable[[int], _Answer]:
    """A function of the image's index, to be called from any thread."""
    settings, radius = (
        acquired.settings,
        label_radius(acquired.settings.radius, acquired.settings.unit),
    )

    def ask(index: int) -> _Answer:
        label, rounds = old.read(index)
        counts = np.zeros(VOID + 1, np.int64)
        centres = acquired.chosen.centres(index)
        if len(centres):
            ids = _ask(oracle, index, label.shape)
            table = oracle.table
            if not _acquire(ids, table, centres, radius, settings.round, label, rounds, counts):
                oracle.read_label(index)  # raises an error that names the unknown ids
        return _Answer(file.pack(label, rounds), counts)

    return ask


def _ask(oracle: Dataset, index: int, size: tuple[int, ...]) -> IdArray:
    """Label ids of one image; only those in the windows are made train ids."""
    ids = oracle.read_ids(index)
    require_label_size(oracle, index, ids.shape, size)
    return ids


@numba.njit(cache=True, nogil=True)
def _acquire(
    ids: IdArray,
    table: Table,
    centres: IntArray,
    radius: int,
    round_number: int,
    label: NDArray[np.uint8],
    rounds: NDArray[np.uint8],
    counts: NDArray[np.int64],
) -> bool:
    """Copy the clipped windows around the centres, and count their classes, in place.

    Returns whether the table knows every label id in them.
    """
    height, width = ids.shape
    for row, column in centres:
        for i in range(max(row - radius, 0), min(row + radius + 1, height)):
            for j in range(max(column - radius, 0), min(column + radius + 1, width)):
                train_id = table[min(ids[i, j], len(table) - 1)]
                if train_id == UNKNOWN:
                    return False
                label[i, j], rounds[i, j] = train_id, round_number
                counts[train_id] += 1
    return True


def _new_queries(acquired: Acquired) -> Iterator[NDArray[np.int32]]:
    for rows in acquired.chosen.in_order():
        yield np.insert(rows.astype(np.int32), 0, acquired.settings.round, axis=1)


def _with_counts(summary: LabelSummary, counts: NDArray[np.int64]) -> LabelSummary:
    """The attributes with the pixels of this round, (256,) by class, void last."""
    num_classes = len(summary.class_weights)
    return replace(
        summary,
        class_counts=np.vstack([summary.class_counts, counts[:num_classes]]),
        void_counts=np.append(summary.void_counts, counts[VOID]),
    )
