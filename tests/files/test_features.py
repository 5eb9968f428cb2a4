"""Feature files: what is read is what was written, or an error that names the file."""

from dataclasses import replace

import h5py
import numpy as np
import pytest

from cbda.errors import UserError
from cbda.files.features import Encoding, FeatureFile, feature_bytes

ENCODING = Encoding("resnet18", "ab12", "float32", "float32", "bilinear", (4, 8), (3, 5))
SHAPES = {4: (3, 6, 8), 8: (5, 3, 4)}
DIGESTS = ("0" * 64, "f" * 64)  # of the files of the images


def features_of(mirrored=True, num_images=2, scale=1.0, dtype="float32"):
    rng = np.random.default_rng(0)
    shapes = list(SHAPES.values()) * (1 + mirrored)
    draws = [[scale * rng.standard_normal(shape) for shape in shapes] for _ in range(num_images)]
    return [[values.astype(dtype) for values in maps] for maps in draws]


def write(path, dtype="float32", mirrored=True, images=None):
    images = features_of(mirrored, dtype=dtype) if images is None else images
    place = (path, ["a", "b"], replace(ENCODING, dtype=dtype), (24, 32), SHAPES)
    with FeatureFile.create(*place, mirrored=mirrored) as take:
        take(zip(DIGESTS, images, strict=False))
    return path


@pytest.fixture
def path(tmp_path):
    return write(tmp_path / "features.h5")


@pytest.mark.parametrize("dtype", ["float16", "float32"])
def test_features_are_read_as_they_were_written(tmp_path, dtype):
    with FeatureFile.open(write(tmp_path / "features.h5", dtype)) as file:
        assert (file.encoding, file.image_size) == (replace(ENCODING, dtype=dtype), (24, 32))
        assert (file.image_ids, file.image_sha256) == (("a", "b"), DIGESTS)
        for index, expected in enumerate(features_of(dtype=dtype)):
            for mirrored in (False, True):
                found = file.read(index, mirrored)
                wanted = expected[2:] if mirrored else expected[:2]
                assert [maps.dtype for maps in found] == [dtype, dtype]
                for maps, values in zip(found, wanted, strict=True):
                    np.testing.assert_array_equal(maps, values)


def test_every_hdf5_reader_finds_the_scales(path):
    with h5py.File(path) as file:
        assert file["stride8"].shape == (2, 5, 3, 4)
        assert file["stride8"].chunks == (1, 5, 3, 4)
        np.testing.assert_allclose(file["mirrored/stride4"][1], features_of()[1][2], rtol=1e-6)


def test_equal_features_are_equal_bytes_with_the_digest_of_what_they_hold(path, tmp_path):
    again = write(tmp_path / "again.h5")
    assert path.read_bytes() == again.read_bytes()
    other = write(tmp_path / "other.h5", images=features_of(scale=2.0))
    digests = [FeatureFile.open(name).digest for name in (path, again, other)]
    assert digests[0] == digests[1] != digests[2]


def test_mirrored_features_that_are_not_there_are_an_error(tmp_path):
    path = write(tmp_path / "features.h5", mirrored=False)
    with (
        FeatureFile.open(path) as file,
        pytest.raises(UserError, match=f"{path}: has no features of mirrored images"),
    ):
        file.read(0, mirrored=True)


def test_flipped_bit_is_an_error_when_it_is_read(path):
    with h5py.File(path) as file:
        place = file["mirrored/stride8"].id.get_chunk_info(1).byte_offset
    content = bytearray(path.read_bytes())
    content[place + 3] ^= 4
    path.write_bytes(content)
    with FeatureFile.open(path) as file:
        file.read(1)
        with pytest.raises(UserError, match="mirrored/stride8 of image 1 is damaged"):
            file.read(1, mirrored=True)


@pytest.mark.parametrize(
    ("name", "shape", "message"),
    [
        ("stride8", None, "lacks stride8"),
        ("stride4", (2, 3, 6, 9), r"mirrored/stride4 is .*, must be numbers \(2,3,6,9\)"),
        ("stride4", (3, 3, 6, 8), r"stride4 is .* \(3,3,6,8\), must be numbers \(2,3,6,8\)"),
    ],
)
def test_scale_that_is_not_as_the_file_says_is_named(path, name, shape, message):
    with h5py.File(path, "a") as file:
        del file[name]
        if shape:
            file[name] = np.zeros(shape, np.float32)
    with pytest.raises(UserError, match=f"{path}: {message}"):
        FeatureFile.open(path)


def test_size_is_that_of_all_values():
    """(3 * 48 + 5 * 12) values of 2 bytes, twice, of 10 images."""
    assert feature_bytes(10, SHAPES, "float16", mirrored=True) == 10 * 204 * 2 * 2
    assert feature_bytes(10, SHAPES, "float32", mirrored=False) == 10 * 204 * 4
