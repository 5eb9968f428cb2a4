"""Ask the oracle for what was chosen, and write the label file of the round.

Each image is asked for, painted and compressed by a thread of its own and written at once.
"""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING

import numba
import numpy as np
from numpy.typing import NDArray

from cbda.compute.parallel import ordered_map
from cbda.datasets.agreement import require_label_size
from cbda.datasets.dataset import Dataset
from cbda.datasets.ids import UNKNOWN, VOID
from cbda.datasets.pictures import IdArray
from cbda.datasets.vocabulary import Table
from cbda.files.chunks import MapReader, filters_of, pack, write_chunk
from cbda.files.labels import LabelSummary, create_labels, create_queries
from cbda.selection.querying import Acquired
from cbda.selection.round import Previous
from cbda.selection.units import IntArray, label_radius

if TYPE_CHECKING:
    import h5py


@dataclass(frozen=True)
class _Answer:
    """What is written of one image: packed maps, and (256,) newly acquired pixels by class."""

    label: bytes
    round: bytes
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
    with previous.open() as old, create_labels(path, oracle.image_ids, height, width) as file:
        ask = _asker(oracle, old, acquired, filters_of(file["label"]))
        for index, answer in enumerate(ordered_map(ask, range(num_images), num_threads)):
            write_chunk(file["label"], index, answer.label)
            write_chunk(file["round"], index, answer.round)
            counts += answer.counts
        _write_queries(file, old, acquired, num_threads)
        file.attrs.update(_with_counts(acquired.summary, counts).attributes())


def _asker(
    oracle: Dataset, old: "h5py.File | None", acquired: Acquired, filters: tuple[int, ...]
) -> Callable[[int], _Answer]:
    """A function of the image's index, to be called from any thread."""
    _, height, width = acquired.shape
    settings, radius = (
        acquired.settings,
        label_radius(acquired.settings.radius, acquired.settings.unit),
    )
    maps = None if old is None else (MapReader(old["label"]), MapReader(old["round"]))

    def ask(index: int) -> _Answer:
        label, rounds = _maps_before(maps, index, height, width)
        counts = np.zeros(VOID + 1, np.int64)
        centres = acquired.chosen.centres(index)
        if len(centres):
            ids = _ask(oracle, index, label.shape)
            table = oracle.table
            if not _acquire(ids, table, centres, radius, settings.round, label, rounds, counts):
                oracle.read_label(index)  # raises an error that names the unknown ids
        return _Answer(pack(label, filters), pack(rounds, filters), counts)

    return ask


def _maps_before(
    maps: tuple[MapReader, MapReader] | None, index: int, height: int, width: int
) -> tuple[NDArray[np.uint8], NDArray[np.uint8]]:
    """Labels and rounds of one image before this round, (H,W) uint8 each, new arrays."""
    if maps is None:
        return np.full((height, width), VOID, np.uint8), np.zeros((height, width), np.uint8)
    return maps[0].read(index).copy(), maps[1].read(index).copy()


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


def _write_queries(
    file: "h5py.File", old: "h5py.File | None", acquired: Acquired, num_threads: int
) -> None:
    """The queries of the rounds before, then those of this one, chunk by chunk."""
    num_old = 0 if old is None else len(old["query"])
    queries = create_queries(file, num_old + len(acquired.chosen))
    num_rows, filters = queries.chunks[0], filters_of(queries)
    blocks = chain(_old_queries(old, num_rows), _new_queries(acquired))
    packed = ordered_map(lambda chunk: pack(chunk, filters), rechunk(blocks, num_rows), num_threads)
    for index, content in enumerate(packed):
        write_chunk(queries, index * num_rows, content)


def _old_queries(old: "h5py.File | None", num_rows: int) -> Iterator[NDArray[np.int32]]:
    if old is not None:
        for first in range(0, len(old["query"]), num_rows):
            yield old["query"][first : first + num_rows]


def _new_queries(acquired: Acquired) -> Iterator[NDArray[np.int32]]:
    for rows in acquired.chosen.in_order():
        yield np.insert(rows.astype(np.int32), 0, acquired.settings.round, axis=1)


def rechunk(blocks: Iterable[NDArray[np.int32]], num_rows: int) -> Iterator[NDArray[np.int32]]:
    """The rows of the blocks in chunks of one length; the last one is filled up with zeros."""
    held: list[NDArray[np.int32]] = []
    num_held = 0
    for block in blocks:
        held.append(block)
        num_held += len(block)
        if num_held >= num_rows:
            joined = np.concatenate(held)
            num_whole = num_held - num_held % num_rows
            yield from np.split(joined[:num_whole], num_whole // num_rows)
            held, num_held = [joined[num_whole:]], num_held - num_whole
    if num_held:
        rest = np.concatenate(held)
        yield np.concatenate([rest, np.zeros((num_rows - num_held, rest.shape[1]), rest.dtype)])


def _with_counts(summary: LabelSummary, counts: NDArray[np.int64]) -> LabelSummary:
    """The attributes with the pixels of this round, (256,) by class, void last."""
    num_classes = len(summary.class_weights)
    return replace(
        summary,
        class_counts=np.vstack([summary.class_counts, counts[:num_classes]]),
        void_counts=np.append(summary.void_counts, counts[VOID]),
    )
