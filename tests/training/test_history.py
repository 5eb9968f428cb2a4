"""What a training leaves of its course, whether it was stopped between or not."""

import csv
import math
import sys
from io import StringIO
from types import ModuleType, SimpleNamespace
from typing import Any

import pytest
import torch

from cbda.errors import UserError
from cbda.files.checkpoints import load_checkpoint, save_checkpoint
from cbda.models.small import SmallNet
from cbda.settings.training import OptimizerSettings, TrainingSettings
from cbda.training.history import COLUMNS, RecordedTraining, format_history, tensorboard_writer
from cbda.training.loader import create_loader
from cbda.training.trainer import Trainer
from tests.pictures import random_pictures

SETTINGS = TrainingSettings(
    total_iterations=4,
    batch_size=2,
    image_size=(16, 16),
    optimizer=OptimizerSettings(lr=0.01, poly_power=1.0),
)
SOURCE, TARGET = (random_pictures(4, 16, 16, 3, seed) for seed in (1, 2))


def create():
    torch.manual_seed(0)
    return RecordedTraining(Trainer(SmallNet(3, width=4), SETTINGS, torch.device("cpu"), 0))


def train(training, start, stop, target=TARGET):
    loader = create_loader(SOURCE, target, SETTINGS, 0, start, stop)
    training.trainer.run(loader, stop - start, lambda trainer: training.record())


def without_speed(rows):
    return [{name: row[name] for name in row if name != "images_per_second"} for row in rows]


def test_every_iteration_has_its_losses_and_its_rate():
    training = create()
    train(training, 0, 3)
    assert [row["iteration"] for row in training.rows] == [0, 1, 2]
    assert [row["lr"] for row in training.rows] == pytest.approx([0.01, 0.0075, 0.005])
    for row in training.rows:
        terms = [row[name] for name in ("source", "consistency", "target", "negative")]
        assert row["loss"] == pytest.approx(sum(terms))
        assert row["gradient_norm"] > 0
        assert row["images_per_second"] > 0


def test_gradient_norm_is_that_of_all_parameters():
    training = create()
    train(training, 0, 1)
    gradients = [p.grad for p in training.trainer.model.parameters() if p.grad is not None]
    expected = torch.cat([gradient.flatten() for gradient in gradients]).norm().item()
    assert training.rows[0]["gradient_norm"] == pytest.approx(expected, rel=1e-5)


def test_history_goes_on_after_a_stop(tmp_path):
    whole = create()
    train(whole, 0, 4)
    stopped = create()
    train(stopped, 0, 2)
    save_checkpoint(tmp_path / "state", stopped.state())
    again = create()
    again.restore(load_checkpoint(tmp_path / "state"))
    train(again, 2, 4)
    assert without_speed(again.rows) == without_speed(whole.rows)


def test_state_without_history_is_gone_on_from():
    training = create()
    training.restore(training.trainer.state())
    assert training.rows == []


def test_terms_that_a_loss_lacks_are_empty(tmp_path):
    training = create()
    train(training, 0, 1, target=None)
    save_checkpoint(tmp_path / "state", training.state())
    training.restore(load_checkpoint(tmp_path / "state"))
    (row,) = csv.DictReader(StringIO(format_history(training.rows)))
    assert tuple(row) == COLUMNS
    assert (row["iteration"], row["target"], row["negative"]) == ("0", "", "")
    assert math.isclose(float(row["source"]), training.rows[0]["source"], rel_tol=1e-5)


def test_tensorboard_gets_every_number(tmp_path, monkeypatch):
    written: list[tuple[Any, ...]] = []

    def create_writer(folder, purge_step):
        written.append((folder, purge_step))
        add = written.append
        return SimpleNamespace(add_scalar=lambda *words: add(words), close=lambda: None)

    module = ModuleType("torch.utils.tensorboard")
    module.SummaryWriter = create_writer  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "torch.utils.tensorboard", module)
    tensorboard_writer(tmp_path, 7)({"iteration": 7, "loss": 0.5, "lr": 0.1})
    assert written[0] == (str(tmp_path), 7)
    assert written[1:] == [("train/loss", 0.5, 7), ("train/lr", 0.1, 7)]


def test_tensorboard_that_is_not_installed_is_one_line(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "torch.utils.tensorboard", None)
    with pytest.raises(UserError, match="TensorBoard is not installed; allow"):
        tensorboard_writer(tmp_path, 0)
