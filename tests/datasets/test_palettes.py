"""Labels in greys whose palette is in another order."""

import numpy as np
import pytest
from PIL import Image

from cbda.datasets.catalogue import create_dataset
from cbda.datasets.palettes import IDENTITY, find_doubt, name_colours
from cbda.datasets.vocabulary import listed_table
from cbda.errors import UserError
from tests.datasets.layouts import make_folder, save

LABEL = np.arange(60, dtype=np.uint8).reshape(6, 10) % 5
TABLE = listed_table((), (), 5)


def greys(*values):
    return bytes(value for value in values for _ in range(3))


@pytest.mark.parametrize(
    "values",
    [(4, 2, 0, 3, 1), (0, 1, 2, 4, 3), (0, 1, 2, 3, 255)],
    ids=["by frequency", "two swapped", "void as the last index"],
)
def test_greys_that_are_other_ids_leave_doubt(values):
    assert "shows index" in find_doubt(greys(*values), LABEL, TABLE)


def test_palette_of_one_grey_leaves_doubt():
    assert "index 0 as grey 4" in find_doubt(greys(4), np.zeros((6, 10), np.uint8), TABLE)


@pytest.mark.parametrize(
    "palette",
    [b"", IDENTITY, IDENTITY[:15], greys(0, 60, 120, 180, 240), greys(4, 3, 2, 1, 0) + b"\1\2\3"],
    ids=["no palette", "identity", "identity cut off", "stretched greys", "colours"],
)
def test_palettes_that_show_no_other_ids_leave_none(palette):
    assert not find_doubt(palette, LABEL, TABLE)


def test_black_and_white_mask_of_two_classes_leaves_none():
    assert not find_doubt(greys(0, 255), LABEL % 2, listed_table((), (), 2))


def test_greys_that_no_pixel_has_leave_none():
    assert not find_doubt(greys(0, 1, 2, 4, 3), LABEL % 3, TABLE)


def test_colours_of_greyscale_are_its_values():
    found = dict(name_colours(b"", LABEL % 2))
    assert found == {(True, 0): b"\0\0\0", (True, 1): b"\1\1\1"}


def test_colours_of_a_palette_are_apart_from_greys():
    assert dict(name_colours(b"\1\2\3\4\5\6", LABEL * 0 + 1)) == {(False, 1): b"\4\5\6"}


def test_label_as_an_optimiser_leaves_it_is_refused_when_it_is_read(tmp_path):
    """Pixel by pixel the same greys as before; see also the program pyoxipng."""
    make_folder(tmp_path, 2, 6, 10, 5, np.random.default_rng(0))
    path = tmp_path / "labels/001.png"
    save(path, LABEL)
    before = create_dataset("folder", tmp_path, classes="abcde").read_label(1)
    order = [4, 2, 0, 3, 1]
    picture = Image.fromarray(np.argsort(order).astype(np.uint8)[LABEL])
    picture.putpalette(greys(*order))
    picture.save(path)
    assert (np.array(Image.open(path).convert("L")) == before).all()
    with pytest.raises(UserError, match=r"001\.png: its palette shows index 0 as grey 4, which is"):
        create_dataset("folder", tmp_path, classes="abcde").read_label(1)
