"""HDF5 files of a format: written complete, and checked for damage and layout when opened.

They are written in the layout of HDF5 1.10, whose own structures carry checksums. What has
none there gets one here: the maps and tables are stored in chunks with the filter fletcher32,
and the attribute `attributes_sha256` is a digest of the others. So a flipped bit anywhere is an
error when it is read, never another number. Texts have a fixed length, as those of variable
length lie in a heap that HDF5 may read for ever once it is damaged.
"""

import hashlib
import os
import zlib
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from cbda.errors import UserError
from cbda.files.atomic import complete_file

if TYPE_CHECKING:
    import h5py

VERSION = 1
DIGEST = "attributes_sha256"
HEAP_CHECKSUM = "text_crc32"  # of version 0.1.0: place, length and CRC-32 of the heap of its texts
TEXTS_PER_CHUNK = 1 << 12
# What h5py raises at a damaged file, beside OSError, before anything of ours can be at fault.
DAMAGE = (OSError, KeyError, RuntimeError, ValueError, TypeError, AttributeError, IndexError)
KINDS = {"i": "integers", "f": "numbers", "S": "text", "O": "text", "U": "text"}


@dataclass(frozen=True)
class Layout:
    """What a file of a format holds.

    Attributes:
        format: its name.
        datasets: name to dtype, or to a kind of dtype ("i", "S"), and letters for its shape:
            an upper-case letter stands for one size in the whole file, a digit for itself.
        attributes: name to kind of dtype and letters of its shape.
        optional: the same, of those that older files lack.
    """

    format: str
    datasets: dict[str, tuple[str, str]]
    attributes: dict[str, tuple[str, str]]
    optional: dict[str, tuple[str, str]] = field(default_factory=dict)


@contextmanager
def create_hdf5(path: Path, layout: Layout, needed_bytes: int = 0) -> Iterator["h5py.File"]:
    """Create a file of a format, complete or not at all."""
    with complete_file(path, needed_bytes) as temporary, _written_hdf5(temporary) as file:
        write_attributes(file, {"format": layout.format, "version": VERSION})
        yield file
        write_attributes(file, {DIGEST: _digest(file, layout)})


@contextmanager
def _written_hdf5(temporary: Path) -> Iterator["h5py.File"]:
    """A new file without a cache of chunks, as each is written once and whole."""
    import h5py

    file = h5py.File(temporary, "w", libver=("v110", "v110"), rdcc_nbytes=0)
    try:
        yield file
        file.flush()
    except BaseException as error:
        error.written_bytes = temporary.stat().st_size  # type: ignore[attr-defined]
        # HDF5 brings the process down unless its last writes succeed: give it room for them.
        os.truncate(temporary, 0)
        raise
    finally:
        file.close()


def open_hdf5(path: Path, layout: Layout) -> "h5py.File":
    """Open a file and check that its attributes are undamaged, and that it is of the format."""
    import h5py

    with named_errors(path):
        file = h5py.File(path, "r")
        try:
            _require_sound_heap(path, file)
            _require_format(path, file, layout)
            _require_layout(path, file, layout)
            _require_sound_attributes(path, file, layout)
        except BaseException:
            file.close()
            raise
        return file


@contextmanager
def named_errors(path: Path) -> Iterator[None]:
    """Name the file if it can't be read, now or at one of its parts."""
    try:
        yield
    except DAMAGE as error:
        reason = " ".join(str(error).split())
        raise UserError(f"{path}: not a readable HDF5 file ({reason})") from error


def write_texts(file: "h5py.File", name: str, texts: Sequence[str]) -> None:
    """Store texts at a fixed length, since checksums don't cover those of variable length."""
    import h5py

    encoded = [text.encode() for text in texts]
    dtype = h5py.string_dtype("utf-8", max([1, *map(len, encoded)]))
    chunk = (max(min(len(texts), TEXTS_PER_CHUNK), 1),)
    values = np.array(encoded, dtype=dtype)
    file.create_dataset(name, data=values, chunks=chunk, fletcher32=True)


def write_attributes(file: "h5py.File", values: dict[str, Any]) -> None:
    """Store numbers and texts among the attributes."""
    import h5py

    for name, value in values.items():
        is_text = isinstance(value, str)
        stored = value.encode() if is_text else value
        dtype = h5py.string_dtype("utf-8", len(stored)) if is_text else None
        file.attrs.create(name, stored, dtype=dtype)


