"""Maps (N,H,W) in HDF5, one image a chunk, packed and unpacked by many threads.

The HDF5 library works on one chunk at a time, checksums and compression included, and a round
reads as long as it chooses: read by the library, a score map and a prediction take 7.5 ms an
image on two cores, here 1.8 ms. Files are ordinary ones, with HDF5's own gzip and Fletcher-32.
"""

from collections.abc import Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from math import prod
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from isal import isal_zlib
from numpy.typing import NDArray

from cbda.errors import UserError

if TYPE_CHECKING:
    import h5py

DEFLATE, SHUFFLE, FLETCHER32 = 1, 2, 3  # HDF5's numbers of its filters
KNOWN_FILTERS = ((), (DEFLATE,), (FLETCHER32,), (DEFLATE, FLETCHER32))
CHECKSUM_BYTES = 4
COMPRESSION_LEVEL = 1


def filters_of(dataset: "h5py.Dataset") -> tuple[int, ...]:
    """HDF5's numbers of the filters of a dataset, in the order of writing."""
    plist = dataset.id.get_create_plist()
    return tuple(plist.get_filter(index)[0] for index in range(plist.get_nfilters()))


def pack(values: NDArray[Any], filters: tuple[int, ...]) -> bytes:
    """A chunk as HDF5 stores it."""
    if SHUFFLE in filters:
        values = np.ascontiguousarray(values).view(np.uint8).reshape(-1, values.itemsize).T
    content = values.tobytes()
    if DEFLATE in filters:
        content = isal_zlib.compress(content, COMPRESSION_LEVEL)
    if FLETCHER32 in filters:
        content += _checksum(np.frombuffer(content, np.uint8))
    return content


def write_chunk(dataset: "h5py.Dataset", first: int, content: bytes) -> None:
    """Store the chunk that starts at a row, packed by `pack` with the dataset's own filters."""
    dataset.id.write_direct_chunk((first,) + (0,) * (dataset.ndim - 1), content)


def write_maps(
    datasets: Sequence["h5py.Dataset"], images: Iterable[Sequence[NDArray[Any]]]
) -> None:
    """Store maps while the next ones are computed: of each image, one (H,W) for every dataset."""

    def write(index: int, maps: Sequence[NDArray[Any]]) -> None:
        for dataset, values in zip(datasets, maps, strict=True):
            write_chunk(dataset, index, pack(values.astype(dataset.dtype), filters_of(dataset)))

    with ThreadPoolExecutor(1) as executor:
        pending = executor.submit(lambda: None)
        for index, maps in enumerate(images):
            pending.result()
            pending = executor.submit(write, index, maps)
        pending.result()


class MapReader:
    """Reads the maps of a dataset (N,H,W) or (N,C,H,W) of an open file from any thread.

    Datasets of another layout than ours are read by the HDF5 library, which is slower.
    """

    def __init__(self, dataset: "h5py.Dataset") -> None:
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
        """Map of one image, a new array; a `UserError` if the file is damaged."""
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
