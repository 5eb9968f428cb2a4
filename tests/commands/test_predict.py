"""The command `predict`: masks and overlays of images of any sizes."""

import math
import re
from collections import OrderedDict

import numpy as np
import pytest
import torch
from PIL import Image
from torch import nn

from cbda.annotation.labelmap import NAME, read_labelmap
from cbda.cli import main
from cbda.files.json_files import write_text
from cbda.models.build import create_model
from cbda.models.checkpoints import Checkpoint, load_model
from cbda.models.images import Resizing
from cbda.models.inference import predict_logits
from cbda.settings.model import ModelSettings
from tests.datasets.layouts import save
from tests.experiments import job

CLASSES = ["road", "pole", "sign"]
RESIZING = Resizing((16, 24), "bicubic", align_corners=True)
OWN_NETWORK = """
from collections import OrderedDict

from torch import nn


def build(num_classes):
    return nn.Sequential(OrderedDict(encoder=nn.Conv2d(3, num_classes, 1)))
"""
SHAPES = {"a": (16, 24), "b": (50, 70)}


@pytest.fixture
def folder(tmp_path):
    """Images of two sizes, beside an untrained network."""
    torch.manual_seed(0)
    network = create_model(ModelSettings(), len(CLASSES)).state_dict()
    *_, weight, bias = network  # of the last layer, which is to prefer no class
    network[weight] -= network[weight].mean(dim=0)
    network[bias].zero_()
    state = {"model": network, "optimizer": {}, "iteration": 0}
    Checkpoint(state, CLASSES, ModelSettings(), RESIZING).save(tmp_path / "m.pt")
    rng = np.random.default_rng(0)
    for name, shape in SHAPES.items():
        save(tmp_path / f"images/{name}.png", rng.integers(0, 256, (*shape, 3), np.uint8))
    return tmp_path


def predict(folder, *options):
    words = ["--checkpoint", folder / "m.pt", "--images", folder / "images", "--device", "cpu"]
    return main(["predict", *map(str, words), "--out", str(folder / "out"), *options])


def logits_of(folder, name):
    checkpoint, model = load_model(folder / "m.pt")
    image = np.asarray(Image.open(folder / f"images/{name}.png"))
    (logits,) = predict_logits(model, iter([image]), checkpoint.resizing, torch.device("cpu"))
    return image, logits


@pytest.mark.parametrize("name", SHAPES)
def test_masks_are_the_most_probable_classes(folder, name):
    assert predict(folder, "--uncertainty", "--probabilities") == 0
    image, logits = logits_of(folder, name)
    mask = Image.open(folder / f"out/masks/{name}.png")
    assert len(logits.argmax(dim=0).unique()) > 1
    np.testing.assert_array_equal(np.asarray(mask), logits.argmax(dim=0).numpy())

    colours = read_labelmap(folder / "out" / NAME)
    palette = np.array([colours[label] for label in CLASSES])
    np.testing.assert_array_equal(np.asarray(mask.convert("RGB")), palette[np.asarray(mask)])
    overlay = np.asarray(Image.open(folder / f"out/overlays/{name}.jpg"))
    assert overlay.shape == image.shape

    probability = logits.softmax(dim=0)
    found = np.load(folder / f"out/probabilities/{name}.npy")
    np.testing.assert_allclose(found, probability.numpy(), atol=1e-3)
    entropy = -(probability * probability.log()).sum(dim=0) / math.log(len(CLASSES))
    shown = np.asarray(Image.open(folder / f"out/uncertainty/{name}.png"))
    np.testing.assert_allclose(shown, 255 * entropy.numpy(), atol=1)


def test_nothing_but_masks_and_overlays_unless_asked(folder):
    assert predict(folder) == 0
    assert sorted(path.name for path in (folder / "out").iterdir()) == [
        ".cbda",
        NAME,
        "masks",
        "overlays",
    ]


def test_damaged_and_lost_masks_are_named_by_verify(folder, capsys):
    assert predict(folder) == 0
    assert main(["verify", str(folder / "out")]) == 0
    lost, damaged = folder / "out/masks/a.png", folder / "out/overlays/b.jpg"
    lost.unlink()
    damaged.write_bytes(damaged.read_bytes()[:-1] + b"0")
    capsys.readouterr()
    assert main(["verify", str(folder / "out")]) == 2
    table = capsys.readouterr().out
    assert re.search(r"masks/a.png +predict +gone", table)
    assert re.search(r"overlays/b.jpg +predict +damaged: other bytes", table)
    assert "2 of them not as made" in table


def test_record_of_a_mask_names_no_path(folder):
    assert predict(folder) == 0
    record = folder / "out/masks/.cbda/a.png.json"
    assert str(folder) not in record.read_text()
    before = record.read_text()
    (folder / "images").rename(folder / "pictures")
    assert predict(folder, "--images", str(folder / "pictures")) == 0
    assert record.read_text() == before


def test_large_images_are_seen_tile_by_tile(folder):
    assert predict(folder) == 0
    whole = (folder / "out/masks/b.png").read_bytes()
    small = (folder / "out/masks/a.png").read_bytes()
    assert predict(folder, "--tile", "16", "24") == 0
    assert (folder / "out/masks/b.png").read_bytes() != whole
    assert (folder / "out/masks/a.png").read_bytes() == small


