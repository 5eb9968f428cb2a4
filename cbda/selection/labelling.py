"""Ask the oracle for what was chosen, and write the label file of the round.

Each image is read, labelled and compressed by a thread of its own and written at once.
"""

from collections.abc import Callable
from dataclasses import replace
from itertools import chain
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from cbda.acquisition.parts import ReadParts, count_parts, mark
from cbda.compiled import compiled
from cbda.compute.parallel import ordered_map
from cbda.datasets.agreement import require_label_size
from cbda.datasets.dataset import Dataset
from cbda.datasets.ids import UNKNOWN, VOID
from cbda.datasets.pictures import IdArray
from cbda.datasets.vocabulary import Table
from cbda.files.labels import LabelFile, Map
from cbda.selection.round import Round
from cbda.selection.units import Queries, centres_by_image, clipped, label_radius

ROWS_PER_BLOCK = 1 << 16
# Label and round maps (H,W) of an image by its place in the pool, after the round, and the pixels
# that it acquires by train id, (256,).
Ask = Callable[[int], tuple[Map, Map, NDArray[np.int64]]]


def write_labels(
    path: Path,
    round_: Round,
    labels: LabelFile,
    queries: Queries,
    class_weights: NDArray[np.float64],
    oracle: Dataset,
    num_threads: int = 1,
    parts: ReadParts | None = None,
) -> None:
    """Ask the ground truth for every chosen window or part, and write the label file of the round.

    `labels` are of the round before, the queries were chosen by `class_weights` (C,), and no byte
    depends on the threads. A `UserError` if the oracle does not fit the scores.
    """
    centres = centres_by_image(queries, len(labels.image_ids))
    radius = 0 if parts else label_radius(round_.method.radius, round_.method.unit)
    part_counts = np.zeros((len(centres), 3), np.int64)

    def ask(image: int) -> tuple[Map, Map, NDArray[np.int64]]:
        maps, acquired = labels.read(image), np.zeros(VOID + 1, np.int64)
        if len(centres[image]):
            asked = centres[image]
            if parts:
                asked = np.argwhere(mark(parts(image), asked)).astype(np.int32)
            ids = oracle.read_ids(image)
            require_label_size(oracle, image, ids.shape, labels.shape[1:])
            done = radius, round_.number, *maps, acquired
            if not _acquire(ids, oracle.table, asked, *done):
                oracle.read_label(image)  # raises an error that names the unknown ids
            if parts:
                part_counts[image] = count_parts(parts(image), centres[image], maps[0])
        return *maps, acquired

    counts = part_counts if parts else None
    write_round(path, round_, labels, queries, class_weights, ask, num_threads, counts)


def write_round(
    path: Path,
    round_: Round,
    labels: LabelFile,
    queries: Queries,
    class_weights: NDArray[np.float64],
    ask: Ask,
    num_threads: int = 1,
    part_counts: NDArray[np.int64] | None = None,
) -> None:
    """Write the label file of a round, whoever is asked.

    `labels` are of the round before; no byte depends on the threads. Asking fills `part_counts`
    (N,3), of parts of images by `count_parts`.
    """
    num_images, height, width = labels.shape
    counts = np.zeros(VOID + 1, np.int64)

    def ask_and_pack(image: int) -> tuple[tuple[bytes, bytes], NDArray[np.int64]]:
        label, rounds, acquired = ask(image)
        return writer.pack(label, rounds), acquired

    place = path, labels.image_ids, height, width
    with LabelFile.create(*place, image_sha256=labels.image_sha256) as writer:
        answers = ordered_map(ask_and_pack, range(num_images), num_threads)
        for image, (packed, acquired) in enumerate(answers):
            writer.write(image, packed)
            counts += acquired
        blocks = (queries[k : k + ROWS_PER_BLOCK] for k in range(0, len(queries), ROWS_PER_BLOCK))
        rows = (np.insert(block, 0, round_.number, axis=1) for block in blocks)
        num_queries = labels.num_queries + len(queries)
        writer.write_queries(num_queries, chain(labels.queries(), rows), num_threads)
        before = replace(round_.summary(labels), class_weights=class_weights)
        class_counts = np.vstack([before.class_counts, counts[: round_.num_classes]])
        void_counts = np.append(before.void_counts, counts[VOID])
        after = replace(before, class_counts=class_counts, void_counts=void_counts)
        if part_counts is not None:
            earlier = (
                np.zeros((0, 3), np.int64) if before.part_counts is None else before.part_counts
            )
            after = replace(after, part_counts=np.vstack([earlier, part_counts.sum(axis=0)]))
        writer.finish(after)


@compiled
def _acquire(
    ids: IdArray,
    table: Table,
    centres: NDArray[np.int32],
    radius: int,
    round_number: int,
    label: NDArray[np.uint8],
    rounds: NDArray[np.uint8],
    counts: NDArray[np.int64],
) -> bool:
    """Copy clipped windows of ids as train ids, in place; whether the table knows all of them."""
    height, width = ids.shape
    for row, column in centres:
        for i in clipped(row, radius, height):
            for j in clipped(column, radius, width):
                train_id = table[min(ids[i, j], len(table) - 1)]
                if train_id == UNKNOWN:
                    return False
                label[i, j], rounds[i, j] = train_id, round_number
                counts[train_id] += 1
    return True
