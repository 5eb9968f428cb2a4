"""HDF5 files of a format: written complete, and checked for damage and layout when opened.

They are written in the layout of HDF5 1.10, whose own structures carry checksums. What has none
there gets one here: maps and tables by the filter fletcher32, and the attributes by the digest
`attributes_sha256`. So a flipped bit anywhere is an error when it is read, never another number.
Texts among the attributes are there for other readers, and again in `texts` with a fixed length for
ours: they lie in a heap that HDF5 may read for ever once it is damaged.
"""

import errno
import hashlib
import json
import math
import os
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import h5py
import numpy as np

from cbda.datasets.digest import require_regular
from cbda.errors import UserError
from cbda.files.atomic import complete_file, error_number, unreadable

VERSION = 1
NO_LOCKS = (errno.ENOLCK, errno.ENOSYS, errno.EOPNOTSUPP)  # of network disks
DIGEST = "attributes_sha256"
TEXTS = "texts"
HEAP_CHECKSUM = "text_crc32"  # of version 0.1.0: place, length and CRC-32 of the heap of its texts
DAMAGED_ATTRIBUTES = "damaged: its attributes do not match their checksum"
# What h5py raises at a damaged file, beside OSError, before anything of ours can be at fault.
DAMAGE = (OSError, KeyError, RuntimeError, ValueError, TypeError, AttributeError, IndexError,
          MemoryError)  # fmt: skip
KINDS = {"i": ("iu", "integers"), "f": ("fiu", "numbers"), "S": ("SOU", "text")}


@dataclass(frozen=True)
class Layout:
    """What a file of a format holds: name to dtype, or a kind of `KINDS`, and letters of the shape.

    An upper-case letter stands for one size in the whole file, a digit for itself.
    """

    format: str
    datasets: dict[str, tuple[str, str]]
    attributes: dict[str, tuple[str, str]]
    optional: dict[str, tuple[str, str]] = field(default_factory=dict)  # older files lack them
    extra: dict[str, tuple[str, str]] = field(default_factory=dict)  # datasets of some files

    def found_in(self, file: h5py.File) -> dict[str, tuple[str, str]]:
        """The datasets that a file must have, and those of the others that it has."""
        return self.datasets | {name: kind for name, kind in self.extra.items() if name in file}


@contextmanager
def create_hdf5(path: Path, layout: Layout, needed_bytes: int = 0) -> Iterator[h5py.File]:
    """Create a file of a format, complete or not at all."""
    with complete_file(path, needed_bytes) as temporary:
        # Without a cache of chunks, as each is written once and whole.
        file = h5py.File(temporary, "w", libver=("v110", "v110"), rdcc_nbytes=0)
        try:
            write_attributes(file, {"format": layout.format, "version": VERSION})
            yield file
            write_attributes(file, {DIGEST: _digest(read_attributes(file), layout)})
            file.flush()
        except BaseException as error:
            error.written_bytes = temporary.stat().st_size  # type: ignore[attr-defined]
            # HDF5 brings the process down unless its last writes succeed: give it room for them.
            os.truncate(temporary, 0)
            raise
        finally:
            file.close()


def open_hdf5(path: Path, layout: Layout) -> tuple[h5py.File, dict[str, Any]]:
    """Open a file and read its attributes, which must be undamaged and of the format."""
    require_regular(path)
    with named_errors(path):
        file = _open(path)
        try:
            _require_sound_heap(path, file)
            attributes = read_attributes(file)
            _require_format(path, attributes, layout)
            _require_layout(path, file, attributes, layout)
            if attributes.get(DIGEST, digest := _digest(attributes, layout)) != digest:
                raise UserError(f"{path}: {DAMAGED_ATTRIBUTES}")
        except BaseException:
            file.close()
            raise
        return file, attributes


def _open(path: Path) -> h5py.File:
    """Open a file, on a disk without locks without one."""
    try:
        return h5py.File(path, "r")
    except OSError as error:
        if error_number(error) not in NO_LOCKS:
            raise
        return h5py.File(path, "r", locking=False)


@contextmanager
def named_errors(path: Path) -> Iterator[None]:
    """Name the file if it can't be read, now or at one of its parts."""
    try:
        yield
    except DAMAGE as error:
        raise unreadable(path, "HDF5 file", error) from error


def write_attributes(file: h5py.File, values: dict[str, Any]) -> None:
    """Store numbers and texts among the attributes."""
    texts = {name: value for name, value in values.items() if isinstance(value, str)}
    if TEXTS in file.attrs:
        texts = {**json.loads(file.attrs[TEXTS]), **texts}
    file.attrs.update({**values, TEXTS: np.bytes_(json.dumps(texts))})


