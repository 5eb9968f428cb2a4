"""HDF5 files of maps of a pool, one image a chunk, packed and unpacked by many threads.

Maps are (N,H,W), or (N,C,H,W) of several channels.

The HDF5 library works on one chunk at a time, checksums and compression included, and a round
reads as long as it chooses: read by the library, a score map and a prediction take 7.5 ms an
image on two cores, here 1.8 ms. Files are ordinary ones, with HDF5's own gzip and Fletcher-32.
"""

from collections.abc import Iterable, Sequence
from math import prod
from pathlib import Path
from typing import Any, ClassVar, Self

import h5py
import numpy as np
from isal import isal_zlib
from numpy.typing import NDArray

from cbda.compute.parallel import ordered_map
from cbda.errors import UserError
from cbda.files.hdf5 import Layout, named_errors, open_hdf5

DEFLATE, SHUFFLE, FLETCHER32 = 1, 2, 3  # HDF5's numbers of its filters
KNOWN_FILTERS = ((), (DEFLATE,), (FLETCHER32,), (DEFLATE, FLETCHER32))
CHECKSUM_BYTES = 4
COMPRESSION_LEVEL = 1
TEXTS_PER_CHUNK = 1 << 12


def filters_of(dataset: h5py.Dataset) -> tuple[int, ...]:
    """HDF5's numbers of the filters of a dataset, in the order of writing."""
    plist = dataset.id.get_create_plist()
    return tuple(plist.get_filter(index)[0] for index in range(plist.get_nfilters()))


def pack(values: NDArray[Any], filters: tuple[int, ...]) -> bytes:
    """A chunk as HDF5 stores it."""
    if SHUFFLE in filters:
        values = np.ascontiguousarray(values).view(np.uint8).reshape(-1, values.itemsize).T
    content = values.tobytes()
    if DEFLATE in filters:
        # Not isal_zlib.compress, whose bytes depend on what its memory held before.
        packer = isal_zlib.compressobj(COMPRESSION_LEVEL)
        content = packer.compress(content) + packer.flush()
    if FLETCHER32 in filters:
        content += _checksum(np.frombuffer(content, np.uint8))
    return content


def write_chunk(dataset: h5py.Dataset, first: int, content: bytes) -> None:
    """Store the chunk that starts at a row, packed by `pack` with the dataset's own filters."""
    dataset.id.write_direct_chunk((first,) + (0,) * (dataset.ndim - 1), content)


def write_maps(datasets: Sequence[h5py.Dataset], images: Iterable[Sequence[NDArray[Any]]]) -> None:
    """Store maps while the next ones are computed: of each image, one for every dataset."""

    def write(image: tuple[int, Sequence[NDArray[Any]]]) -> None:
        index, maps = image
        for dataset, values in zip(datasets, maps, strict=True):
            write_chunk(dataset, index, pack(values.astype(dataset.dtype), filters_of(dataset)))

    for _ in ordered_map(write, enumerate(images), 1):
        pass


class MapReader:
    """Reads the maps of a dataset (N,...,H,W) of an open file from any thread.

    Datasets of another layout than ours are read by the HDF5 library, which is slower.
    """

    def __init__(self, dataset: h5py.Dataset) -> None:
        self._dataset = dataset
        self._filters = filters_of(dataset)
        self._path = Path(dataset.file.filename)
        self._is_plain = (
            dataset.chunks == (1, *dataset.shape[1:])
            and self._filters in KNOWN_FILTERS
            and dataset.dtype.isnative
            and dataset.file.userblock_size == 0
        )

    def read(self, index: int) -> NDArray[Any]:
        """Map of one image, (H,W) or (C,H,W), a new array; a `UserError` if the file is damaged."""
        first = (index,) + (0,) * (self._dataset.ndim - 1)
        info = self._dataset.id.get_chunk_info_by_coord(first) if self._is_plain else None
        if info is None or info.byte_offset is None or info.filter_mask:
            return np.asarray(self._dataset[index])
        packed = np.empty(info.size, np.uint8)
        with self._path.open("rb", buffering=0) as stream:
            stream.seek(info.byte_offset)
            packed = packed[: stream.readinto(packed.data)]
        shape, dtype = self._dataset.shape[1:], self._dataset.dtype
        content = _unpack(packed, self._filters, dtype.itemsize * prod(shape))
        if content is None:
            name = self._dataset.name.lstrip("/")
            raise UserError(f"{self._path}: {name} of image {index} is damaged")
        return np.asarray(content.view(dtype).reshape(shape))


