"""A checkpoint builds its model again, and says what it was trained by."""

import re
from pathlib import Path

import pytest
import torch

import cbda
from cbda.errors import UserError
from cbda.files.checkpoints import load_checkpoint, save_checkpoint
from cbda.models.build import create_model
from cbda.models.checkpoints import Checkpoint, current_versions, load_model
from cbda.models.images import Resizing
from cbda.settings.model import ModelSettings

PACKAGE = Path(cbda.__file__).parent
RESIZING = Resizing((8, 16), "bicubic", align_corners=True)
CONFIGURATION = {"seed": 3, "training": {"image_size": (8, 16), "optimizer": {"lr": 0.1}}}


@pytest.fixture
def state():
    torch.manual_seed(0)
    model = create_model(ModelSettings(), 3)
    return {"model": model.state_dict(), "optimizer": {"state": {}}, "iteration": 4}


@pytest.fixture
def checkpoint(state):
    return Checkpoint(state, ["a", "b", "c"], ModelSettings(), RESIZING, CONFIGURATION)


def test_checkpoint_builds_its_model_again(checkpoint, tmp_path):
    checkpoint.save(tmp_path / "model.pt")
    found, model = load_model(tmp_path / "model.pt")
    assert found.state["iteration"] == 4
    assert (found.classes, found.resizing) == (["a", "b", "c"], RESIZING)
    again = model.state_dict()
    assert all(torch.equal(value, again[name]) for name, value in found.state["model"].items())


def test_checkpoint_holds_the_configuration_and_the_versions(checkpoint, tmp_path):
    checkpoint.save(tmp_path / "model.pt")
    found, _ = load_model(tmp_path / "model.pt")
    assert found.configuration == CONFIGURATION
    assert found.versions == current_versions()
    assert set(found.versions) == {"cbda", "commit", "torch", "numpy", "Python"}


def test_equal_checkpoints_are_equal_bytes(checkpoint, tmp_path):
    for name in ("one.pt", "other.pt"):
        checkpoint.save(tmp_path / name)
    assert (tmp_path / "one.pt").read_bytes() == (tmp_path / "other.pt").read_bytes()


def test_checkpoint_of_version_0_1_0_has_no_configuration(state, tmp_path):
    content = {"classes": ["a", "b", "c"], "image_size": [8, 16]}
    settings = {"architecture": "small", "encoder": "none", "encoder_weights": "none",
                "decoder_channels": (), "output_stride": 0, "freeze_batch_norm": False}  # fmt: skip
    save_checkpoint(tmp_path / "model.pt", {**state, **content, "model_settings": settings})
    found, _ = load_model(tmp_path / "model.pt")
    assert (found.resizing, found.configuration, found.versions) == (Resizing((8, 16)), {}, {})


def test_no_other_module_indexes_a_checkpoint():
    """Its keys are known to `models/checkpoints.py` alone, and to what reads and writes files."""
    key = re.compile(r"""checkpoint\w*(\[|\.get\()|["'](model_settings|image_size)["']\]""")
    paths = [path for path in PACKAGE.rglob("*.py") if path.name != "checkpoints.py"]
    assert not [path for path in paths if key.search(path.read_text(encoding="utf-8"))]


# A name by which the library would download what the network looks like.
HUB = {"architecture": "unet", "encoder": "tu-hf-hub:someone/something"}


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"classes": None}, "lacks classes, or has them of another type"),
        ({"classes": ["a"]}, "its parts do not fit together"),
        ({"model_settings": {"architecture": "fcn"}}, "model.architecture: 'fcn'; allowed: small"),
        ({"image_size": [8]}, "its parts do not fit together"),
        ({"image_size": [10**9, 10**9]}, "its parts do not fit together"),
        ({"image_size": ["8", -8]}, "its parts do not fit together"),
        ({"classes": [1, 2, 3]}, "its parts do not fit together"),
        ({"model_settings": HUB}, "model.encoder: 'tu-hf-hub:someone/.* allowed: a name of let"),
    ],
)
def test_checkpoint_that_does_not_fit_is_one_line(checkpoint, tmp_path, change, message):
    path = tmp_path / "model.pt"
    checkpoint.save(path)
    save_checkpoint(path, {**load_checkpoint(path), **change})
    with pytest.raises(UserError, match=f"model.pt: {message}"):
        load_model(path)
