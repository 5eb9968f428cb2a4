"""The only module that knows the layouts of HDF5, checkpoint and JSON files.

Every file appears complete or not at all: it is written to a temporary name in the same
folder, synced, and renamed.
"""

import json
import os
from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from cbda.errors import UserError

if TYPE_CHECKING:
    import h5py

VOID = 255
SCORES_FORMAT = "cbda.scores"
LABELS_FORMAT = "cbda.labels"
STATISTICS_FORMAT = "cbda.statistics"
QUERIES_PER_CHUNK = 1 << 16


@contextmanager
def complete_file(path: Path) -> Iterator[Path]:
    """Give a temporary name to write to; rename it to `path` if the block succeeds."""
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    try:
        yield temporary
        with temporary.open("rb+") as stream:
            os.fsync(stream.fileno())
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)


def write_json(path: Path, content: Any) -> None:
    """Write JSON with sorted keys, so that equal content gives equal bytes."""
    write_text(path, json.dumps(content, indent=2, sort_keys=True) + "\n")


def write_text(path: Path, text: str) -> None:
    """Write a text file, complete or not at all."""
    with complete_file(path) as temporary:
        temporary.write_text(text, encoding="utf-8")


def read_json(path: Path) -> Any:
    """Read a JSON file; `UserError` names the file if it is missing or broken."""
    try:
        return json.loads(Path(path).read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise UserError(f"{path}: not a readable JSON file ({error})") from error


def save_statistics(
    path: Path, image_ids: list[str], classes: list[str], class_counts: list[list[int]]
) -> None:
    """Write the pixels of every class (columns) in every image (rows)."""
    content = {"image_ids": image_ids, "classes": classes, "class_counts": class_counts}
    write_text(path, json.dumps({"format": STATISTICS_FORMAT, "version": 1, **content}) + "\n")


def load_statistics(path: Path) -> tuple[list[str], list[str], NDArray[np.int64]]:
    """Read image ids (N), classes (C), and (N,C) int64 pixels."""
    content = read_json(path)
    if not isinstance(content, dict) or content.get("format") != STATISTICS_FORMAT:
        raise UserError(f"{path}: expected {STATISTICS_FORMAT!r}")
    counts = np.array(content["class_counts"], np.int64)
    return content["image_ids"], content["classes"], counts


def save_checkpoint(path: Path, content: dict[str, Any]) -> None:
    """Write a checkpoint of tensors and plain values."""
    import torch

    with complete_file(path) as temporary:
        torch.save({"format": "cbda.model", "version": 1, **content}, temporary)


def load_checkpoint(path: Path) -> dict[str, Any]:
    """Read a checkpoint onto the CPU without running any code from it."""
    import torch

    try:
        content: Any = torch.load(path, map_location="cpu", weights_only=True)
    except Exception as error:  # torch raises many kinds, all of them mean a broken file
        reason = str(error).splitlines()[0] if str(error) else type(error).__name__
        raise UserError(f"{path}: not a readable checkpoint ({reason})") from error
    if not isinstance(content, dict) or content.get("format") != "cbda.model":
        raise UserError(f"{path}: not a checkpoint of cbda")
    if content.get("version") != 1:
        raise UserError(f"{path}: checkpoint version {content.get('version')}, this cbda reads 1")
    return content


@contextmanager
def create_hdf5(path: Path, format_name: str, attributes: dict[str, Any]) -> Iterator["h5py.File"]:
    """Create an HDF5 file of version 1 of a format, complete or not at all."""
    import h5py

    with complete_file(path) as temporary, h5py.File(temporary, "w") as file:
        file.attrs.update({"format": format_name, "version": 1, **attributes})
        yield file


@contextmanager
def open_hdf5(path: Path, format_name: str) -> Iterator["h5py.File"]:
    """Open an HDF5 file and check that it is version 1 of the format."""
    import h5py

    with _named_errors(path), h5py.File(path, "r") as file:
        if file.attrs.get("format") != format_name or file.attrs.get("version") != 1:
            found = f"{file.attrs.get('format')!r} version {file.attrs.get('version')}"
            raise UserError(f"{path}: expected {format_name!r} version 1, found {found}")
        _require_parts(path, file, format_name)
        yield file


@contextmanager
def _named_errors(path: Path) -> Iterator[None]:
    """Name the file if it can't be read, now or at one of its parts."""
    try:
        yield
    except OSError as error:
        raise UserError(f"{path}: not a readable HDF5 file ({error})") from error


def _require_parts(path: Path, file: "h5py.File", format_name: str) -> None:
    missing = [name for name in DATASETS[format_name] if name not in file]
    missing += [name for name in ATTRIBUTES[format_name] if name not in file.attrs]
    if missing:
        raise UserError(f"{path}: lacks {', '.join(missing)}")


def create_maps(
    file: "h5py.File",
    dtypes: dict[str, str],
    image_ids: Sequence[str],
    height: int,
    width: int,
    **filters: Any,
) -> None:
    """Create one (N,H,W) dataset per name, one image a chunk, and the image ids."""
    import h5py

    for name, dtype in dtypes.items():
        shape, chunk = (len(image_ids), height, width), (1, height, width)
        file.create_dataset(name, shape, dtype, chunks=chunk, fletcher32=True, **filters)
    file.create_dataset("image_id", data=list(image_ids), dtype=h5py.string_dtype())


def read_image_ids(file: "h5py.File") -> list[str]:
    """Image ids of a score or label file, in pool order."""
    return [str(name) for name in file["image_id"].asstr()[:]]


@contextmanager
def create_scores(
    path: Path, image_ids: Sequence[str], height: int, width: int, attributes: dict[str, Any]
) -> Iterator["h5py.File"]:
    """Create a score file with empty `score` and `prediction` maps of (N,H,W)."""
    with create_hdf5(path, SCORES_FORMAT, attributes) as file:
        create_maps(file, {"score": "f4", "prediction": "u1"}, image_ids, height, width)
        yield file


def open_scores(path: Path) -> AbstractContextManager["h5py.File"]:
    """Open a score file."""
    return open_hdf5(path, SCORES_FORMAT)


@contextmanager
def create_labels(
    path: Path, image_ids: Sequence[str], height: int, width: int
) -> Iterator["h5py.File"]:
    """Create a label file with empty `label` and `round` maps of (N,H,W)."""
    with create_hdf5(path, LABELS_FORMAT, {}) as file:
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
        method: score/unit/allocation/balance.
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


DATASETS = {
    SCORES_FORMAT: ("score", "prediction", "image_id"),
    LABELS_FORMAT: ("label", "round", "query", "image_id"),
}
ATTRIBUTES = {
    SCORES_FORMAT: ("num_classes", "radius", "score"),
    LABELS_FORMAT: tuple(item.name for item in fields(LabelSummary)),
}


def open_labels(path: Path) -> AbstractContextManager["h5py.File"]:
    """Open a label file."""
    return open_hdf5(path, LABELS_FORMAT)


def read_label_summary(path: Path) -> LabelSummary:
    """The attributes of a label file."""
    with open_labels(path) as file:
        values = {item.name: file.attrs[item.name] for item in fields(LabelSummary)}
    return LabelSummary(**{name: _plain(value) for name, value in values.items()})


def _plain(value: Any) -> Any:
    """A number of Python for one of NumPy; arrays and texts as they are."""
    return value.item() if isinstance(value, np.generic) else value


class AcquiredLabels:
    """Random access to the label maps of a label file, in any process.

    The file is opened by the process that reads from it first, so that an instance can be
    handed to the workers of a loader.
    """

    def __init__(self, path: Path) -> None:
        with open_labels(path) as file:
            self.image_ids = read_image_ids(file)
        self.path = path
        self._file: h5py.File | None = None
        self._owner = 0

    def read_label(self, index: int) -> NDArray[np.uint8]:
        """Labels acquired in one image, (H,W) uint8, 255 = none."""
        import h5py

        if self._file is None or self._owner != os.getpid():
            self._file, self._owner = h5py.File(self.path, "r"), os.getpid()
        with _named_errors(self.path):
            label: NDArray[np.uint8] = self._file["label"][index]
        return label