def _unpack(
    packed: NDArray[np.uint8], filters: tuple[int, ...], num_bytes: int
) -> NDArray[np.uint8] | None:
    """The bytes of a chunk, which can be written to; None if they are damaged."""
    if FLETCHER32 in filters:
        packed, stored = packed[:-CHECKSUM_BYTES], packed[-CHECKSUM_BYTES:]
        if _checksum(packed) != stored.tobytes():
            return None
    if DEFLATE in filters:
        try:
            content = isal_zlib.decompressobj().decompress(packed, num_bytes + 1)
        except (isal_zlib.error, EOFError):  # type: ignore[misc]
            return None
        packed = np.frombuffer(content, np.uint8).copy()
    return packed if packed.nbytes == num_bytes else None


def _checksum(content: NDArray[np.uint8]) -> bytes:
    from cbda.files.fletcher import checksum  # whose compiler takes half a second to import

    return checksum(content).to_bytes(CHECKSUM_BYTES, "little")


def create_maps(
    file: h5py.File, dtypes: dict[str, str], image_ids: Sequence[str], *size: int, **filters: Any
) -> None:
    """Create one (N,H,W) dataset per name, of a size H, W and one image a chunk, and image ids."""
    for name, dtype in dtypes.items():
        layout = {"chunks": (1, *size), "fletcher32": True, **filters}
        file.create_dataset(name, (len(image_ids), *size), dtype, **layout)
    write_image_ids(file, image_ids)


def write_image_ids(file: h5py.File, image_ids: Sequence[str]) -> None:
    """Store the image ids, in the order of the maps."""
    write_texts(file, "image_id", image_ids)


def write_texts(file: h5py.File, name: str, texts: Sequence[str]) -> None:
    """Store a text per image."""
    encoded = [text.encode() for text in texts]
    # A fixed length, since checksums don't cover texts of variable length.
    values = np.array(encoded, h5py.string_dtype("utf-8", max([1, *map(len, encoded)])))
    chunk = (max(min(len(values), TEXTS_PER_CHUNK), 1),)
    file.create_dataset(name, data=values, chunks=chunk, fletcher32=True)


def read_texts(file: h5py.File, name: str) -> tuple[str, ...]:
    """The text of every image; none if the file has no such texts."""
    return tuple(map(str, file[name].asstr()[:])) if name in file else ()


class MapFile:
    """A file of maps of a pool of `shape` (N,H,W), open until closed; any thread may read it."""

    layout: ClassVar[Layout]

    def __init__(self, path: Path, layout: Layout | None = None) -> None:
        layout = layout or self.layout
        self._path = Path(path)
        self._file, self._attributes = open_hdf5(path, layout)
        with named_errors(path):
            self._require_possible()
            try:
                self.image_ids = read_texts(self._file, "image_id")
            except UnicodeDecodeError as error:
                raise UserError(f"{path}: image_id is not UTF-8 ({error})") from error
            datasets = layout.found_in(self._file)
            names = [name for name, (_, size) in datasets.items() if len(size) > 2]
            self._readers = {name: MapReader(self._file[name]) for name in names}
            self.shape: tuple[int, int, int] = self._file[names[0]].shape

    def _require_possible(self) -> None:
        """Raise a `UserError` before the ids of more images are read than the file can hold."""
        num_images, num_bytes = len(self._file["image_id"]), self._path.stat().st_size
        if num_images > num_bytes:
            reason = f"has {num_images:,} image ids in {num_bytes:,} bytes"
            raise UserError(f"{self._path}: damaged: {reason}")

    @classmethod
    def open(cls, path: Path) -> Self:
        """Open a file; a `UserError` if it is damaged or of another format."""
        return cls(path)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._file.close()

    def _read(self, name: str, index: int) -> NDArray[Any]:
        """The map of one image, (H,W) or (C,H,W), a new array."""
        with named_errors(self._path):
            return self._readers[name].read(index)

    def _where(self, index: int) -> str:
        return f"{self._path}: image {self.image_ids[index]!r}"
