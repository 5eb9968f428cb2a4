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
    file: "h5py.File", dtypes: dict[str, str], image_ids: Sequence[str], *size: int, **filters: Any
) -> None:
    """Create one (N,H,W) dataset per name, of a size H, W and one image a chunk, and image ids."""
    for name, dtype in dtypes.items():
        shape, chunk = (len(image_ids), *size), (1, *size)
        file.create_dataset(name, shape, dtype, chunks=chunk, fletcher32=True, **filters)
    write_texts(file, "image_id", image_ids)


class MapFile:
    """A file of maps of a pool of `shape` (N,H,W), open until closed; any thread may read it."""

    layout: ClassVar[Layout]

    def __init__(self, path: Path) -> None:
        self._path = path
        self._file = open_hdf5(path, self.layout)
        with named_errors(path):
            try:
                self.image_ids = tuple(map(str, self._file["image_id"].asstr()[:]))
            except UnicodeDecodeError as error:
                raise UserError(f"{path}: image_id is not UTF-8 ({error})") from error
            self._attributes = read_attributes(self._file, self.layout)
            names = [name for name, (_, size) in self.layout.datasets.items() if size == "NHW"]
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
