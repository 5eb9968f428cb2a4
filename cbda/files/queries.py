"""Query files: what a round asks people for, chosen once.

Answers belong to a set of queries by its digest, so a file of queries is never written again.
"""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from cbda.errors import UserError
from cbda.files.hdf5 import (
    Layout,
    create_hdf5,
    named_errors,
    open_hdf5,
    write_attributes,
)
from cbda.files.records import file_sha256

Place = tuple[str, int, int, int]  # image id, row, column and radius of a window, in px

QUERIES = Layout(
    "cbda.queries",
    {"query": ("i4", "M3"), "proposal": ("u1", "MP"), "image_id": ("S", "N")},
    {
        **dict.fromkeys(("round", "radius", "height", "width"), ("i", "")),
        "classes": ("S", ""),
        "class_weights": ("f", "C"),
        "digest": ("S", ""),
    },
    {"method": ("S", "")},
    extra={"image_sha256": ("S", "N")},
)
FACTS = ("round", "radius", "height", "width")


@dataclass(frozen=True)
class Window:
    """Rows and columns of an image that a query asks for, clipped at its border, in px."""

    top: int
    left: int
    height: int
    width: int

    @property
    def area(self) -> tuple[slice, slice]:
        """The window as an index into a map (H,W)."""
        rows = slice(self.top, self.top + self.height)
        return rows, slice(self.left, self.left + self.width)

    @property
    def num_px(self) -> int:
        """Pixels of the window."""
        return self.height * self.width


def clip_window(row: int, column: int, radius: int, size: tuple[int, int]) -> Window:
    """The window of `radius` px around a centre, in an image of a size (height, width)."""
    top, left = max(row - radius, 0), max(column - radius, 0)
    bottom, right = (
        min(at + radius + 1, side) for at, side in zip((row, column), size, strict=True)
    )
    return Window(top, left, bottom - top, right - left)


@dataclass(frozen=True)
class QuerySet:
    """The queries of one round of one run.

    Attributes:
        queries: (M,3) int32 image, row and column of every centre, in the order picked.
        proposals: (M,P) uint8 what the model predicts in a window, row by row, then 255.
        class_weights: (C,) float64, by which the queries were chosen.
        image_sha256: of the files of images that have queries, "" for others; older files lack it.
        method: that chose them, in words, "" in older files.
    """

    round: int
    radius: int  # of a window, in px; 0 for single pixels
    classes: tuple[str, ...]
    image_ids: tuple[str, ...]
    height: int
    width: int
    queries: NDArray[np.int32]
    proposals: NDArray[np.uint8]
    class_weights: NDArray[np.float64]
    image_sha256: tuple[str, ...] = ()
    method: str = ""

    def __len__(self) -> int:
        return len(self.queries)

    @cached_property
    def digest(self) -> str:
        """SHA-256, in 64 hexadecimal digits, of what is asked: not of how it was chosen."""
        facts = [self.round, self.radius, self.height, self.width, self.classes, self.image_ids]
        digest = hashlib.sha256(json.dumps(facts).encode())
        digest.update(self.queries.astype("<i4").tobytes())
        return digest.hexdigest()

    @cached_property
    def known_images(self) -> dict[str, str]:
        """SHA-256 of the files of images that have queries, by id; none in older files."""
        pairs = zip(self.image_ids, self.image_sha256, strict=False)
        return {image_id: digest for image_id, digest in pairs if digest}

    def by_image(self) -> dict[str, list[int]]:
        """Image id to its queries, for images that have any, sorted by id."""
        found: dict[str, list[int]] = {}
        for index, image in enumerate(self.queries[:, 0].tolist()):
            found.setdefault(self.image_ids[image], []).append(index)
        return dict(sorted(found.items()))

    def place(self, index: int) -> Place:
        """Image id, row, column and radius of a query."""
        image, row, column = map(int, self.queries[index])
        return self.image_ids[image], row, column, self.radius

    def window(self, index: int) -> Window:
        """The window of a query."""
        _, row, column = map(int, self.queries[index])
        return clip_window(row, column, self.radius, (self.height, self.width))

    def proposal(self, index: int) -> list[int]:
        """What the model predicts in the window of a query, row by row."""
        proposed: list[int] = self.proposals[index, : self.window(index).num_px].tolist()
        return proposed


def save_queries(path: Path, queries: QuerySet) -> None:
    """Write a query file, complete or not at all; a `UserError` if there is one."""
    if path.exists():
        raise UserError(f"{path}: queries were chosen already, and answers may belong to them")
    with create_hdf5(path, QUERIES) as file:
        ids = np.array([image_id.encode() for image_id in queries.image_ids])
        parts: dict[str, NDArray[Any]] = {
            "query": queries.queries,
            "proposal": queries.proposals,
            "image_id": ids,
        }
        if queries.image_sha256:
            parts["image_sha256"] = np.array(queries.image_sha256, "S64")
        for name, values in parts.items():
            chunks = (min(len(values), 1 << 12), *values.shape[1:])
            checked = {"chunks": chunks, "fletcher32": True} if len(values) else {}
            file.create_dataset(name, data=values, **checked)
        facts: dict[str, Any] = {name: getattr(queries, name) for name in FACTS}
        facts |= {"classes": json.dumps(queries.classes), "class_weights": queries.class_weights}
        facts |= {"method": queries.method} if queries.method else {}
        write_attributes(file, {**facts, "digest": queries.digest})


def with_images(queries: QuerySet, paths: Mapping[str, Path]) -> QuerySet:
    """Queries that know what the images that they ask about are; paths are by image id."""
    asked = queries.by_image()
    found = (file_sha256(paths[name]) if name in asked else "" for name in queries.image_ids)
    return replace(queries, image_sha256=tuple(found))


def require_asked_images(path: Path, queries: QuerySet, paths: Mapping[str, Path]) -> None:
    """Raise a `UserError` that names the first image that a query file does not ask about.

    Files of before don't know what their images were.
    """
    if not queries.image_sha256:
        return
    now = with_images(queries, paths).image_sha256
    for name, found, asked in zip(queries.image_ids, now, queries.image_sha256, strict=True):
        if found != asked:
            advice = "restore it, or give the images that were asked about"
            raise UserError(f"{path}: asks about another image than {paths[name]} is now: {advice}")


def _read_texts(file: Any, name: str) -> tuple[str, ...]:
    """The texts of a dataset that not every file has."""
    return tuple(text.decode() for text in file[name][:].tolist()) if name in file else ()


def load_queries(path: Path) -> QuerySet:
    """Read a query file; a `UserError` if it is damaged or a query lies outside of its image."""
    file, known = open_hdf5(path, QUERIES)
    with file, named_errors(path):
        ids = tuple(image_id.decode() for image_id in file["image_id"][:].tolist())
        queries = QuerySet(
            classes=tuple(json.loads(known["classes"])),
            image_ids=ids,
            queries=file["query"][:],
            proposals=file["proposal"][:],
            class_weights=known["class_weights"],
            image_sha256=_read_texts(file, "image_sha256"),
            method=known.get("method", ""),
            **{name: int(known[name]) for name in FACTS},
        )
    if queries.digest != known["digest"]:
        raise UserError(f"{path}: damaged: its queries do not match their digest")
    limits = (len(ids), queries.height, queries.width)
    if ((queries.queries < 0) | (queries.queries >= limits)).any():
        raise UserError(f"{path}: a query lies outside of its image")
    return queries
