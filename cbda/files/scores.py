"""Score files: a score map and a prediction per image of the pool."""

from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from cbda.errors import UserError
from cbda.files.hdf5 import Layout, create_hdf5, open_hdf5, write_texts

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


SCORES = Layout(
    "cbda.scores",
    {"score": ("f4", "NHW"), "prediction": ("u1", "NHW"), "image_id": ("S", "N")},
    {"num_classes": ("i", ""), "radius": ("i", ""), "score": ("S", "")},
)


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


def require_known(where: str, prediction: NDArray[np.uint8], num_classes: int) -> None:
    """Raise a `UserError` if a prediction is none of the classes."""
    if prediction.max() >= num_classes:
        raise UserError(f"{where}: predicts class {prediction.max()}, there are {num_classes}")
