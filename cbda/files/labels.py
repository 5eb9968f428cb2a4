"""Label files: what was acquired, in which round, by which queries."""

import math
import re
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from cbda.compute.parallel import ordered_map
from cbda.datasets.ids import VOID
from cbda.errors import UserError
from cbda.files.chunks import filters_of, pack, write_chunk
from cbda.files.hdf5 import Layout, create_hdf5, named_errors, write_attributes
from cbda.files.maps import MapFile, create_maps
from cbda.files.scores import ScoreFile

if TYPE_CHECKING:
    import h5py

Map = NDArray[np.uint8]  # (H,W)
Queries = NDArray[np.int32]  # (M,4): round, image, row, column

METHOD_PARTS = "score/unit/allocation/balance"
METHOD = re.compile(  # a score may be a path
    r"(?P<score>.+)/(?P<unit>[^/]+)/(?P<allocation>[^/]+)/(?P<balance>(?!explore)[^/]+)"
    r"(/explore(?P<random_fraction>[\d.e-]+))?"
)
QUERIES_PER_CHUNK = 1 << 16
PACKING = {"compression": "gzip", "compression_opts": 1}

LABELS = Layout(
    "cbda.labels",
    {
        "label": ("u1", "NHW"),
        "round": ("u1", "NHW"),
        "query": ("i4", "M4"),
        "image_id": ("S", "N"),
    },
    {
        "method": ("S", ""),
        "budget": ("f", ""),
        "rounds": ("i", ""),
        "radius": ("i", ""),
        "seed": ("i", ""),
        "class_counts": ("i", "RC"),
        "void_counts": ("i", "R"),
        "class_weights": ("f", "C"),
        "num_pool_px": ("i", ""),
    },
    {
        "score": ("S", ""),
        "unit": ("S", ""),
        "allocation": ("S", ""),
        "balance": ("S", ""),
        "random_fraction": ("f", ""),
    },
)


@dataclass(frozen=True)
class LabelSummary:
    """The attributes of a label file: how it was acquired, and what.

    Attributes:
        score: name of the score.
        unit: `region` or `pixel`.
        allocation: `per_image` or `dynamic`.
        balance: rule of the class weights.
        random_fraction: fraction of the queries that are chosen at random.
        budget: fraction of the pool's pixels that the whole run may acquire.
        rounds: R.
        radius: k, in px.
        seed: of the run.
        class_counts: (r,C) int64, acquired pixels by round and class.
        void_counts: (r,) int64, acquired pixels whose ground truth is void, by round.
        class_weights: (C,) float64, weights used in the last round.
        num_pool_px: pixels of the whole pool.
    """

    score: str
    unit: str
    allocation: str
    balance: str
    random_fraction: float
    budget: float
    rounds: int
    radius: int
    seed: int
    class_counts: NDArray[np.int64]
    void_counts: NDArray[np.int64]
    class_weights: NDArray[np.float64]
    num_pool_px: int

    @property
    def method(self) -> str:
        """The method in words: score/unit/allocation/balance, and what is random if any is."""
        parts = [self.score, self.unit, self.allocation, self.balance]
        explored = [f"explore{self.random_fraction}"] if self.random_fraction > 0 else []
        return "/".join([*parts, *explored])


class LabelFile(MapFile):
    """An open label file, which any thread may read from.

    Attributes:
        path: the file; None before the first round.
        summary: its attributes.
        num_classes: C.
        rounds_done: r, rounds that it holds.
        num_queries: M, queries of all rounds.
    """

    layout = LABELS

    def __init__(self, path: Path) -> None:
        super().__init__(path)
        known = self._attributes if "score" in self._attributes else self._parsed_attributes()
        summary = LabelSummary(**{item.name: known[item.name] for item in fields(LabelSummary)})
        self._describe(path, summary, len(self._file["query"]))

    def _parsed_attributes(self) -> dict[str, Any]:
        """The attributes of a file of version 0.1.0, which has the method in words only."""
        method = self._attributes["method"]
        found = METHOD.fullmatch(method)
        if found is None:
            raise UserError(f"{self._path}: method is {method!r}, must be {METHOD_PARTS}")
        fraction = float(found["random_fraction"] or 0)
        return {**self._attributes, **found.groupdict(), "random_fraction": fraction}

    def _describe(self, path: Path | None, summary: LabelSummary, num_queries: int) -> None:
        self.path, self.summary, self.num_queries = path, summary, num_queries
        self.rounds_done, self.num_classes = summary.class_counts.shape

    @classmethod
    def open_previous(cls, path: Path | None, scores: ScoreFile) -> "LabelFile":
        """Open the labels of the round before; none before the first round."""
        return cls.none(scores) if path is None else cls(path)

    @staticmethod
    def none(scores: ScoreFile) -> "LabelFile":
        """No labels of the pool of a score file: what there is before the first round."""
        return _NoLabels(scores)

    @staticmethod
    @contextmanager
    def create(
        path: Path, image_ids: Sequence[str], height: int, width: int
    ) -> Iterator["LabelWriter"]:
        """Create a label file, complete or not at all."""
        with create_hdf5(path, LABELS) as file:
            create_maps(file, {"label": "u1", "round": "u1"}, image_ids, height, width, **PACKING)
            yield LabelWriter(file)

    def read(self, index: int) -> tuple[Map, Map]:
        """Labels (255 = none) and rounds (0 = none) of one image, (H,W) uint8 each, new arrays."""
        return self.read_label(index), self.read_round(index)

    def read_label(self, index: int) -> Map:
        """Labels acquired in one image, (H,W) uint8, 255 = none.

        Raises:
            UserError: a label is none of the classes.
        """
        label: Map = self._read("label", index)
        if ((label >= self.num_classes) & (label != VOID)).any():
            raise UserError(
                f"{self._where(index)} has labels beyond the {self.num_classes} classes"
            )
        return label

    def read_round(self, index: int) -> Map:
        """Round in which each pixel of one image was acquired, (H,W) uint8, 0 = not."""
        return self._read("round", index)

    def queries(self) -> Iterator[Queries]:
        """Queries of all rounds in pick order, in blocks of (M,4): round, image, row, column.

        Raises:
            UserError: a query is outside of the rounds or the pool.
        """
        limits = (self.rounds_done + 1, *self.shape)
        for first in range(0, self.num_queries, QUERIES_PER_CHUNK):
            with named_errors(self._path):
                block = self._file["query"][first : first + QUERIES_PER_CHUNK]
            outside = ((block < (1, 0, 0, 0)) | (block >= limits)).any(axis=1)
            if outside.any():
                raise UserError(
                    f"{self._path}: query {block[outside][0].tolist()} (round, image, row, column)"
                    " is outside"
                )
            yield block


