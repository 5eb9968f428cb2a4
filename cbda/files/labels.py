"""Label files: what was acquired, in which round, by which queries."""

from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from cbda.errors import UserError
from cbda.files.hdf5 import Layout, create_hdf5, open_hdf5

if TYPE_CHECKING:
    import h5py


from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import h5py


from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import h5py


from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import h5py


from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import h5py


from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import h5py


from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import h5py


from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import h5py


from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import h5py

from cbda.files.scores import create_maps

QUERIES_PER_CHUNK = 1 << 16


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
)


@contextmanager
def create_labels(
    path: Path, image_ids: Sequence[str], height: int, width: int
) -> Iterator["h5py.File"]:
    """Create a label file with empty `label` and `round` maps of (N,H,W)."""
    with create_hdf5(path, LABELS, {}) as file:
        packing = {"compression": "gzip", "compression_opts": 1}
        create_maps(file, {"label": "u1", "round": "u1"}, image_ids, height, width, **packing)
        yield file


def create_queries(file: "h5py.File", num_queries: int) -> "h5py.Dataset":
    """Create the empty `query` (M,4) int32 of a label file: round, image, row, column."""
    return file.create_dataset(
        "query",
        (num_queries, 4),
        "i4",
        chunks=(min(num_queries, QUERIES_PER_CHUNK), 4),
        compression="gzip",
        compression_opts=1,
        shuffle=True,
        fletcher32=True,
    )


@dataclass(frozen=True)
class LabelSummary:
    """The attributes of a label file: how it was acquired, and what.

    Attributes:
        method: score/unit/allocation/balance, see `cbda.acquisition.methods.describe`.
        budget: fraction of the pool's pixels that the whole run may acquire.
        rounds: R.
        radius: k, in px.
        seed: of the run.
        class_counts: (r,C) int64, acquired pixels by round and class.
        void_counts: (r,) int64, acquired pixels whose ground truth is void, by round.
        class_weights: (C,) float64, weights used in the last round.
        num_pool_px: pixels of the whole pool.
    """

    method: str
    budget: float
    rounds: int
    radius: int
    seed: int
    class_counts: NDArray[np.int64]
    void_counts: NDArray[np.int64]
    class_weights: NDArray[np.float64]
    num_pool_px: int

    def attributes(self) -> dict[str, Any]:
        """The attributes to write."""
        return asdict(self)


def open_labels(path: Path) -> AbstractContextManager["h5py.File"]:
    """Open a label file."""
    return open_hdf5(path, LABELS)


def read_label_summary(path: Path) -> LabelSummary:
    """The attributes of a label file."""
    with open_labels(path) as file:
        values = {item.name: file.attrs[item.name] for item in fields(LabelSummary)}
    return LabelSummary(**{name: _plain(value) for name, value in values.items()})


def _plain(value: Any) -> Any:
    """A number of Python for one of NumPy; arrays and texts as they are."""
    return value.item() if isinstance(value, np.generic) else value


def require_queries(file: "h5py.File") -> None:
    """Raise a `UserError` unless all queries of a label file lie in its pool."""
    limits = (len(file.attrs["class_counts"]) + 1, *file["label"].shape)
    for first in range(0, len(file["query"]), QUERIES_PER_CHUNK):
        queries = file["query"][first : first + QUERIES_PER_CHUNK]
        outside = ((queries < (1, 0, 0, 0)) | (queries >= limits)).any(axis=1)
        if outside.any():
            words = queries[outside][0].tolist()
            raise UserError(
                f"{file.filename}: query {words} (round, image, row, column) is outside"
            )
