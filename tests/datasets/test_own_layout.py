"""Layouts of the user's own, which say where files lie and what label ids mean."""

import shutil

import numpy as np
import pytest

from cbda.datasets.catalogue import create_dataset, require_readable
from cbda.datasets.dataset import PLACES_OF_IDS
from cbda.datasets.images import open_images
from cbda.errors import UserError
from tests.datasets.layouts import save

# Ids 0 and 40 are nothing; 7 and 8 are both roads; labels are drawn in colours.
LAYOUT = """
import numpy as np
from PIL import Image

from cbda.datasets.listing import Kind

COLOURS = {(255, 0, 0): 7, (250, 0, 0): 8, (0, 0, 255): 11, (0, 0, 0): 0}


def read_ids(path):
    pixels = np.asarray(Image.open(path))
    ids = np.full(pixels.shape[:2], 40, np.uint8)
    for colour, label in COLOURS.items():
        ids[(pixels == colour).all(axis=2)] = label
    return ids


KIND = Kind(
    ("photos", "masks"),
    split="none",
    classes=("road", "sky"),
    names={0: "void", 7: "road", 8: "road", 11: "sky", 40: "void"},
    label_suffixes=("_mask.png",),
    label_modes=("RGB",),
    read_ids=read_ids,
)
NOT_ONE = 3
"""


@pytest.fixture
def data(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "colours.py").write_text(LAYOUT)
    pixels = [[(255, 0, 0), (250, 0, 0), (0, 0, 255)], [(0, 0, 0), (9, 9, 9), (0, 0, 255)]]
    save(tmp_path / "photos/a.png", np.zeros((2, 3, 3), np.uint8))
    save(tmp_path / "masks/a_mask.png", np.array(pixels, np.uint8))
    return tmp_path


def test_label_ids_and_colours_of_ones_own_become_classes(data):
    dataset = create_dataset("colours.py:KIND", data)
    assert dataset.classes == ("road", "sky")
    assert dataset.read_label(0).tolist() == [[0, 0, 1], [255, 255, 1]]


def test_images_of_ones_own_layout_are_found_without_labels(data):
    shutil.rmtree(data / "masks")
    images = open_images("colours.py:KIND", data)
    assert images.image_ids == ("a",)
    assert images.read_image("a").shape == (2, 3, 3)


@pytest.mark.parametrize(
    ("kind", "message"),
    [
        ("none.py:KIND", r"dataset kind 'none.py:KIND': there is no file none\.py"),
        ("colours.py:NOT_ONE", r"colours\.py: NOT_ONE is int, must be a Kind of cbda\.datasets"),
        ("colours.py:MISSING", r"colours\.py: MISSING is NoneType, must be a Kind"),
        ("broken.py:KIND", r"broken\.py:1: NameError: name 'Kind' is not defined"),
    ],
)
def test_layout_that_is_none_is_named(data, kind, message):
    (data / "broken.py").write_text("KIND = Kind()\n")
    with pytest.raises(UserError, match=message):
        create_dataset(kind, data)


@pytest.fixture
def numbered(tmp_path):
    save(tmp_path / "images/a.png", np.zeros((1, 5, 3), np.uint8))
    save(tmp_path / "labels/a.png", np.array([[26, 7, 0, 255, 26]], np.uint8))
    return tmp_path


def test_ids_of_a_folder_are_those_that_are_listed(numbered):
    dataset = create_dataset("folder", numbered, classes=["road", "car"], ids=(["7", "26"], ["0"]))
    assert dataset.read_label(0).tolist() == [[1, 0, 255, 255, 1]]


def test_an_id_may_be_void_without_others(numbered):
    save(numbered / "labels/a.png", np.array([[0, 1, 11, 255, 11]], np.uint8))
    dataset = create_dataset("folder", numbered, classes=["road", "car"], ids=([], ["11"]))
    assert dataset.read_label(0).tolist() == [[0, 1, 255, 255, 255]]


def test_a_class_may_have_several_ids(numbered):
    dataset = create_dataset("folder", numbered, classes=["road", "car"], ids=(["0,7", "26"], []))
    assert dataset.read_label(0).tolist() == [[1, 0, 0, 255, 1]]