class _NoLabels(LabelFile):
    """A label file of no round, which is not on disk."""

    def __init__(self, scores: ScoreFile) -> None:
        self.image_ids, self.shape = scores.image_ids, scores.shape
        no_counts = np.zeros((0, scores.num_classes), np.int64)
        choice = (scores.score, "", "", "", 0.0, 0.0, 0, scores.radius, 0)
        weights, num_px = np.ones(scores.num_classes), math.prod(scores.shape)
        summary = LabelSummary(*choice, no_counts, no_counts[:, 0], weights, num_px)
        self._describe(None, summary, num_queries=0)

    def __exit__(self, *_: object) -> None:
        pass

    def read_label(self, index: int) -> Map:
        return np.full(self.shape[1:], VOID, np.uint8)

    def read_round(self, index: int) -> Map:
        return np.zeros(self.shape[1:], np.uint8)


class LabelWriter:
    """Writes the parts of a label file; made by `LabelFile.create`."""

    def __init__(self, file: "h5py.File") -> None:
        self._file = file
        self._filters = filters_of(file["label"])

    def pack(self, label: Map, rounds: Map) -> tuple[bytes, bytes]:
        """Maps of one image as they are stored; any thread may do this."""
        return pack(label, self._filters), pack(rounds, self._filters)

    def write(self, index: int, packed: tuple[bytes, bytes]) -> None:
        """Store the packed maps of one image."""
        for name, content in zip(("label", "round"), packed, strict=True):
            write_chunk(self._file[name], index, content)

    def write_queries(
        self, num_queries: int, blocks: Iterable[NDArray[np.integer]], num_threads: int = 1
    ) -> None:
        """Store the queries of all rounds, chunk by chunk.

        Args:
            num_queries: M.
            blocks: of (m,4) each, M together: round, image, row, column.
            num_threads: chunks that are packed at a time.
        """
        dataset = self._file.create_dataset(
            "query",
            (num_queries, 4),
            "i4",
            maxshape=(None, 4),  # allows for none
            chunks=(max(min(num_queries, QUERIES_PER_CHUNK), 1), 4),
            shuffle=True,
            fletcher32=True,
            **PACKING,
        )
        filters, num_rows = filters_of(dataset), dataset.chunks[0]
        chunks = _in_chunks(blocks, num_rows)
        packed = ordered_map(lambda chunk: pack(chunk, filters), chunks, num_threads)
        for index, content in enumerate(packed):
            write_chunk(dataset, index * num_rows, content)

    def finish(self, summary: LabelSummary) -> None:
        """Write the attributes."""
        write_attributes(self._file, {**asdict(summary), "method": summary.method})


def _in_chunks(blocks: Iterable[NDArray[np.integer]], num_rows: int) -> Iterator[Queries]:
    """The rows of the blocks in chunks of one length; the last one is filled up with zeros."""
    held = np.zeros((0, 4), np.int32)
    for block in blocks:
        held = np.concatenate([held, block.astype(np.int32)])
        while len(held) >= num_rows:
            yield held[:num_rows]
            held = held[num_rows:]
    if len(held):
        yield np.concatenate([held, np.zeros((num_rows - len(held), 4), np.int32)])


def read_label_summary(path: Path) -> LabelSummary:
    """The attributes of a label file."""
    with LabelFile.open(path) as labels:
        return labels.summary
