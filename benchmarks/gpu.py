"""What training and scoring take on a device, measured by `make gpu` at the size of the papers."""

import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from benchmarks.sizes import RADIUS
from cbda.acquisition.scoring import compute_score
from cbda.files.scores import ScoreFile
from cbda.models.images import Resizing
from cbda.models.inference import predict_logits
from cbda.settings.training import TrainingSettings
from cbda.training.loader import Batch
from cbda.training.trainer import Trainer

NUM_WARM = 3
MIB = 2**20


@dataclass(frozen=True)
class TrainingCost:
    """Of an iteration, once it runs warm, without loading."""

    seconds: float
    peak_mib: float  # of the device; 0 on a CPU


def random_batch(settings: TrainingSettings, num_classes: int) -> Batch:
    """Noise with labels in every pixel, at the sizes of the settings."""
    rng, number = torch.Generator().manual_seed(0), settings.batch_size
    parts: list[Tensor] = []
    for height, width in (settings.source_size or settings.image_size, settings.image_size):
        size = (number, height, width)
        parts.append(torch.randn(number, 3, height, width, generator=rng))
        parts.append(torch.randint(num_classes, size, generator=rng, dtype=torch.uint8))
    return Batch(*parts)


def training_cost(trainer: Trainer, batch: Batch, num_iterations: int) -> TrainingCost:
    """Train on one batch over and over."""
    device = trainer.device
    trainer.run([batch] * NUM_WARM, NUM_WARM)
    if device.type == "cuda":
        torch.cuda.reset_peak_memory_stats(device)
    seconds = elapsed_s(lambda: trainer.run([batch] * num_iterations, num_iterations), device)
    peak = torch.cuda.max_memory_allocated(device) / MIB if device.type == "cuda" else 0.0
    return TrainingCost(seconds / num_iterations, peak)


def scoring_costs(
    model: torch.nn.Module,
    resizing: Resizing,
    device: torch.device,
    size: tuple[int, int],
    num_images: int,
    folder: Path,
) -> dict[str, float]:
    """Seconds an image of noise by part, each alone, and all of them as in the command `score`."""
    height, width = size
    image = np.random.default_rng(0).integers(0, 256, (height, width, 3), np.uint8)

    def predict() -> list[Tensor]:
        return list(predict_logits(model, iter([image]), resizing, device, through_input=True))

    (logits,) = predict()
    generator = torch.Generator()

    def score(logits: Tensor) -> tuple[Tensor, Tensor]:
        found, prediction = compute_score("ripu", "region", logits, RADIUS, generator)
        return found.cpu(), prediction.cpu()

    maps = tuple(part.numpy() for part in score(logits))
    facts: dict[str, Any] = {"num_classes": len(logits), "radius": RADIUS}

    def write(scored: Callable[[], tuple[np.ndarray, ...]]) -> None:
        ids = list(map(str, range(num_images)))
        path = folder / "scores.h5"
        with ScoreFile.create(path, ids, height, width, **facts, score="ripu") as write_all:
            write_all((found, labels) for found, labels in (scored() for _ in ids))
        path.unlink()

    parts = {
        "network, and enlarging": lambda: [predict() for _ in range(num_images)],
        "score, and to the host": lambda: [score(logits) for _ in range(num_images)],
        "writing": lambda: write(lambda: maps),
        "all": lambda: write(lambda: tuple(part.numpy() for part in score(predict()[0]))),
    }
    return {name: elapsed_s(part, device) / num_images for name, part in parts.items()}


def elapsed_s(action: Callable[[], object], device: torch.device) -> float:
    """Time of an action, to the end of what it started on a device."""
    synchronise(device)
    start = time.perf_counter()
    action()
    synchronise(device)
    return time.perf_counter() - start


def synchronise(device: torch.device) -> None:
    """Wait for a CUDA device."""
    if device.type == "cuda":
        torch.cuda.synchronize(device)
