"""Features belong to the bytes of their images."""

import os
from dataclasses import replace
from unittest.mock import Mock

import pytest

from cbda.errors import UserError
from cbda.files.encoded_images import require_same_images
from cbda.files.features import FeatureFile
from cbda.files.records import file_sha256
from tests.files.test_features import ENCODING, SHAPES, features_of


@pytest.fixture
def paths(tmp_path):
    """Files in place of two images."""
    paths = [tmp_path / "a.png", tmp_path / "b.png"]
    for path in paths:
        path.write_bytes(path.name.encode())
    return paths


@pytest.fixture
def features(tmp_path, paths):
    place = (tmp_path / "features.h5", ["a", "b"], replace(ENCODING), (24, 32), SHAPES)
    with FeatureFile.create(*place, mirrored=True) as take:
        take(zip(map(file_sha256, paths), features_of(), strict=True))
    with FeatureFile.open(place[0]) as file:
        yield file


def change_with_its_time(path):
    """Other bytes, as many, under the old modification time."""
    status = path.stat()
    path.write_bytes(path.read_bytes()[::-1])
    os.utime(path, ns=(status.st_atime_ns, status.st_mtime_ns))


def test_changed_image_is_named_though_it_has_its_old_size_and_time(features, paths):
    require_same_images(features, paths)
    change_with_its_time(paths[1])
    with pytest.raises(UserError, match=r"features\.h5: was not made of .*b\.png as it is now"):
        require_same_images(features, paths)


def test_images_of_another_set_are_named(features, paths, tmp_path):
    require_same_images(features, paths)
    (tmp_path / "other").mkdir()
    others = [path.rename(tmp_path / "other" / path.name) for path in paths]
    require_same_images(features, others)
    for path, other in zip(paths, others, strict=True):
        path.write_bytes(b"ABCDE")
        os.utime(path, ns=(0, other.stat().st_mtime_ns))
    with pytest.raises(UserError, match="was not made of"):
        require_same_images(features, paths)


def test_images_are_read_once_and_again_if_they_are_copies(features, paths, monkeypatch):
    read = Mock(side_effect=file_sha256)
    monkeypatch.setattr("cbda.files.encoded_images.file_sha256", read)
    require_same_images(features, paths)
    require_same_images(features, paths)
    assert [of[0] for of, _ in read.call_args_list] == paths
    copies = [path.with_suffix(".jpg") for path in paths]
    for path, copy in zip(paths, copies, strict=True):
        copy.write_bytes(path.read_bytes())
    require_same_images(features, copies)
    assert [of[0] for of, _ in read.call_args_list] == [*paths, *copies]
