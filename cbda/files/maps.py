"""HDF5 files of maps (N,H,W), one per image of a pool."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, Self

import numpy as np
from numpy.typing import NDArray

from cbda.errors import UserError
from cbda.files.chunks import MapReader
from cbda.files.hdf5 import Layout, named_errors, open_hdf5, read_attributes

if TYPE_CHECKING:
    import h5py

TEXTS_PER_CHUNK = 1 << 12


def create_maps(
    file: "h5py.File", dtypes: dict[str, str], image_ids: Sequence[str], *size: int, **filters: Any
) -> None:
    """Create one (N,H,W) dataset per name, of a size H, W and one image a chunk, and image ids."""
    for name, dtype in dtypes.items():
        layout = {"chunks": (1, *size), "fletcher32": True, **filters}
        file.create_dataset(name, (len(image_ids), *size), dtype, **layout)
    write_image_ids(file, image_ids)


def write_image_ids(file: "h5py.File", image_ids: Sequence[str]) -> None:
    """Store the image ids, in the order of the maps."""
    import h5py

    encoded = [image_id.encode() for image_id in image_ids]
    # A fixed length, since checksums don't cover texts of variable length.
    ids = np.array(encoded, h5py.string_dtype("utf-8", max([1, *map(len, encoded)])))
    chunk = (max(min(len(ids), TEXTS_PER_CHUNK), 1),)
    file.create_dataset("image_id", data=ids, chunks=chunk, fletcher32=True)


class MapFile:
    """A file of maps of a pool of `shape` (N,H,W), open until closed; any thread may read it."""

    layout: ClassVar[Layout]

    def __init__(self, path: Path, layout: Layout | None = None) -> None:
        layout = layout or self.layout
        self._path = path
        self._file = open_hdf5(path, layout)
        with named_errors(path):
            try:
                self.image_ids = tuple(map(str, self._file["image_id"].asstr()[:]))
            except UnicodeDecodeError as error:
                raise UserError(f"{path}: image_id is not UTF-8 ({error})") from error
            self._attributes = read_attributes(self._file)
            names = [name for name, (_, size) in layout.datasets.items() if len(size) > 2]
            self._readers = {name: MapReader(self._file[name]) for name in names}
            self.shape: tuple[int, int, int] = self._file[names[0]].shape

    @classmethod
    def open(cls, path: Path) -> Self:
        """Open a file; a `UserError` if it is damaged or of another format."""
        return cls(path)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._file.close()

    def _read(self, name: str, index: int) -> NDArray[Any]:
        """The map of one image, (H,W), a new array."""
        with named_errors(self._path):
            return self._readers[name].read(index)

    def _where(self, index: int) -> str:
        return f"{self._path}: image {self.image_ids[index]!r}"
