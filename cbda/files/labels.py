"""Label files: what was acquired, in which round, by which queries."""

import math
import re
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, fields, replace
from pathlib import Path

import h5py
import numpy as np
from numpy.typing import NDArray

from cbda.compute.parallel import ordered_map
from cbda.datasets.ids import VOID
from cbda.errors import UserError
from cbda.files.hdf5 import Layout, create_hdf5, named_errors, write_attributes
from cbda.files.maps import (
    MapFile,
    create_maps,
    filters_of,
    pack,
    read_texts,
    write_chunk,
    write_texts,
)
from cbda.files.scores import SHA256, ScoreFile

Map = NDArray[np.uint8]  # (H,W)
Queries = NDArray[np.int32]  # (M,4): round, image, row, column

METHOD_PARTS = ("score", "unit", "allocation", "balance")
METHOD = re.compile(  # a score may be a path
    r"(?P<score>.+)/(?P<unit>[^/]+)/(?P<allocation>[^/]+)/(?P<balance>(?!explore)[^/]+)"
    r"(/explore(?P<random_fraction>[\d.e-]+))?"
)
QUERIES_PER_CHUNK = 1 << 16
PACKING = {"compression": "gzip", "compression_opts": 1}
QUERY_LAYOUT = {"maxshape": (None, 4), "shuffle": True, "fletcher32": True, **PACKING}

LABELS = Layout(
    "cbda.labels",
    {"label": ("u1", "NHW"), "round": ("u1", "NHW"), "query": ("i4", "M4"), "image_id": ("S", "N")},
    {
        "method": ("S", ""),
        "budget": ("f", ""),
        **dict.fromkeys(("rounds", "radius", "seed"), ("i", "")),
        "class_counts": ("i", "RC"),
        "void_counts": ("i", "R"),
        "class_weights": ("f", "C"),
        "num_pool_px": ("i", ""),
    },
    dict.fromkeys((*METHOD_PARTS, "choice"), ("S", ""))
    | {"random_fraction": ("f", ""), "predicted_px": ("i", "C"), "part_counts": ("i", "R3")},
    {SHA256: ("S", "N")},
)


def method_words(parts: Sequence[str], random_fraction: float, choice: str) -> str:
    """A method as score/unit/allocation/balance, and what is random or not plain, if any is."""
    explored = f"/explore{random_fraction}" if random_fraction > 0 else ""
    drawn = f"/{choice}" if choice else ""
    return "/".join(parts) + explored + drawn


@dataclass(frozen=True)
class LabelSummary:
    """The attributes of a label file: how it was acquired, by a method and a run, and what."""

    score: str
    unit: str
    allocation: str
    balance: str
    random_fraction: float  # of the queries, chosen at random
    budget: float  # fraction of the pool's pixels that the whole run may acquire
    rounds: int  # R
    radius: int  # k, in px
    seed: int
    class_counts: NDArray[np.int64]  # (r,C) acquired pixels by round and class
    void_counts: NDArray[np.int64]  # (r,) acquired pixels whose ground truth is void
    class_weights: NDArray[np.float64]  # (C,) used in the last round
    num_pool_px: int
    choice: str = ""  # what is not plain of how queries are drawn, as options
    predicted_px: NDArray[np.int64] | None = None  # (C,) pool by predicted class, in the last round
    # (R,3) of queries that are parts of images: mixed ones, classes of all, pixels of mixed ones
    part_counts: NDArray[np.int64] | None = None

    @property
    def method(self) -> str:
        """The method in words."""
        parts = [getattr(self, name) for name in METHOD_PARTS]
        return method_words(parts, self.random_fraction, self.choice)


