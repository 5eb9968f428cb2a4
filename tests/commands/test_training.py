"""What `pretrain` and `finetune` leave in their checkpoints beside the model."""

import numpy as np
import pytest

from cbda.cli import main
from cbda.files.checkpoints import load_checkpoint, save_checkpoint
from cbda.models.checkpoints import current_versions, load_model
from cbda.settings.training import TrainingSettings
from tests.datasets.layouts import make_folder

DATA = "--source-root source --target-root target"
TRAINING = "--training-total-iterations 3 --training-batch-size 1 --training-image-size 16 24"
SEED = "--seed 5 --device cpu"


@pytest.fixture
def data(tmp_path, monkeypatch):
    """The working directory, with a source and a pool of two images each."""
    monkeypatch.chdir(tmp_path)
    for name in ("source", "target"):
        make_folder(tmp_path / name, 2, 16, 24, 3, np.random.default_rng(0))
    return tmp_path


def pretrain(out, more=""):
    words = f"pretrain {DATA} --classes a b c {TRAINING} --iterations 1 {SEED} {more} --out {out}"
    assert main(words.split()) == 0


def test_checkpoint_holds_all_settings_of_its_training(data):
    pretrain("model.pt", "--training-optimizer-lr 0.01 --training-loss-negative 0.5")
    checkpoint, _ = load_model(data / "model.pt")
    settings = TrainingSettings(**checkpoint.configuration["training"])
    assert (settings.optimizer.lr, settings.loss.negative) == (0.01, 0.5)
    assert (settings.total_iterations, settings.image_size) == (3, (16, 24))
    rest = {name: checkpoint.configuration[name] for name in ("command", "seed", "iterations")}
    assert rest == {"command": "pretrain", "seed": 5, "iterations": 1}
    content = {"kind": "folder", "split": "", "digest": ""}
    assert checkpoint.configuration["datasets"] == {"source": content, "target": content}
    assert checkpoint.configuration["model"] == checkpoint.model_settings.model_dump()
    assert checkpoint.versions == current_versions()


def test_finetune_records_its_own_settings_and_the_network(data):
    pretrain("model.pt")
    words = f"finetune {DATA} --checkpoint model.pt --all-labels {TRAINING} --until 2 {SEED}"
    assert main([*words.split(), "--training-color-jitter", "0.2", "--out", "next.pt"]) == 0
    checkpoint, _ = load_model(data / "next.pt")
    assert checkpoint.configuration["training"]["color_jitter"] == 0.2
    assert checkpoint.configuration["model"] == checkpoint.model_settings.model_dump()
    assert (checkpoint.configuration["command"], checkpoint.configuration["all_labels"]) == (
        "finetune",
        True,
    )


def test_what_is_not_given_is_that_of_the_checkpoint(data):
    pretrain("model.pt", "--training-optimizer-lr 0.01 --no-training-horizontal-flip")
    words = f"finetune {DATA} --checkpoint model.pt --all-labels --until 2 {SEED}"
    assert main([*words.split(), "--training-color-jitter", "0.2", "--out", "next.pt"]) == 0
    before, after = (load_model(data / name)[0] for name in ("model.pt", "next.pt"))
    wanted = {**before.configuration["training"], "color_jitter": 0.2}
    assert after.configuration["training"] == wanted
    assert after.resizing == before.resizing


def test_checkpoint_that_tells_its_size_alone_is_trained_at_it(data):
    pretrain("model.pt")
    content = load_checkpoint(data / "model.pt")
    save_checkpoint(data / "model.pt", {**content, "configuration": {}})
    words = f"finetune {DATA} --checkpoint model.pt --all-labels --until 2 {SEED}"
    assert main([*words.split(), "--training-batch-size", "1", "--out", "next.pt"]) == 0
    training = load_model(data / "next.pt")[0].configuration["training"]
    assert (training["image_size"], training["total_iterations"]) == ((16, 24), 1150)


@pytest.mark.parametrize("optimizer", [{}, {"param_groups": [], "state": {}}])
def test_optimizer_of_another_model_is_one_line(data, optimizer, capsys):
    pretrain("model.pt")
    save_checkpoint(
        data / "model.pt", {**load_checkpoint(data / "model.pt"), "optimizer": optimizer}
    )
    words = f"finetune {DATA} --checkpoint model.pt --all-labels {TRAINING} --until 2 {SEED}"
    assert main([*words.split(), "--out", "next.pt"]) == 2
    line = capsys.readouterr().err.splitlines()[-1]
    assert line.startswith("cbda finetune: error: model.pt: no training goes on from it (")


@pytest.mark.parametrize(
    "error",
    [
        MemoryError("Unable to allocate 13.0 GiB"),
        RuntimeError("CUDA out of memory. Tried"),
        RuntimeError("DefaultCPUAllocator: can't allocate memory"),
    ],
)
def test_want_of_memory_is_one_line(data, monkeypatch, capsys, error):
    def fail(*_):
        raise error

    monkeypatch.setattr("cbda.training.trainer.Trainer.run", fail)
    words = f"pretrain {DATA} --classes a b c {TRAINING} --iterations 1 {SEED} --out model.pt"
    assert main(words.split()) == 2
    assert f"cbda pretrain: error: out of memory: {error}" in capsys.readouterr().err


def test_place_of_the_data_changes_no_byte(data):
    (data / "report.json").write_text('{"num_images": 2, "digest": "abc"}')
    pretrain("one.pt", "--source-report report.json")
    for name in ("source", "report.json"):
        (data / name).rename(data / f"moved {name}")
    words = f"pretrain --target-root target --classes a b c {TRAINING} --iterations 1 {SEED}"
    places = ["--source-root", "moved source", "--source-report", "moved report.json"]
    assert main([*words.split(), *places, "--out", "other.pt"]) == 0
    assert (data / "one.pt").read_bytes() == (data / "other.pt").read_bytes()
    checkpoint, _ = load_model(data / "other.pt")
    assert checkpoint.configuration["datasets"]["source"]["digest"] == "abc"


def test_report_of_another_dataset_is_refused(data, capsys):
    (data / "report.json").write_text('{"num_images": 3}')
    words = f"pretrain {DATA} --classes a b c {TRAINING} --iterations 1 {SEED} --out model.pt"
    assert main([*words.split(), "--source-report", "report.json"]) == 2
    assert "report.json: tells of 3 images, but source has 2 now" in capsys.readouterr().err


def test_what_changes_no_result_changes_no_byte(data):
    pretrain("one.pt")
    pretrain("other.pt", "--training-num-workers 1 --state-interval-s 0 --metrics metrics.json")
    assert (data / "one.pt").read_bytes() == (data / "other.pt").read_bytes()
