"""Generated logits, score maps and pools at the size of Cityscapes."""

import os
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image
from torch import Tensor
from torch.nn import functional

from benchmarks.sizes import HEIGHT, NUM_CLASSES, RADIUS, WIDTH
from cbda.acquisition import ripu_region
from cbda.files.scores import ScoreFile

SCALES = ((64, 4.0), (16, 2.0), (4, 0.7))  # size in px and weight of the blobs of a class
NUM_DIFFERENT = 6
Maps = tuple[NDArray[np.float32], NDArray[np.uint8]]


def make_logits(seed: int) -> Tensor:
    """Smooth logits (C,H,W) float32, in which classes form blobs of several sizes."""
    generator = torch.Generator().manual_seed(seed)
    logits = torch.zeros(NUM_CLASSES, HEIGHT, WIDTH)
    for scale, weight in SCALES:
        noise = torch.randn(1, NUM_CLASSES, HEIGHT // scale, WIDTH // scale, generator=generator)
        logits += weight * functional.interpolate(noise, (HEIGHT, WIDTH), mode="bilinear")[0]
    return logits


def make_maps(num_images: int) -> list[Maps]:
    """Score and prediction of a few images, some surer than others."""
    scored = (ripu_region(make_logits(s) * (0.6 + 0.2 * s), RADIUS) for s in range(num_images))
    return [(score.numpy(), prediction.numpy()) for score, prediction in scored]


def write_pool(folder: Path, num_images: int, different: list[Maps]) -> Path:
    """A score file of many images, and a dataset of kind `folder` to ask; the file's path."""
    ids = [f"{index:05d}" for index in range(num_images)]
    rng = np.random.default_rng(num_images)

    def variant(index: int) -> Maps:
        score, prediction = different[index % len(different)]
        shift, factor = int(rng.integers(WIDTH)), np.float32(rng.uniform(0.9, 1.1))
        return np.roll(score, shift, 1) * factor, np.roll(prediction, shift, 1)

    path = folder / "scores.h5"
    about: dict[str, Any] = {"num_classes": NUM_CLASSES, "radius": RADIUS, "score": "ripu"}
    with ScoreFile.create(path, ids, HEIGHT, WIDTH, **about) as write:
        write(map(variant, range(num_images)))
    _write_oracle(folder, ids, [prediction for _, prediction in different])
    return path


def _write_oracle(folder: Path, ids: list[str], labels: list[NDArray[np.uint8]]) -> None:
    """Labels, and images of nothing; files of equal content are one file."""
    for name in ("images", "labels"):
        (folder / name).mkdir()
    nothing = np.zeros((HEIGHT, WIDTH, 3), np.uint8)
    for index, image_id in enumerate(ids):
        for name, pixels in (("images", nothing), ("labels", labels[index % len(labels)])):
            path = folder / name / f"{image_id}.png"
            if index < len(labels):
                Image.fromarray(pixels).save(path)
            else:
                os.link(folder / name / f"{ids[index % len(labels)]}.png", path)
