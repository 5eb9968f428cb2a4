"""Masks of where nobody is asked."""

import shlex

import numpy as np
import pytest
from PIL import Image

from cbda.cli import main
from cbda.errors import UserError
from cbda.files.never import open_masks
from tests.datasets.layouts import make_folder, save
from tests.pools import write_scores
from tests.selection.rounds import read

COMMAND = """acquire --scores scores.h5 --oracle-root pool --method-unit region --radius 1
    --rounds 1 --round 1 --num-classes 3 --out labels.h5 --never-ask"""


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """A pool of 2 images of 20x30 px, whose best scores are where nobody is to be asked."""
    monkeypatch.chdir(tmp_path)
    make_folder(tmp_path / "pool", 2, 20, 30, 3, np.random.default_rng(0))
    mask = np.zeros((20, 30), np.uint8)
    mask[:10] = 7
    save(tmp_path / "mask.png", mask)
    save(tmp_path / "masks/000.png", mask)
    score = np.random.default_rng(0).random((2, 20, 30), np.float32) + (mask > 0)
    write_scores(tmp_path / "scores.h5", ["000", "001"], score, score.astype(np.uint8), 3, 1)
    return tmp_path


@pytest.mark.parametrize("method", [
    "--method-allocation dynamic --method-balance none",
    "--method-allocation per_image --method-balance consumed",
    "--method-allocation dynamic --method-balance quota",
    "--method-allocation dynamic --method-balance none --method-random-fraction 0.9",
])  # fmt: skip
def test_no_method_asks_where_a_mask_is(folder, capsys, method):
    budget = "--budget 10 --budget-unit queries"
    assert main(shlex.split(f"{COMMAND} mask.png {method} {budget}")) == 0
    assert "never asked: 50.0% of the pool's pixels, by one mask for all images" in (
        capsys.readouterr().out
    )
    rounds = read(folder / "labels.h5", "round")
    assert not rounds[:, :10].any()
    assert len(read(folder / "labels.h5", "query")) == 10


def test_folder_has_a_mask_per_image(folder, capsys):
    method = "--method-allocation per_image --method-balance none --budget 0.1"
    assert main(shlex.split(f"{COMMAND} masks {method}")) == 0
    assert "25.0% of the pool's pixels, by masks of 1 image" in capsys.readouterr().out
    rounds = read(folder / "labels.h5", "round")
    assert rounds[1, :10].any()
    assert not rounds[0, :10].any()


def test_mask_of_another_size_or_none_is_one_line(folder, capsys, monkeypatch):
    method = "--method-allocation per_image --method-balance none --budget 0.1"
    save(folder / "mask.png", np.zeros((20, 31), np.uint8))
    monkeypatch.setattr("cbda.files.never.read_mask", None)  # not before its size is known
    assert main(shlex.split(f"{COMMAND} mask.png {method}")) == 2
    assert "mask.png: mask is" in capsys.readouterr().err
    with pytest.raises(UserError, match="has no masks"):
        open_masks(folder / "pool")


def test_masks_of_no_image_are_counted_and_refused_if_all_are(folder, capsys):
    method = "--method-allocation per_image --method-balance none --budget 0.1"
    (folder / "masks/other.png").write_bytes((folder / "mask.png").read_bytes())
    assert main(shlex.split(f"{COMMAND} masks {method}")) == 0
    assert "masks of 1 image, and 1 of none: other.png" in capsys.readouterr().out
    (folder / "masks/000.png").rename(folder / "masks/000_mask.png")
    assert main(shlex.split(f"{COMMAND} masks {method}")) == 2
    assert "masks: no mask is of an image of the pool" in capsys.readouterr().err


def test_mask_whose_palette_an_optimiser_turned_round_is_refused(tmp_path):
    image = Image.fromarray(np.eye(2, dtype=np.uint8))
    image.putpalette([255, 255, 255, 0, 0, 0])
    image.save(tmp_path / "mask.png")
    with pytest.raises(UserError, match="mask has a palette whose black is not index 0"):
        open_masks(tmp_path / "mask.png").read("a", (2, 2))


def test_mask_that_is_drawn_by_transparency_is_refused(tmp_path):
    save(tmp_path / "mask.png", np.array([[[0, 0, 0, 255], [0, 0, 0, 9]]], np.uint8))
    with pytest.raises(UserError, match=r"mask\.png: has transparent pixels"):
        open_masks(tmp_path / "mask.png").read("a", (1, 2))


def test_any_kind_of_picture_is_a_mask(tmp_path):
    wanted = np.array([[True, False], [False, True]])
    for name, pixels in {
        "grey": wanted * np.uint8(3),
        "colour": np.stack([wanted * np.uint8(0), wanted * np.uint8(9), wanted * np.uint8(0)], 2),
        "bits": wanted,
    }.items():
        save(tmp_path / f"{name}.png", pixels)
        np.testing.assert_array_equal(
            open_masks(tmp_path / f"{name}.png").read("a", (2, 2)), wanted
        )
