"""The same few images of the pool under every method: prediction, score map, acquired pixels."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from cbda.datasets.dataset import Dataset
from cbda.report.page import Picture
from cbda.report.panels import Maps, gallery_figure
from cbda.report.style import as_jpeg, drawing, save

if TYPE_CHECKING:
    import torch

    from cbda.files.labels import LabelSummary


@dataclass(frozen=True)
class Arm:
    """Where a method's share of the gallery comes from.

    Attributes:
        method: its name.
        scorer_path: checkpoint that scored the last round.
        model_path: checkpoint that is evaluated.
        labels_path: label file of the last round.
    """

    method: str
    scorer_path: Path
    model_path: Path
    labels_path: Path


def draw_gallery(
    arms: list[Arm], pool: Dataset, num_shown: int, device: "torch.device", folder: Path
) -> list[Picture]:
    """A figure per image, with a row per method; also written to a folder."""
    indices = choose_images(len(pool), num_shown)
    maps = {arm.method: compute_maps(arm, pool, indices, device) for arm in arms}
    num_rounds = max(
        int(shown.round.max()) for shown_by in maps.values() for shown in shown_by.values()
    )
    pictures = []
    for index in indices:
        shown = {method: by_image[index] for method, by_image in maps.items()}
        with drawing():
            figure = gallery_figure(
                pool.read_image(index),
                pool.read_label(index),
                shown,
                list(pool.classes),
                num_rounds,
            )
            save(figure, folder, f"gallery_{pool.image_ids[index].replace('/', '_')}")
            pictures.append(Picture(_caption(pool.image_ids[index]), as_jpeg(figure), "image/jpeg"))
    return pictures


def _caption(image_id: str) -> str:
    return (
        f"Image {image_id} of the pool. Score maps are as computed, before class weights; the"
        " brighter, the sooner asked for."
    )


def choose_images(num_images: int, num_shown: int) -> list[int]:
    """Indices of images spread evenly over the pool."""
    count = min(num_images, num_shown)
    return [(2 * place + 1) * num_images // (2 * count) for place in range(count)]


def compute_maps(
    arm: Arm, pool: Dataset, indices: list[int], device: "torch.device"
) -> dict[int, Maps]:
    """Predictions, score maps and acquired pixels of some images; scores are computed again."""
    from cbda.files.labels import LabelFile
    from cbda.models.logits import most_probable

    with LabelFile.open(arm.labels_path) as labels:
        summary, num_rounds = labels.summary, labels.rounds_done
        rounds = {index: labels.read_round(index) for index in indices}
    predictions = {
        index: most_probable(logits).cpu().numpy()
        for index, logits in _logits(arm.model_path, pool, indices, device)
    }
    scores = {
        index: _score(summary, logits, (summary.seed, num_rounds, index))
        for index, logits in _logits(arm.scorer_path, pool, indices, device)
    }
    return {index: Maps(predictions[index], scores[index], rounds[index]) for index in indices}


def _logits(
    path: Path, pool: Dataset, indices: list[int], device: "torch.device"
) -> Iterator[tuple[int, Any]]:
    from cbda.models.checkpoints import load_model
    from cbda.models.inference import predict_logits

    checkpoint, model = load_model(path)
    images = (pool.read_image(index) for index in indices)
    yield from zip(
        indices, predict_logits(model, images, checkpoint.image_size, device), strict=True
    )


def _score(
    summary: "LabelSummary", logits: Any, random_path: tuple[int, int, int]
) -> NDArray[np.float32]:
    """The score map that the command `score` computes; `random_path` is seed, round, image."""
    import torch

    from cbda.acquisition.scoring import compute_score
    from cbda.compute.seeds import Stream, derive_seed

    seed, *path = random_path
    stream = derive_seed(seed, Stream.RANDOM_SCORE, *path)
    generator = torch.Generator().manual_seed(stream)
    score, _ = compute_score(summary.score, summary.unit, logits, summary.radius, generator)
    return np.asarray(score.cpu())
