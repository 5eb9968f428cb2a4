"""HDF5 files of maps (N,H,W), one per image of a pool."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, Self

from numpy.typing import NDArray

from cbda.errors import UserError
from cbda.files.chunks import MapReader
from cbda.files.hdf5 import Layout, named_errors, open_hdf5, read_attributes, write_texts

if TYPE_CHECKING:
    import h5py


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


class MapFile:
    """A file of maps, open until it is closed, which any thread may read from.

    Attributes:
        image_ids: of the pool, in its order.
        shape: images, height and width of the pool.
    """

    layout: ClassVar[Layout]

    def __init__(self, path: Path) -> None:
        self._path = path
        self._file = open_hdf5(path, self.layout)
        with named_errors(path):
            self.image_ids = read_image_ids(self._file)
            self._attributes = read_attributes(self._file, self.layout)
            names = [
                name for name, (_, letters) in self.layout.datasets.items() if letters == "NHW"
            ]
            self._readers = {name: MapReader(self._file[name]) for name in names}
            self.shape: tuple[int, int, int] = self._file[names[0]].shape

    @classmethod
    def open(cls, path: Path) -> Self:
        """Open a file.

        Raises:
            UserError: it is damaged or of another format.
        """
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


def read_image_ids(file: "h5py.File") -> tuple[str, ...]:
    """Image ids of a file of maps, in pool order."""
    try:
        return tuple(map(str, file["image_id"].asstr()[:]))
    except UnicodeDecodeError as error:
        raise UserError(f"{file.filename}: image_id is not UTF-8 ({error})") from error