class LabelFile(MapFile):
    """An open label file, which any thread may read from; its `path` is None before round 1.

    Attributes:
        image_sha256: of the files of the pool's images; empty if nobody knew them.
    """

    layout = LABELS
    image_sha256: tuple[str, ...] = ()

    def __init__(self, path: Path) -> None:
        super().__init__(path)
        known = {
            "choice": "",
            "predicted_px": None,
            "part_counts": None,
            **self._attributes,
        }  # may be missing
        if "score" not in known:  # version 0.1.0 has the method in words only
            found = METHOD.fullmatch(known["method"])
            if found is None:
                wanted = "/".join(METHOD_PARTS)
                raise UserError(f"{path}: method is {known['method']!r}, must be {wanted}")
            fraction = float(found["random_fraction"] or 0)
            known = {**known, **found.groupdict(), "random_fraction": fraction}
        summary = LabelSummary(**{item.name: known[item.name] for item in fields(LabelSummary)})
        with named_errors(path):
            self.image_sha256 = read_texts(self._file, SHA256)
        self._describe(path, summary, len(self._file["query"]))

    def _describe(self, path: Path | None, summary: LabelSummary, num_queries: int) -> None:
        self.path, self.summary, self.num_queries = path, summary, num_queries
        self.rounds_done, self.num_classes = summary.class_counts.shape

    @classmethod
    def open_previous(cls, path: Path | None, scores: ScoreFile) -> "LabelFile":
        """Open the labels of the round before, or none of the pool before the first round.

        What the pool is predicted as is taken from the scores of the round, and which images it
        has, unless labels know it.
        """
        labels = _NoLabels(scores) if path is None else cls(path)
        labels.image_sha256 = labels.image_sha256 or scores.image_sha256
        labels.summary = replace(labels.summary, predicted_px=scores.predicted_px)
        return labels

    @staticmethod
    @contextmanager
    def create(
        path: Path, image_ids: Sequence[str], *size: int, image_sha256: Sequence[str] = ()
    ) -> Iterator["LabelWriter"]:
        """Create a label file of maps of this height and width, complete or not at all."""
        with create_hdf5(path, LABELS) as file:
            create_maps(file, {"label": "u1", "round": "u1"}, image_ids, *size, **PACKING)
            if image_sha256:
                write_texts(file, SHA256, image_sha256)
            yield LabelWriter(file)

    def read(self, index: int) -> tuple[Map, Map]:
        """Labels (255 = none) and rounds (0 = none) of one image, (H,W) uint8 each, new arrays."""
        return self.read_label(index), self.read_round(index)

    def read_label(self, index: int) -> Map:
        """Labels acquired in one image, (H,W) uint8, 255 = none; a `UserError` beyond classes."""
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
        """Queries of all rounds in pick order, in blocks; a `UserError` if one is outside."""
        limits = (self.rounds_done + 1, *self.shape)
        for first in range(0, self.num_queries, QUERIES_PER_CHUNK):
            with named_errors(self._path):
                block = self._file["query"][first : first + QUERIES_PER_CHUNK]
            outside = ((block < (1, 0, 0, 0)) | (block >= limits)).any(axis=1)
            if outside.any():
                query = f"query {block[outside][0].tolist()} (round, image, row, column)"
                raise UserError(f"{self._path}: {query} is outside")
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

    def __init__(self, file: h5py.File) -> None:
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
        """Store the queries (M,4) of all rounds, in blocks of round, image, row and column."""
        num_rows = max(min(num_queries, QUERIES_PER_CHUNK), 1)
        shape, layout = (num_queries, 4), {"chunks": (num_rows, 4), **QUERY_LAYOUT}
        dataset = self._file.create_dataset("query", shape, "i4", **layout)
        filters, chunks = filters_of(dataset), _in_chunks(blocks, num_rows)
        packed = ordered_map(lambda chunk: pack(chunk, filters), chunks, num_threads)
        for index, content in enumerate(packed):
            write_chunk(dataset, index * num_rows, content)

    def finish(self, summary: LabelSummary) -> None:
        """Write the attributes."""
        known = {**asdict(summary), "method": summary.method}
        if not summary.choice:
            del known["choice"]
        for name in ("predicted_px", "part_counts"):
            if known[name] is None:
                del known[name]
        write_attributes(self._file, known)


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
