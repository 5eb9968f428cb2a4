"""The only module that knows what HDF5, checkpoint and JSON files hold.

Every file appears complete or not at all, and damage to it is an error when it is read.
"""

import hashlib
import json
import os
import zipfile
from collections.abc import Iterable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import asdict, dataclass, fields
from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from cbda.atomic import complete_file, explained_write
from cbda.errors import UserError
from cbda.hdf5 import Layout, create_hdf5, named_errors, open_hdf5, write_texts

if TYPE_CHECKING:
    import h5py

VOID = 255
STATISTICS_FORMAT = "cbda.statistics"
DIAGNOSIS_FORMAT = "cbda.diagnosis"
QUERIES_PER_CHUNK = 1 << 16
MODEL_FORMAT = "cbda.model"
DIGEST = "sha256"
SCORES = Layout(
    "cbda.scores",
    {"score": ("f4", "NHW"), "prediction": ("u1", "NHW"), "image_id": ("S", "N")},
    {"num_classes": ("i", ""), "radius": ("i", ""), "score": ("S", "")},
)
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
    content = {
        "format": STATISTICS_FORMAT,
        "version": 1,
        "image_ids": image_ids,
        "classes": classes,
        "class_counts": class_counts,
    }
    write_text(path, json.dumps({**content, DIGEST: _digest(content)}) + "\n")


def load_statistics(path: Path) -> tuple[list[str], list[str], NDArray[np.int64]]:
    """Read image ids (N), classes (C), and (N,C) int64 pixels."""
    content = _read_json_of(path, STATISTICS_FORMAT, ("image_ids", "classes", "class_counts"))
    counts = np.array(content["class_counts"], np.int64)
    return content["image_ids"], content["classes"], counts


def make_empty(manifest: Path, folders: Iterable[Path]) -> None:
    """Remove the numbered pictures that an earlier run left, and first of all its manifest."""
    with explained_write(manifest):
        manifest.unlink(missing_ok=True)
        for folder in folders:
            folder.mkdir(parents=True, exist_ok=True)
            for path in folder.glob("[0-9][0-9][0-9][0-9][0-9].png"):
                path.unlink()


def write_picture(path: Path, pixels: NDArray[np.uint8]) -> None:
    """Write a PNG of (H,W,3) colours or (H,W) labels, one of many: the manifest comes last."""
    from PIL import Image

    content = BytesIO()
    Image.fromarray(pixels).save(content, format="PNG")
    with explained_write(path, content.tell()):
        try:
            path.write_bytes(content.getvalue())
        except OSError:
            path.unlink(missing_ok=True)
            raise


def write_evaluation(path: Path, evaluation: dict[str, Any]) -> None:
    """Write evaluation.json with a digest of what it says."""
    write_json(path, {**evaluation, DIGEST: _digest(evaluation)})


def read_evaluation(path: Path) -> dict[str, Any]:
    """Read evaluation.json; `UserError` if it is not one, or says what its digest does not."""
    evaluation = read_json(path)
    keys = ("classes", "class_iou", "mIoU", "worst_class", "worst_class_iou")
    missing = [key for key in keys if not isinstance(evaluation, dict) or key not in evaluation]
    if missing:
        raise UserError(f"{path}: not an evaluation of cbda: lacks {', '.join(missing)}")
    return _without_digest(path, evaluation)


def write_diagnosis(path: Path, columns: dict[str, list[Any]]) -> None:
    """Write diagnosis.json: the columns of a table of one row per class."""
    content = {
        "format": DIAGNOSIS_FORMAT,
        "version": 1,
        "names": list(columns),
        "columns": list(columns.values()),
    }
    write_json(path, {**content, DIGEST: _digest(content)})


def read_diagnosis(path: Path) -> dict[str, list[Any]]:
    """Read the columns of diagnosis.json."""
    content = _read_json_of(path, DIAGNOSIS_FORMAT, ("names", "columns"))
    return dict(zip(content["names"], content["columns"], strict=True))


def _read_json_of(path: Path, kind: str, keys: Sequence[str]) -> dict[str, Any]:
    """A JSON file of a format of ours, which has all keys and agrees with its digest."""
    content = read_json(path)
    if not isinstance(content, dict) or content.get("format") != kind:
        raise UserError(f"{path}: expected {kind!r}")
    missing = [key for key in (*keys, DIGEST) if key not in content]
    if missing:
        raise UserError(f"{path}: damaged: lacks {', '.join(missing)}")
    return _without_digest(path, content)


def _without_digest(path: Path, content: dict[str, Any]) -> dict[str, Any]:
    """The content without its digest, which must agree if there is one."""
    kept = {key: value for key, value in content.items() if key != DIGEST}
    if content.get(DIGEST) not in (None, _digest(kept)):
        raise UserError(f"{path}: damaged: its content does not match its {DIGEST}")
    return kept


def _digest(content: Any) -> str:
    return hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()


