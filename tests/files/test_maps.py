from typing import Any

import h5py
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from cbda.errors import UserError
from cbda.files.maps import MapReader, filters_of, pack, write_chunk
from tests.reference import SETTINGS

LAYOUTS: dict[str, dict[str, Any]] = {
    "plain": {},
    "checked": {"fletcher32": True},
    "packed": {"compression": "gzip"},
    "both": {"compression": "gzip", "fletcher32": True},
    "foreign": {"compression": "lzf"},
}
SHAPES = st.tuples(st.integers(1, 3), st.integers(1, 6), st.integers(1, 6))
DTYPES = st.sampled_from([np.uint8, np.float32])
FEWER = settings(SETTINGS, max_examples=60)  # of every layout


def create(file, name, maps, **layout):
    return file.create_dataset(name, maps.shape, maps.dtype, chunks=(1, *maps.shape[1:]), **layout)


@pytest.mark.parametrize("layout", LAYOUTS)
@FEWER
@given(maps=DTYPES.flatmap(lambda dtype: arrays(dtype, SHAPES)))
def test_reads_what_the_library_wrote(tmp_path_factory, layout, maps):
    path = tmp_path_factory.mktemp("maps") / "maps.h5"
    with h5py.File(path, "w") as file:
        create(file, "map", maps, **LAYOUTS[layout])[:] = maps
    with h5py.File(path) as file:
        reader = MapReader(file["map"])
        for index, values in enumerate(maps):
            assert reader.read(index).tobytes() == values.tobytes()


@pytest.mark.parametrize("layout", ["plain", "checked", "packed", "both"])
@FEWER
@given(maps=DTYPES.flatmap(lambda dtype: arrays(dtype, SHAPES)))
def test_the_library_reads_what_was_packed(tmp_path_factory, layout, maps):
    path = tmp_path_factory.mktemp("maps") / "maps.h5"
    with h5py.File(path, "w") as file:
        dataset = create(file, "map", maps, **LAYOUTS[layout])
        for index, values in enumerate(maps):
            write_chunk(dataset, index, pack(values, filters_of(dataset)))
    with h5py.File(path) as file:
        assert file["map"][:].tobytes() == maps.tobytes()


def test_rows_may_be_shuffled(tmp_path):
    rows = np.arange(40, dtype=np.int32).reshape(10, 4)
    options = {"chunks": (5, 4), "compression": "gzip", "shuffle": True, "fletcher32": True}
    with h5py.File(tmp_path / "rows.h5", "w") as file:
        dataset = file.create_dataset("rows", rows.shape, rows.dtype, **options)
        for first in (0, 5):
            write_chunk(dataset, first, pack(rows[first : first + 5], filters_of(dataset)))
    with h5py.File(tmp_path / "rows.h5") as file:
        np.testing.assert_array_equal(file["rows"][:], rows)


def test_a_layout_of_several_images_a_chunk_is_read_too(tmp_path):
    maps = np.random.default_rng(0).random((4, 5, 6)).astype(np.float32)
    with h5py.File(tmp_path / "maps.h5", "w") as file:
        file.create_dataset("map", data=maps, chunks=(2, 5, 3))
    with h5py.File(tmp_path / "maps.h5") as file:
        np.testing.assert_array_equal(MapReader(file["map"]).read(2), maps[2])


@pytest.mark.parametrize("layout", ["checked", "both"])
def test_flipped_bits_are_found(tmp_path, layout):
    """At every byte of the second image's chunk."""
    path = tmp_path / "maps.h5"
    maps = np.random.default_rng(0).integers(0, 19, (2, 4, 5)).astype(np.uint8)
    with h5py.File(path, "w") as file:
        create(file, "map", maps, **LAYOUTS[layout])[:] = maps
        info = file["map"].id.get_chunk_info_by_coord((1, 0, 0))
    sound = path.read_bytes()
    for position in range(info.byte_offset, info.byte_offset + info.size):
        damaged = bytearray(sound)
        damaged[position] ^= 0x10
        path.write_bytes(damaged)
        with h5py.File(path) as file:
            reader = MapReader(file["map"])
            np.testing.assert_array_equal(reader.read(0), maps[0])
            with pytest.raises(UserError, match=r"maps.h5: map of image 1 is damaged"):
                reader.read(1)


def test_a_file_cut_short_is_found(tmp_path):
    """By the library, or where a chunk would lie beyond the end."""
    path = tmp_path / "maps.h5"
    maps = np.zeros((2, 40, 50), np.uint8)
    with h5py.File(path, "w") as file:
        create(file, "map", maps, fletcher32=True)[:] = maps
    with h5py.File(path) as file:
        reader = MapReader(file["map"])
        with path.open("rb+") as stream:
            stream.truncate(path.stat().st_size - 500)
        with pytest.raises(UserError, match="map of image 1 is damaged"):
            reader.read(1)
