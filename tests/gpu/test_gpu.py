"""What only a GPU can show: the same numbers as a CPU's, the same bytes twice, and what it costs.

`make gpu` runs it on one card, in ten minutes at most; it needs no data, network or Snakemake.
"""

import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
import yaml

from benchmarks.gpu import random_batch, scoring_costs, training_cost
from benchmarks.sizes import HEIGHT, NUM_CLASSES, WIDTH
from benchmarks.tables import Table
from cbda.acquisition.scoring import find_score
from cbda.compute.gpus import visible_gpus
from cbda.files.checkpoints import load_checkpoint, save_checkpoint
from cbda.models.build import create_model
from cbda.models.images import Resizing
from cbda.selection import select
from cbda.selection.units import paint, suppression_radius
from cbda.settings.model import ModelSettings
from cbda.settings.training import OptimizerSettings, TrainingSettings
from cbda.training.loader import create_loader
from cbda.training.trainer import Trainer
from cbda.workflow.config import Config, load_config
from tests.conformance import CASES, load_case, our_score
from tests.pictures import random_pictures
from tests.sections import replace

pytestmark = pytest.mark.gpu

ROOT = Path(__file__).parents[2]
SMALL = TrainingSettings(
    total_iterations=8,
    batch_size=2,
    image_size=(64, 96),
    source_size=(72, 96),
    align_corners=True,
    optimizer=OptimizerSettings(name="sgd", lr=0.001),
)
NETWORKS = {
    "small": ModelSettings(),
    "deeplabv2": ModelSettings(architecture="deeplabv2", encoder="resnet18"),
    "deeplabv3plus_ripu": ModelSettings(architecture="deeplabv3plus_ripu", encoder="resnet18"),
    "unet": ModelSettings(architecture="unet", encoder="resnet18"),
}
SOURCE, TARGET = (random_pictures(6, 72, 96, 5, seed) for seed in (1, 2))
NUM_TIMED = 5
NUM_SCORED = 10


def create_trainer(name: str, device: torch.device, settings: TrainingSettings = SMALL) -> Trainer:
    torch.manual_seed(0)
    return Trainer(create_model(NETWORKS[name], 5), settings, device, seed=3)


def train(trainer: Trainer, start: int, stop: int) -> float:
    loader = create_loader(SOURCE, TARGET, trainer.settings, 3, start, stop)
    return trainer.run(loader, stop - start)["loss"]


def weights(trainer: Trainer) -> dict[str, torch.Tensor]:
    return {name: value.cpu() for name, value in trainer.model.state_dict().items()}


def assert_equal(one: Trainer, other: Trainer) -> None:
    found = weights(other)
    assert all(torch.equal(value, found[name]) for name, value in weights(one).items())


@pytest.mark.parametrize("unit", ["region", "pixel"])
@pytest.mark.parametrize("name", CASES)
def test_scores_and_picks_are_those_of_the_cpu(name: str, unit: str, cuda: torch.device) -> None:
    case = load_case(name)
    blocked = np.zeros(our_score(name, unit, 0).shape, np.bool_)
    for number in case.rounds:
        logits = torch.from_numpy(case.arrays[f"logits_{number}"]).to(cuda)
        score = find_score("ripu", unit)(logits, case.radius)[0].cpu().numpy()
        np.testing.assert_allclose(score, our_score(name, unit, number), rtol=0, atol=1e-5)
        published = case.read("order", unit, number)
        picks = select(score, blocked, len(published), case.radius, unit)
        np.testing.assert_array_equal(picks, published)
        paint(blocked, picks, suppression_radius(case.radius, unit))


@pytest.mark.parametrize("name", NETWORKS)
def test_two_trainings_are_equal_bit_for_bit(name: str, cuda: torch.device) -> None:
    trainers = [create_trainer(name, cuda) for _ in range(2)]
    for trainer in trainers:
        train(trainer, 0, 4)
    assert_equal(*trainers)


@pytest.mark.parametrize("name", NETWORKS)
def test_training_goes_on_bit_for_bit(name: str, cuda: torch.device, tmp_path: Path) -> None:
    whole, stopped = (create_trainer(name, cuda) for _ in range(2))
    train(whole, 0, 6)
    train(stopped, 0, 3)
    save_checkpoint(tmp_path / "state", stopped.state())
    again = create_trainer(name, cuda)
    again.restore(load_checkpoint(tmp_path / "state"))
    train(again, 3, 6)
    assert_equal(whole, again)


@pytest.mark.parametrize("name", NETWORKS)
def test_losses_are_those_of_the_cpu(name: str, cuda: torch.device) -> None:
    found, expected = (train(create_trainer(name, d), 0, 2) for d in (cuda, torch.device("cpu")))
    assert found == pytest.approx(expected, rel=5e-3)  # convolutions may be computed in TF32


@pytest.mark.parametrize("name", NETWORKS)
def test_bfloat16_learns_as_float32_does(name: str, cuda: torch.device) -> None:
    settings = [replace(SMALL, precision=precision) for precision in ("float32", "bfloat16")]
    found = [train(create_trainer(name, cuda, one), 0, 8) for one in settings]
    assert found[1] == pytest.approx(found[0], rel=0.05)