def save_checkpoint(path: Path, content: dict[str, Any], kind: str = MODEL_FORMAT) -> None:
    """Write a checkpoint of tensors and plain values."""
    import torch

    with complete_file(path, _num_bytes(content)) as temporary, temporary.open("wb") as stream:
        try:
            torch.save({"format": kind, "version": 1, **content}, stream)
        except RuntimeError as error:  # torch has its own words for a stream that fails
            if isinstance(error.__context__, OSError):
                raise error.__context__ from error
            raise


def _num_bytes(content: Any) -> int:
    """Bytes of all tensors of nested dictionaries and lists."""
    if isinstance(content, dict | list | tuple):
        items = content.values() if isinstance(content, dict) else content
        return sum(map(_num_bytes, items))
    return int(getattr(content, "nbytes", 0))


def load_checkpoint(path: Path, kind: str = MODEL_FORMAT) -> dict[str, Any]:
    """Read a checkpoint onto the CPU, its checksums first, without running any code from it."""
    import torch

    try:
        _require_undamaged(path)
        content: Any = torch.load(path, map_location="cpu", weights_only=True)
    except Exception as error:  # torch raises many kinds, all of them mean a broken file
        reason = str(error).splitlines()[0] if str(error) else type(error).__name__
        raise UserError(f"{path}: not a readable checkpoint ({reason})") from error
    if not isinstance(content, dict) or content.get("format") != kind:
        raise UserError(f"{path}: not a checkpoint of cbda")
    if content.get("version") != 1:
        raise UserError(f"{path}: checkpoint version {content.get('version')}, this cbda reads 1")
    return content


def _require_undamaged(path: Path) -> None:
    """Compare every record of the archive with its CRC-32, which torch does not."""
    with zipfile.ZipFile(path) as archive:
        damaged = archive.testzip()
    if damaged is not None:
        raise zipfile.BadZipFile(f"{damaged} does not match its checksum")


def create_maps(
    file: "h5py.File",
    dtypes: dict[str, str],
    image_ids: Sequence[str],
    height: int,
    width: int,
    **filters: Any,
) -> None:
    """Create one (N,H,W) dataset per name, one image a chunk, and the image ids."""
    for name, dtype in dtypes.items():
        shape, chunk = (len(image_ids), height, width), (1, height, width)
        file.create_dataset(name, shape, dtype, chunks=chunk, fletcher32=True, **filters)
    write_texts(file, "image_id", image_ids)


def read_image_ids(file: "h5py.File") -> list[str]:
    """Image ids of a score or label file, in pool order."""
    try:
        return [str(name) for name in file["image_id"].asstr()[:]]
    except UnicodeDecodeError as error:
        raise UserError(f"{file.filename}: image_id is not UTF-8 ({error})") from error


@contextmanager
def create_scores(
    path: Path, image_ids: Sequence[str], height: int, width: int, attributes: dict[str, Any]
) -> Iterator["h5py.File"]:
    """Create a score file with empty `score` and `prediction` maps of (N,H,W)."""
    needed_bytes = len(image_ids) * height * width * (4 + 1)
    with create_hdf5(path, SCORES, attributes, needed_bytes) as file:
        create_maps(file, {"score": "f4", "prediction": "u1"}, image_ids, height, width)
        yield file


def open_scores(path: Path) -> AbstractContextManager["h5py.File"]:
    """Open a score file."""
    return open_hdf5(path, SCORES)


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
        method: score/unit/allocation/balance, see `cbda.methods.describe`.
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


def require_known(where: str, prediction: NDArray[np.uint8], num_classes: int) -> None:
    """Raise a `UserError` if a prediction is none of the classes."""
    if prediction.max() >= num_classes:
        raise UserError(f"{where}: predicts class {prediction.max()}, there are {num_classes}")


class AcquiredLabels:
    """Random access to the label maps of a label file, in any process.

    The file is opened by the process that reads from it first, so that an instance can be
    handed to the workers of a loader.
    """

    def __init__(self, path: Path) -> None:
        with open_labels(path) as file:
            self.image_ids = read_image_ids(file)
            self.num_classes = file.attrs["class_counts"].shape[1]
            self.size: tuple[int, int] = file["label"].shape[1:]
        self.path = path
        self._file: h5py.File | None = None
        self._owner = 0

    def read_label(self, index: int) -> NDArray[np.uint8]:
        """Labels acquired in one image, (H,W) uint8, 255 = none."""
        import h5py

        with named_errors(self.path):
            if self._file is None or self._owner != os.getpid():
                self._file, self._owner = h5py.File(self.path, "r"), os.getpid()
            label: NDArray[np.uint8] = self._file["label"][index]
        if ((label >= self.num_classes) & (label != VOID)).any():
            raise UserError(
                f"{self.path}: image {self.image_ids[index]!r} has labels beyond the"
                f" {self.num_classes} classes"
            )
        return label
