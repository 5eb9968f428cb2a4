"""Builders of small pools: a folder data set, and score maps made by hand."""

from pathlib import Path

import numpy as np

from cbda.datasets.catalogue import create_dataset
from cbda.datasets.dataset import Dataset
from cbda.files.scores import create_scores
from tests.datasets.layouts import picture_of, save


def make_pool(root: Path, labels, num_classes: int) -> Dataset:
    """A data set of kind `folder` with these labels, (H,W) uint8 by image id."""
    for image_id, label in labels.items():
        save(root / "images" / f"{image_id}.png", picture_of(label, np.random.default_rng(0)))
        save(root / "labels" / f"{image_id}.png", label)
    return create_dataset("folder", root, classes=[str(c) for c in range(num_classes)])


def write_scores(path: Path, image_ids, score, prediction, num_classes: int, radius: int) -> Path:
    """A score file of maps (N,H,W)."""
    attributes = {"num_classes": num_classes, "radius": radius, "score": "ripu"}
    _, height, width = score.shape
    with create_scores(path, list(image_ids), height, width, attributes) as file:
        file["score"][:], file["prediction"][:] = score, prediction
    return path