def read_attributes(file: "h5py.File", layout: Layout) -> dict[str, Any]:
    """The attributes of a format that a file has: numbers and texts of Python, and arrays."""
    return {name: _plain(file.attrs[name]) for name in _present(file, layout)}


def _plain(value: Any) -> Any:
    value = value.item() if isinstance(value, np.generic) else value
    return value.decode() if isinstance(value, bytes) else value


def _present(file: "h5py.File", layout: Layout) -> list[str]:
    return sorted({*layout.attributes, *layout.optional} & set(file.attrs))


def _digest(file: "h5py.File", layout: Layout) -> str:
    """SHA-256 of the names, dtypes, shapes and values of the format's attributes, in order."""
    digest = hashlib.sha256()
    for name in _present(file, layout):
        value = np.asarray(file.attrs[name])
        digest.update(f"{name} {value.dtype.str} {value.shape} ".encode() + value.tobytes())
    return digest.hexdigest()


def _require_sound_attributes(path: Path, file: "h5py.File", layout: Layout) -> None:
    if DIGEST in file.attrs and _plain(file.attrs[DIGEST]) != _digest(file, layout):
        raise UserError(f"{path}: damaged: its attributes do not match their checksum")


def _require_sound_heap(path: Path, file: "h5py.File") -> None:
    """Compare the texts of an older file with their checksum, before HDF5 reads them."""
    if HEAP_CHECKSUM in file.attrs:
        start, num_bytes, checksum = map(int, file.attrs[HEAP_CHECKSUM])
        with Path(path).open("rb") as stream:
            stream.seek(start)
            if zlib.crc32(stream.read(num_bytes)) != checksum:
                raise UserError(f"{path}: damaged: its attributes do not match their checksum")


def _require_format(path: Path, file: "h5py.File", layout: Layout) -> None:
    found, version = (_plain(file.attrs.get(name)) for name in ("format", "version"))
    wanted = f"{layout.format!r} version {VERSION}"
    if f"{found!r} version {version}" != wanted:
        raise UserError(f"{path}: expected {wanted}, found {found!r} version {version}")


def _require_layout(path: Path, file: "h5py.File", layout: Layout) -> None:
    found = [(name, file.get(name), kind) for name, kind in layout.datasets.items()]
    kinds = {name: kind for name, kind in layout.optional.items() if name in file.attrs}
    kinds = {**layout.attributes, **kinds}
    found += [(name, file.attrs.get(name), kind) for name, kind in kinds.items()]
    missing = [name for name, value, _ in found if value is None]
    if missing:
        raise UserError(f"{path}: lacks {', '.join(missing)}")
    sizes: dict[str, int] = {}
    for name, value, (dtype, letters) in found:
        array = np.asarray(value) if isinstance(value, str) else value
        _require_shape(path, name, array, dtype, letters, sizes)


def _require_shape(
    path: Path, name: str, found: Any, dtype: str, letters: str, sizes: dict[str, int]
) -> None:
    """Compare an array with its layout; `sizes` gathers what the letters stand for."""
    is_array = hasattr(found, "shape") and found.shape is not None
    shape = tuple(found.shape) if is_array else ()
    matches = is_array and _has_dtype(found.dtype, dtype) and len(shape) == len(letters)
    for letter, size in zip(letters, shape, strict=False):
        expected = int(letter) if letter.isdecimal() else sizes.setdefault(letter, size)
        matches = matches and size == expected
    if not matches:
        wanted = ",".join(str(sizes.get(letter, letter)) for letter in letters)
        kind = f"{found.dtype} ({','.join(map(str, shape))})" if is_array else "no array"
        raise UserError(f"{path}: {name} is {kind}, must be {KINDS.get(dtype, dtype)} ({wanted})")


def _has_dtype(found: np.dtype[Any], wanted: str) -> bool:
    """Whether a dtype is the wanted one, or of the wanted kind."""
    kinds = {"i": "iu", "f": "fiu", "S": "SOU"}
    return found.kind in kinds[wanted] if wanted in kinds else found == np.dtype(wanted)
