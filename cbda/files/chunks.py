"""Maps (N,H,W) in HDF5, one image a chunk, read and written by many threads.

The HDF5 library works on one chunk at a time, checksums and compression included. Here a chunk
is packed or unpacked by any thread, and only its bytes pass through the library. The result is
an ordinary dataset with HDF5's own filters, gzip and Fletcher-32.
"""

import os
from collections.abc import Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numba
import numpy as np
from isal import isal_zlib
from numpy.typing import NDArray

from cbda.errors import UserError

if TYPE_CHECKING:
    import h5py

DEFLATE, SHUFFLE, FLETCHER32 = 1, 2, 3  # HDF5's numbers of its filters
KNOWN_FILTERS = ((), (DEFLATE,), (FLETCHER32,), (DEFLATE, FLETCHER32))
CHECKSUM_BYTES = 4
MODULUS = 65535  # of Fletcher-32
WORDS_PER_BLOCK = 1 << 16  # whose sums fit into 64 bits
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
        content += checksum(np.frombuffer(content, np.uint8)).to_bytes(CHECKSUM_BYTES, "little")
    return content


def write_chunk(dataset: "h5py.Dataset", first: int, content: bytes) -> None:
    """Store the chunk that starts at a row, packed by `pack` with the dataset's own filters."""
    dataset.id.write_direct_chunk((first,) + (0,) * (dataset.ndim - 1), content)


def write_maps(
    datasets: Sequence["h5py.Dataset"], images: Iterable[Sequence[NDArray[Any]]]
) -> None:
    """Store one map per dataset of one image after another, while the next one is computed.

    Args:
        datasets: (N,H,W) each.
        images: of each image, in order, its map (H,W) for every dataset.
    """

    def write(index: int, maps: Sequence[NDArray[Any]]) -> None:
        for dataset, values in zip(datasets, maps, strict=True):
            write_chunk(dataset, index, pack(values.astype(dataset.dtype), filters_of(dataset)))

    with ThreadPoolExecutor(1) as executor:
        pending = None
        for index, maps in enumerate(images):
            if pending is not None:
                pending.result()
            pending = executor.submit(write, index, maps)
        if pending is not None:
            pending.result()


class MapReader:
    """Reads the maps of one dataset from any thread.

    Datasets of another layout than ours are read by the HDF5 library, which is slower.

    Args:
        dataset: (N,H,W), of a file that is open for reading and stays so.
    """

    def __init__(self, dataset: "h5py.Dataset") -> None:
        self._dataset = dataset
        self._filters = filters_of(dataset)
        self._path = Path(dataset.file.filename)
        self._name = dataset.name.lstrip("/")
        self._is_plain = (
            hasattr(os, "preadv")
            and dataset.chunks == (1, *dataset.shape[1:])
            and self._filters in KNOWN_FILTERS
            and dataset.dtype.isnative
            and dataset.file.userblock_size == 0
        )

    def read(self, index: int) -> NDArray[Any]:
        """Map of one image, (H,W), a new array.

        Raises:
            UserError: the file is damaged.
        """
        content = self._read_packed(index)
        if content is None:
            values: NDArray[Any] = self._dataset[index]
            return values
        return self._unpack(content, index)

    def _read_packed(self, index: int) -> NDArray[np.uint8] | None:
        """Chunk of one image as it is stored; None if only the HDF5 library can read it."""
        if not self._is_plain:
            return None
        info = self._dataset.id.get_chunk_info_by_coord((index, 0, 0))
        if info.byte_offset is None or info.filter_mask:
            return None
        descriptor = os.open(self._path, os.O_RDONLY)
        try:
            content = np.empty(info.size, np.uint8)
            num_read = os.preadv(descriptor, [content.data], info.byte_offset)
        finally:
            os.close(descriptor)
        return content[:num_read]

    def _unpack(self, packed: NDArray[np.uint8], index: int) -> NDArray[Any]:
        shape, dtype = self._dataset.shape[1:], self._dataset.dtype
        if FLETCHER32 in self._filters:
            packed, stored = packed[:-CHECKSUM_BYTES], packed[-CHECKSUM_BYTES:]
            if checksum(packed) != int.from_bytes(stored.tobytes(), "little"):
                raise self._damaged(index)
        num_bytes = dtype.itemsize * shape[0] * shape[1]
        if DEFLATE in self._filters:
            packed = self._inflate(packed, num_bytes, index)
        if packed.nbytes != num_bytes:
            raise self._damaged(index)
        values: NDArray[Any] = packed.view(dtype).reshape(shape)
        return values

    def _inflate(self, packed: NDArray[np.uint8], num_bytes: int, index: int) -> NDArray[np.uint8]:
        try:
            content = isal_zlib.decompressobj().decompress(packed, num_bytes + 1)
        except (isal_zlib.error, EOFError) as error:  # type: ignore[misc]
            raise self._damaged(index) from error
        return np.frombuffer(content, np.uint8).copy()  # one that can be written to

    def _damaged(self, index: int) -> UserError:
        return UserError(f"{self._path}: {self._name} of image {index} is damaged")


def checksum(content: NDArray[np.uint8]) -> int:
    """Fletcher-32 as HDF5 computes it, over big-endian words of 16 bits.

    Sums modulo 65535 may be taken over swapped words and swapped back at the end.
    """
    even = content[: len(content) // 2 * 2]
    first, second = _sums(even.view("<u2"), len(content) % 2)
    if len(content) % 2:
        last = int(content[-1])  # low byte of a swapped word: the high byte of the last one
        first, second = int(first) + last, int(second) + last
    return _swapped(second) << 16 | _swapped(first)


@numba.njit(cache=True, nogil=True)
def _sums(words: NDArray[np.uint16], num_more: int) -> tuple[Any, Any]:
    """Plain and weighted sum; the weight of a word is the number of words from it to the end."""
    first, second = np.uint64(0), np.uint64(0)
    num_words = len(words) + num_more
    for start in range(0, len(words), WORDS_PER_BLOCK):
        block = words[start : start + WORDS_PER_BLOCK]
        plain, weighted = _block_sums(block)
        after = np.uint64((num_words - start - len(block)) % MODULUS)
        first = _fold(first + plain)
        second = _fold(second + weighted + after * plain)
    return first, second


@numba.njit(cache=True, nogil=True)
def _block_sums(words: NDArray[np.uint16]) -> tuple[Any, Any]:
    """The same of one block; a loop so plain that the compiler vectorises it."""
    plain, weighted = np.uint64(0), np.uint64(0)
    num_words = len(words)
    for index in range(num_words):
        word = np.uint64(words[index])
        plain += word
        weighted += word * np.uint64(num_words - index)
    return plain, weighted


@numba.njit(cache=True, nogil=True)
def _fold(total: Any) -> Any:
    """A sum modulo 65535, in which only a sum of nothing is 0."""
    one, modulus = np.uint64(1), np.uint64(MODULUS)
    return (total - one) % modulus + one if total else np.uint64(0)


def _swapped(total: int) -> int:
    """A sum modulo 65535 with its bytes swapped."""
    folded = int(_fold(np.uint64(total)))
    return (folded & 0xFF) << 8 | folded >> 8
