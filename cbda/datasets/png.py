"""Decodes large 8-bit PNGs of one channel in any thread.

Where every image of a large pool is asked for labels, decoding them is a large part of the time.
Of 2 million pixels, with two threads, an image takes 2 ms here, 12 ms in Pillow, which decodes
greyscale one picture at a time, and 4 ms in imagecodecs, which does not keep palette indices: it
must be told that they are greyscale. Pillow still reads the header and verifies the checksums;
see `cbda.datasets.pictures.read_index`.
"""

import struct
from collections.abc import Iterator

import numpy as np
from isal import isal_zlib
from numpy.typing import NDArray

from cbda.compiled import compiled

Rows = NDArray[np.uint8]
SIGNATURE_BYTES = 8
NUM_FILTERS = 5


def decode_index(content: bytes, height: int, width: int) -> Rows:
    """Pixels of a verified PNG of 8 bits a pixel that is not interlaced.

    Returns:
        (H,W) uint8 grey values or palette indices; of the size in px that its header says.

    Raises:
        ValueError: the compressed pixels are damaged.
    """
    num_bytes = height * (width + 1)  # every row starts with the number of its filter
    packed = b"".join(_pixel_chunks(content))
    try:
        rows = isal_zlib.decompressobj().decompress(packed, num_bytes + 1)
    except isal_zlib.error as error:  # type: ignore[misc]
        raise ValueError("pixels cannot be decompressed") from error
    if len(rows) != num_bytes:
        raise ValueError("number of pixels differs from the header")
    filtered = np.frombuffer(rows, np.uint8).reshape(height, -1)
    if filtered[:, 0].max() >= NUM_FILTERS:
        raise ValueError("a row has an unknown filter")
    return _unfilter(filtered)


def _pixel_chunks(content: bytes) -> Iterator[bytes]:
    """The IDAT chunks."""
    position = SIGNATURE_BYTES
    while position < len(content):
        length, name = struct.unpack_from(">I4s", content, position)
        if name == b"IDAT":
            yield content[position + 8 : position + 8 + length]
        position += length + 12


@compiled
def _unfilter(filtered: Rows) -> Rows:
    """Undo the filters of the PNG specification (section 9), sums modulo 256."""
    height, width = filtered.shape[0], filtered.shape[1] - 1
    pixels = np.empty((height, width), np.uint8)
    above = np.zeros(width, np.uint8)
    for row in range(height):
        kind, source, target = filtered[row, 0], filtered[row, 1:], pixels[row]
        if kind == 0:
            target[:] = source
        elif kind == 2:
            target[:] = source + above
        else:
            _unfilter_sequential(kind, source, above, target)
        above = target
    return pixels


@compiled
def _unfilter_sequential(kind: int, source: Rows, above: Rows, target: Rows) -> None:
    """Filters that need the pixel to the left: sub (1), average (3), Paeth (4)."""
    left, corner = 0, 0
    for column in range(len(source)):
        up = int(above[column])
        if kind == 1:
            expected = left
        elif kind == 3:
            expected = (left + up) // 2
        else:
            expected = _paeth(left, up, corner)
        target[column] = (int(source[column]) + expected) & 0xFF
        left, corner = int(target[column]), up


@compiled
def _paeth(left: int, up: int, corner: int) -> int:
    """Whichever neighbour is nearest to left + up - corner; ties in this order."""
    if left == corner or up == corner:  # in flat areas, which labels are full of
        return up if left == corner else left
    by_left, by_up = abs(up - corner), abs(left - corner)
    by_corner = abs(left + up - 2 * corner)
    if by_left <= by_up and by_left <= by_corner:
        return left
    return up if by_up <= by_corner else corner