@pytest.fixture
def drawn(numbered):
    colours = [[255, 0, 0], [250, 0, 0], [0, 0, 255], [0, 0, 0], [255, 0, 0]]
    save(numbered / "labels/a.png", np.array([colours], np.uint8))
    return numbered


def test_colours_of_a_folder_become_classes(drawn):
    ids = (["#0000ff", "#FF0000, #fa0000"], ["#000000"])
    dataset = create_dataset("folder", drawn, classes=["sky", "road"], ids=ids)
    assert dataset.read_label(0).tolist() == [[1, 1, 0, 255, 1]]


def test_drawn_label_of_which_no_colour_is_listed_says_where_to(drawn):
    dataset = create_dataset("folder", drawn, classes=["sky", "road"])
    with pytest.raises(UserError, match=r"label is 8-bit RGB, must be .*; list .* in label_ids of"):
        dataset.read_label(0)


def test_colour_that_is_not_listed_is_named(drawn):
    ids = (["#0000ff", "#ff0000"], ["#000000"])
    dataset = create_dataset("folder", drawn, classes=["sky", "road"], ids=ids)
    with pytest.raises(UserError) as caught:
        dataset.read_label(0)
    assert "a.png: colours that no class has, such as #fa0000, in 1 pixels" in str(caught.value)
    assert str(caught.value).endswith(f'; {PLACES_OF_IDS}, here ["#fa0000"]')


def test_transparent_pixel_of_a_drawn_label_is_named(drawn):
    """Tools erase by alpha alone: the colour of what was erased is still there."""
    ids = (["#0000ff", "#FF0000, #fa0000"], ["#000000"])
    dataset = create_dataset("folder", drawn, classes=["sky", "road"], ids=ids)
    pixels = np.array([[[255, 0, 0, 255]] * 4 + [[255, 0, 0, 0]]], np.uint8)
    save(drawn / "labels/a.png", pixels)
    with pytest.raises(UserError, match=r"a\.png: has transparent pixels"):
        dataset.read_label(0)
    pixels[..., 3] = 255
    save(drawn / "labels/a.png", pixels)
    assert dataset.read_label(0).tolist() == [[1] * 5]


def test_numbers_where_colours_are_expected_are_named(numbered):
    colours = ["#0000ff", "#ff0000"]
    dataset = create_dataset("folder", numbered, classes=["sky", "road"], ids=(colours, ()))
    with pytest.raises(UserError, match="label is 8-bit greyscale, must be 8-bit RGB or 8-bit RG"):
        dataset.read_label(0)


def test_255_may_be_a_class(numbered):
    save(numbered / "labels/a.png", np.array([[0, 255, 0, 255, 0]], np.uint8))
    dataset = create_dataset("folder", numbered, classes=["not", "road"], ids=(["0", "255"], []))
    assert dataset.read_label(0).tolist() == [[0, 1, 0, 1, 0]]


@pytest.mark.parametrize(
    ("kind", "ids", "message"),
    [
        (
            "folder",
            (["7"], []),
            "label_ids: 1 of them; allowed: one for each of the 2 classes, sev",
        ),
        ("folder", (["7", "26"], ["1,26"]), "void_ids: 26 is the id of a class too"),
        ("folder", (["7,8", "8"], []), "label_ids: 8 is the id of two classes"),
        ("folder", (["#ff0000", "8"], []), "label_ids, void_ids: are colours in part; allowed: a"),
        ("folder", ([], ["#ff0000"]), "label_ids, void_ids: are colours in part; allowed: all, o"),
        ("folder", (["#ff0000", "#FF0000"], []), "label_ids, void_ids: #ff0000 stands there twice"),
        ("camvid", (["7", "26"], []), "dataset kind camvid: its label ids are known; label_ids, v"),
    ],
)
def test_ids_that_do_not_fit_are_named(kind, ids, message):
    with pytest.raises(UserError, match=message):
        require_readable(kind, "train", ["road", "car"], ids)
