"""Builders of small pools: a folder data set, and score maps made by hand."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from cbda.datasets.catalogue import create_dataset
from cbda.datasets.dataset import Dataset
from cbda.files.labels import LabelFile, LabelSummary
from cbda.files.scores import ScoreFile
from tests.datasets.layouts import picture_of, save


def make_pool(root: Path, labels, num_classes: int) -> Dataset:
    """A data set of kind `folder` with these labels, (H,W) uint8 by image id."""
    for image_id, label in labels.items():
        save(root / "images" / f"{image_id}.png", picture_of(label, np.random.default_rng(0)))
        save(root / "labels" / f"{image_id}.png", label)
    return create_dataset("folder", root, classes=[str(c) for c in range(num_classes)])


def write_scores(
    path: Path,
    image_ids,
    score,
    prediction,
    num_classes: int,
    radius: int,
    name: str = "ripu",
    **beside,
) -> Path:
    """A score file of maps (N,H,W), and of what is kept beside them."""
    about: dict[str, Any] = {"num_classes": num_classes, "radius": radius, "score": name}
    about["beside"] = list(beside)
    with ScoreFile.create(path, list(image_ids), *score.shape[1:], **about) as write:
        write(zip(score, prediction, *beside.values(), strict=True))
    return path


def summarise(class_counts, void_counts=None, **changes: Any) -> LabelSummary:
    """Attributes of labels of random regions, acquired pixels (r,C) by round and class."""
    counts = np.array(class_counts, np.int64)
    void = np.zeros(len(counts)) if void_counts is None else np.array(void_counts)
    summary = LabelSummary(
        score="random",
        unit="region",
        allocation="per_image",
        balance="none",
        random_fraction=0.0,
        budget=0.1,
        rounds=max(len(counts), 1),
        radius=1,
        seed=0,
        class_counts=counts,
        void_counts=void.astype(np.int64),
        class_weights=np.ones(counts.shape[1]),
        num_pool_px=int(counts.sum()),
    )
    return replace(summary, **changes)


def write_labels(path: Path, image_ids, label, rounds, summary: LabelSummary, queries=()) -> Path:
    """A label file of maps (N,H,W) and queries (M,4)."""
    with LabelFile.create(path, list(image_ids), *label.shape[1:]) as file:
        for index, maps in enumerate(zip(label, rounds, strict=True)):
            file.write(index, file.pack(*(values.astype(np.uint8) for values in maps)))
        file.write_queries(len(queries), [np.array(queries, np.int32).reshape(-1, 4)])
        file.finish(summary)
    return path
