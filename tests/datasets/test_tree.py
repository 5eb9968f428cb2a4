"""Images in a folder and all below it."""

import os

import numpy as np
import pytest

from cbda.datasets.tree import open_tree
from cbda.errors import UserError
from tests.datasets.layouts import save

PIXELS = np.zeros((2, 3, 3), np.uint8)


def test_images_of_all_folders_below_are_found_by_their_paths(tmp_path):
    for name in ("b.png", "city/a.PNG", "city/old/a.png", ".trash/c.png"):
        save(tmp_path / name, PIXELS)
    images, said = open_tree(tmp_path)
    assert images.image_ids == ("b", "city/a", "city/old/a")
    assert images.read_image("city/old/a").shape == PIXELS.shape
    assert said == ""


def test_other_files_are_counted_and_named(tmp_path):
    save(tmp_path / "city/a.png", PIXELS)
    for name in ("notes.txt", "city/b.tif"):
        (tmp_path / name).touch()
    assert open_tree(tmp_path)[1] == f"2 files passed over in {tmp_path}: notes.txt, city/b.tif"


def test_folder_without_images_is_an_error_that_names_what_is_there(tmp_path):
    (tmp_path / "city").mkdir()
    (tmp_path / "city/b.tif").touch()
    with pytest.raises(UserError, match=r"no image .*; 1 file passed over .*: city/b\.tif"):
        open_tree(tmp_path)


def test_what_is_no_folder_is_told_as_what_it_is(tmp_path):
    (tmp_path / "a.png").touch()
    os.mkfifo(tmp_path / "pipe")
    for name, what in (("a.png", "is a file"), ("pipe", "is no regular file"), ("x", "no such")):
        with pytest.raises(UserError, match=f"{name}: {what}.*; give a folder"):
            open_tree(tmp_path / name)


def test_two_images_of_one_id_are_an_error(tmp_path):
    for name in ("city/a.png", "city/a.jpg"):
        save(tmp_path / name, PIXELS)
    with pytest.raises(UserError, match=r"1 image cannot be used: .*has the same id"):
        open_tree(tmp_path)


def test_links_in_a_circle_end(tmp_path):
    save(tmp_path / "a.png", PIXELS)
    (tmp_path / "loop").symlink_to(".")
    assert open_tree(tmp_path)[0].image_ids == ("a",)


@pytest.mark.parametrize(
    ("images", "labels"),
    [
        ("images", "labels"),
        ("RGB", "GT/LABELS"),
        ("leftImg8bit/val", "gtFine/val"),
        ("train", "trainannot"),
    ],
)
@pytest.mark.parametrize("place", [".", "later"])
def test_labels_are_no_images(tmp_path, images, labels, place):
    for folder in (images, labels):
        save(tmp_path / place / folder / "a.png", PIXELS)
    root, first = (tmp_path / place).resolve(), images.partition("/")[0]
    with pytest.raises(UserError, match=rf"^{root}: holds images in {first}/ and labels in "):
        open_tree(tmp_path)
    assert open_tree(root / first)[0].image_ids[0].endswith("a")


def test_folder_called_labels_alone_is_one_of_images(tmp_path):
    save(tmp_path / "labels/a.png", PIXELS)
    assert open_tree(tmp_path)[0].image_ids == ("labels/a",)