def read_attributes(file: h5py.File) -> dict[str, Any]:
    """All attributes: numbers and texts of Python, and arrays."""
    texts = json.loads(file.attrs[TEXTS]) if TEXTS in file.attrs else {}
    found = {name: texts[name] if name in texts else file.attrs[name] for name in file.attrs}
    plain = {name: v.item() if isinstance(v, np.generic) else v for name, v in found.items()}
    return {name: v.decode() if isinstance(v, bytes) else v for name, v in plain.items()}


def _digest(attributes: dict[str, Any], layout: Layout) -> str:
    """SHA-256 of the names, dtypes, shapes and values of the format's attributes, in order."""
    digest = hashlib.sha256()
    for name in sorted({*layout.attributes, *layout.optional} & set(attributes)):
        value = np.asarray(attributes[name])
        digest.update(f"{name} {value.dtype.str} {value.shape} ".encode() + value.tobytes())
    return digest.hexdigest()


def _require_sound_heap(path: Path, file: h5py.File) -> None:
    """Compare the texts of a file of version 0.1.0 with their checksum, before HDF5 reads them."""
    if HEAP_CHECKSUM in file.attrs:
        start, num_bytes, checksum = map(int, file.attrs[HEAP_CHECKSUM])
        with Path(path).open("rb") as stream:
            stream.seek(start)
            if zlib.crc32(stream.read(num_bytes)) != checksum:
                raise UserError(f"{path}: {DAMAGED_ATTRIBUTES}")


def _require_format(path: Path, attributes: dict[str, Any], layout: Layout) -> None:
    found, version = attributes.get("format"), attributes.get("version")
    wanted = f"{layout.format!r} version {VERSION}"
    if f"{found!r} version {version}" != wanted:
        raise UserError(f"{path}: expected {wanted}, found {found!r} version {version}")


def _require_own(path: Path, file: h5py.File, name: str) -> None:
    """Refuse values that lie elsewhere, or were never written: HDF5 reads zeros in their place."""
    import h5py

    link, value = file.get(name, getlink=True), None
    if isinstance(link, h5py.HardLink):
        value = file[name]
    elif link is not None:
        raise UserError(f"{path}: {name} is a link to elsewhere")
    if not isinstance(value, h5py.Dataset):
        return
    if value.is_virtual or value.external:
        raise UserError(f"{path}: {name} has its values in another file")
    written = value.id.get_num_chunks() if value.chunks else value.id.get_storage_size()
    expected = _num_chunks(value) if value.chunks else value.nbytes
    if written < expected:
        share = f"{written:,} of {expected:,} {'chunks' if value.chunks else 'bytes'}"
        raise UserError(f"{path}: {name} was never written to its end: {share} are there")


def _num_chunks(dataset: "h5py.Dataset") -> int:
    sizes = zip(dataset.shape, dataset.chunks, strict=True)
    return math.prod(-(-size // chunk) for size, chunk in sizes)


def _require_layout(
    path: Path, file: h5py.File, attributes: dict[str, Any], layout: Layout
) -> None:
    """Compare what the file holds with its layout; `sizes` gathers what the letters stand for."""
    datasets = layout.found_in(file)
    found = [(name, file.get(name), kind) for name, kind in datasets.items()]
    found += [(name, attributes.get(name), kind) for name, kind in layout.attributes.items()]
    optional = [name for name in layout.optional if name in attributes]
    found += [(name, attributes[name], layout.optional[name]) for name in optional]
    for name in datasets:
        _require_own(path, file, name)
    missing = [name for name, value, _ in found if value is None]
    if missing:
        raise UserError(f"{path}: lacks {', '.join(missing)}")
    sizes = {digit: int(digit) for digit in "0123456789"}
    for name, value, (dtype, letters) in found:
        array = np.asarray(value) if isinstance(value, str | int | float) else value
        kinds, words = KINDS.get(dtype, ("", dtype))
        shape: Any = getattr(array, "shape", None)
        has_dtype = shape is not None and (array.dtype.kind in kinds or array.dtype == dtype)
        for letter, size in zip(letters, shape or (), strict=False):
            sizes.setdefault(letter, size)
        wanted = [sizes.get(letter, letter) for letter in letters]
        if not has_dtype or list(shape) != wanted:
            found_shape, wanted_shape = (",".join(map(str, s or ())) for s in (shape, wanted))
            kind = "no array" if shape is None else f"{array.dtype} ({found_shape})"
            raise UserError(f"{path}: {name} is {kind}, must be {words} ({wanted_shape})")