def test_pinned_memory_and_workers_change_nothing(cuda: torch.device) -> None:
    one, other = (create_trainer("small", cuda) for _ in range(2))
    train(one, 0, 4)
    settings = replace(SMALL, num_workers=2)
    other.run(create_loader(SOURCE, TARGET, settings, 3, 0, 4, pin_memory=True), 4)
    assert_equal(one, other)


CLAIM = """
import os, sys
from cbda.compute.gpus import claim_gpu
print(claim_gpu(os.environ).uuid, flush=True)
sys.stdin.read()
"""


def test_a_gpu_in_use_is_waited_for(cuda: torch.device, tmp_path: Path) -> None:
    """As many processes as there are GPUs get one each, one more waits until another ends."""
    import os

    gpus = visible_gpus(os.environ)
    environment = {**os.environ, "CBDA_GPU_LOCKS": str(tmp_path), "PYTHONPATH": str(ROOT)}
    command = [sys.executable, "-c", CLAIM]
    pipes: dict[str, Any] = {"stdin": -1, "stdout": -1, "stderr": -1, "text": True}
    holders = [subprocess.Popen(command, env=environment, **pipes) for _ in gpus]
    claimed = {holder.stdout.readline().strip() for holder in holders if holder.stdout}
    assert claimed == {gpu.uuid for gpu in gpus}
    late = subprocess.Popen(command, env=environment, **pipes)
    assert late.stderr is not None
    assert "all in use" in late.stderr.readline()
    for process in (holders[0], late, *holders[1:]):
        process.communicate("")
    assert late.returncode == 0


def paper(name: str) -> Config:
    """The configuration of the papers, with DeepLab-v2 in the row of RIPU."""
    sections: dict[str, Any] = {}
    for file in ("gtav_cityscapes", *(["ripu_region"] if name == "deeplabv2" else [])):
        text = (ROOT / f"workflow/configs/{file}.yaml").read_text()
        for section, values in yaml.safe_load(text).items():
            sections[section] = (
                {**sections.get(section, {}), **values} if isinstance(values, dict) else values
            )
    return load_config(sections, {"GTAV_ROOT": "/gtav", "CITYSCAPES_ROOT": "/cityscapes"})


def create_paper_model(config: Config) -> torch.nn.Module:
    """Random weights, whose residual branches are small so that nothing overflows."""
    torch.manual_seed(0)
    model = create_model(replace(config.model, encoder_weights="none"), NUM_CLASSES)
    for name, weight in model.named_parameters():
        if name.endswith("bn3.weight"):
            torch.nn.init.constant_(weight, 0.1)
    return model


WAYS: dict[str, dict[str, Any]] = {
    "float32, as published": {},
    "float32, not repeatable": {"deterministic": False},
    "bfloat16": {"precision": "bfloat16"},
    "bfloat16, not repeatable": {"precision": "bfloat16", "deterministic": False},
    "bfloat16, not repeatable, compiled": {
        "precision": "bfloat16",
        "deterministic": False,
        "compiled": True,
    },
}


def test_cost_of_an_iteration(cuda: torch.device, tables: list[Table]) -> None:
    title = "Training at the size of the papers, without loading"
    table = Table(title, ("network", "how", "s an iteration", "images/s", "peak MiB"))
    tables.append(table)
    for name in ("deeplabv3plus_ripu", "deeplabv2"):
        config = paper(name)
        for way, options in WAYS.items():
            deterministic = options.get("deterministic", True)
            torch.use_deterministic_algorithms(deterministic, warn_only=True)
            torch.backends.cudnn.benchmark = not deterministic
            settings = replace(config.training, precision=options.get("precision", "float32"))
            model = create_paper_model(config)
            trainer = Trainer(model, settings, cuda, 0, config.model.freeze_batch_norm)
            if options.get("compiled"):
                model.compile()
            cost = training_cost(trainer, random_batch(settings, NUM_CLASSES), NUM_TIMED)
            speed = 2 * settings.batch_size / cost.seconds
            cells = f"{cost.seconds:.3f}", f"{speed:.1f}", f"{cost.peak_mib:,.0f}"
            table.add(config.model.architecture, way, *cells)
            del trainer, model
            torch.cuda.empty_cache()
    assert len(table.rows) == 2 * len(WAYS)


def test_cost_of_scoring(cuda: torch.device, tables: list[Table], tmp_path: Path) -> None:
    title = f"Scoring of images of {HEIGHT} x {WIDTH} px, seconds an image"
    table = Table(title, ("network", "part", "s", "images/s"))
    tables.append(table)
    for name in ("deeplabv3plus_ripu", "deeplabv2"):
        config = paper(name)
        training = config.training
        resizing = Resizing(training.image_size, training.interpolation, training.align_corners)
        model = create_paper_model(config)
        costs = scoring_costs(model, resizing, cuda, (HEIGHT, WIDTH), NUM_SCORED, tmp_path)
        for part, seconds in costs.items():
            table.add(name, part, f"{seconds:.3f}", f"{1 / seconds:.1f}")
        assert costs["all"] > 0