def test_network_of_ones_own_is_found_where_it_is_said_to_be(folder, capsys):
    (folder / "mine").mkdir()
    (folder / "mine/net.py").write_text(OWN_NETWORK)
    settings = ModelSettings(architecture="net.py:build")
    weights = nn.Sequential(OrderedDict(encoder=nn.Conv2d(3, len(CLASSES), 1))).state_dict()
    state = {"model": weights, "optimizer": {}, "iteration": 0}
    Checkpoint(state, CLASSES, settings, RESIZING).save(folder / "m.pt")
    assert predict(folder) == 2
    assert "give --network FOLDER/net.py:build" in capsys.readouterr().err
    assert predict(folder, "--network", f"{folder}/mine/net.py:build") == 0
    assert (folder / "out/masks/a.png").is_file()


def test_folder_without_images_is_named(folder, capsys):
    (folder / "images/a.png").rename(folder / "images/a.tif")
    (folder / "images/b.png").unlink()
    assert predict(folder) == 2
    assert "no image *.png or *.jpg or *.jpeg in" in capsys.readouterr().err


def test_folders_of_images_are_those_of_their_masks(folder, capsys):
    (folder / "images/city").mkdir()
    (folder / "images/b.png").rename(folder / "images/city/a.png")
    (folder / "images/notes.txt").touch()
    assert predict(folder) == 0
    made = sorted((folder / "out/masks").rglob("*.png"))
    assert made == [folder / "out/masks/a.png", folder / "out/masks/city/a.png"]
    said = capsys.readouterr().out
    assert f"1 file passed over in {folder}/images: notes.txt" in said
    assert "masks of 2 images" in said


@pytest.mark.parametrize("name", ["masks/b.png", "overlays/a.jpg", NAME])
def test_what_was_not_made_by_predict_stays(folder, name, capsys):
    mine = folder / "out" / name
    mine.parent.mkdir(parents=True)
    mine.write_text("mine")
    assert predict(folder) == 2
    assert f"{mine}: is there already, and cbda did not make it" in capsys.readouterr().err
    assert [path for path in (folder / "out").rglob("*") if path.is_file()] == [mine]


def test_mask_that_was_edited_stays(folder, capsys):
    assert predict(folder) == 0
    edited = folder / "out/masks/a.png"
    edited.write_bytes(b"corrected")
    assert predict(folder) == 2
    assert f"{edited}: is not as `cbda predict` made it" in capsys.readouterr().err
    assert edited.read_bytes() == b"corrected"


def test_lost_mask_is_named_and_made_again(folder, capsys):
    assert predict(folder) == 0
    lost = folder / "out/masks/a.png"
    lost.unlink()
    assert predict(folder) == 0
    assert f"1 file of an earlier run lost, and made anew: {lost}" in capsys.readouterr().out
    assert lost.exists()


def test_folder_of_the_images_is_no_place_for_masks(folder, capsys):
    for place in ("images", "images/masks"):
        assert predict(folder, "--out", str(folder / place)) == 2
        assert "lies in the folder of the images" in capsys.readouterr().err
    assert sorted(path.name for path in (folder / "images").iterdir()) == ["a.png", "b.png"]


def other_model(folder):
    checkpoint, _ = load_model(folder / "m.pt")
    checkpoint.state["iteration"] = 1
    checkpoint.save(folder / "m.pt")


def test_masks_of_two_models_are_not_complete(folder, capsys):
    save(folder / "images/c.png", np.zeros((16, 24, 3), np.uint8))
    assert predict(folder) == 0
    sound = (folder / "images/b.png").read_bytes()
    (folder / "images/b.png").write_bytes(sound[:-40])
    other_model(folder)
    assert predict(folder) == 2
    assert main(["verify", str(folder / "out")]) == 2
    assert re.search(rf"{NAME} +predict +gone", capsys.readouterr().out)
    (folder / "images/b.png").write_bytes(sound)
    assert predict(folder) == 0
    assert main(["verify", str(folder / "out")]) == 0


def test_maps_that_are_not_asked_for_any_more_are_named(folder, capsys):
    assert predict(folder, "--uncertainty") == 0
    other_model(folder)
    assert predict(folder) == 0
    left = [f"{folder}/out/uncertainty/{name}.png" for name in SHAPES]
    assert f"not asked for, stay: {', '.join(left)}" in capsys.readouterr().out


def test_folder_of_other_results_is_no_place_for_masks(folder, capsys):
    with job("finetune"):
        write_text(folder / "out/metrics.json", "{}")
    assert predict(folder) == 2
    assert "out: holds metrics.json, a result of cbda finetune; give" in capsys.readouterr().err


def test_masks_of_images_that_are_gone_are_named(folder, capsys):
    assert predict(folder) == 0
    (folder / "images/b.png").unlink()
    assert predict(folder) == 0
    left = [f"{folder}/out/masks/b.png", f"{folder}/out/overlays/b.jpg"]
    assert "2 files of an earlier run, of what is not in" in capsys.readouterr().out
    assert main(["verify", str(folder / "out")]) == 0  # they are by the same model
    other_model(folder)
    assert predict(folder) == 0
    assert f"stay: {', '.join(left)}" in capsys.readouterr().out
    assert main(["verify", str(folder / "out")]) == 2
    table = capsys.readouterr().out
    assert len(re.findall(rf"b\..+foreign: was predicted by another model than {NAME}", table)) == 2
