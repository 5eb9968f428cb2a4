"""Pools without labels, and images of any folder."""

import shutil

import numpy as np
import pytest

from cbda.commands.data_check import describe
from cbda.datasets.catalogue import create_dataset, scan_dataset
from cbda.datasets.check import check_dataset
from cbda.datasets.images import open_folder, open_images
from cbda.errors import UserError
from tests.datasets.layouts import make_cityscapes, make_folder, save

CLASSES = ("road", "car", "tree")


@pytest.fixture
def rng():
    return np.random.default_rng(0)


@pytest.fixture
def pool(tmp_path, rng):
    """Three images in a folder of their own."""
    make_folder(tmp_path, 3, 6, 10, 3, rng)
    return tmp_path / "images"


def test_pool_without_labels_is_read(pool):
    dataset = create_dataset("images", pool, classes=CLASSES)
    assert dataset.image_ids == ("000", "001", "002")
    assert dataset.image_size(1) == (6, 10)
    assert dataset.read_image(1).shape == (6, 10, 3)
    assert not dataset.has_labels


def test_label_of_a_pool_without_labels_is_an_error(pool):
    dataset = create_dataset("images", pool, classes=CLASSES)
    for read in (dataset.read_label, dataset.read_ids, dataset.label_palette):
        with pytest.raises(UserError, match="dataset kind images has no labels"):
            read(0)


@pytest.mark.parametrize("fast", [True, False])
def test_pool_without_labels_passes_its_check(pool, fast):
    (pool / "notes.txt").write_text("")
    dataset, listing = scan_dataset("images", pool, classes=CLASSES)
    findings = check_dataset(dataset, listing, fast, 1)
    assert not findings.faults
    assert findings.warnings == [f"1 file passed over in {pool}: notes.txt"]
    assert describe(dataset, findings, with_classes=False)["num_images"] == 3


def test_broken_image_of_a_pool_is_one_fault(pool):
    (pool / "001.png").write_bytes(b"no picture")
    dataset, listing = scan_dataset("images", pool, classes=CLASSES)
    (fault,) = check_dataset(dataset, listing, False, 1).faults
    assert "001.png: is empty, damaged or no PNG" in fault


@pytest.mark.parametrize("kind", ["folder", "images"])
def test_images_are_read_without_their_labels(pool, kind):
    shutil.rmtree(pool.parent / "labels")
    images = open_images(kind, pool.parent if kind == "folder" else pool)
    assert images.image_ids == ("000", "001", "002")
    assert images.read_image("002").shape == (6, 10, 3)


def test_images_of_a_nested_layout_have_the_ids_of_the_dataset(tmp_path, rng):
    make_cityscapes(tmp_path, 2, 6, 10, rng)
    dataset = create_dataset("cityscapes", tmp_path, "train")
    shutil.rmtree(tmp_path / "gtFine")
    assert open_images("cityscapes", tmp_path, "train").image_ids == dataset.image_ids


def test_skipped_images_are_left_out(pool):
    (pool.parent / "cbda_skip.txt").write_text("001\n")
    assert open_images("folder", pool.parent).image_ids == ("000", "002")


def test_same_id_twice_is_an_error(pool):
    save(pool / "001.jpg", np.zeros((6, 10, 3), np.uint8))
    with pytest.raises(UserError, match=r"1 image cannot be used: .*has the same id"):
        open_folder(pool)


def test_missing_image_is_named(pool):
    images = open_folder(pool)
    images.require(["000", "002"])
    with pytest.raises(UserError, match="images: has no image '003'"):
        images.require(["000", "003"])


def test_folder_that_is_not_there_is_named(tmp_path):
    with pytest.raises(UserError, match="none: cannot be listed"):
        open_folder(tmp_path / "none")


@pytest.mark.parametrize("every", [1, 2, 3])
def test_thinned_pool_is_every_nth_image_by_id(pool, every):
    expected = ("000", "001", "002")[::every]
    assert create_dataset("images", pool, classes=CLASSES).thinned(every).image_ids == expected
    assert open_images("images", pool).thinned(every).image_ids == expected


def test_folder_of_images_alone_that_is_read_as_a_data_set_is_told(pool):
    with pytest.raises(UserError, match=r"images: no such folder; .*the kind is images, as by"):
        open_images("folder", pool)
    assert len(open_images("images", pool)) == 3
