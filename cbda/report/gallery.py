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

    from cbda.files.features import FeatureFile
    from cbda.files.labels import LabelSummary


@dataclass(frozen=True)
class Arm:
    """Where a method's share of the gallery comes from."""

    method: str
    scorer_path: Path  # checkpoint that scored the last round
    model_path: Path  # checkpoint that is evaluated
    labels_path: Path  # of the last round


def draw_gallery(
    arms: list[Arm],
    pool: Dataset,
    features: "FeatureFile | None",
    num_shown: int,
    device: "torch.device",
    folder: Path,
) -> list[Picture]:
    """A figure per image, with a row per method; also written to a folder."""
    indices = choose_images(len(pool), num_shown)
    maps = {arm.method: compute_maps(arm, pool, features, indices, device) for arm in arms}
    num_rounds = max(int(shown.round.max()) for of in maps.values() for shown in of.values())
    pictures = []
    for index in indices:
        image, label = pool.read_image(index), pool.read_label(index)
        shown = {method: by_image[index] for method, by_image in maps.items()}
        caption = (
            f"Image {pool.image_ids[index]} of the pool. Score maps are as computed, before class"
            " weights; the brighter, the sooner asked for."
        )
        with drawing():
            figure = gallery_figure(image, label, shown, list(pool.classes), num_rounds)
            save(figure, folder, f"gallery_{pool.image_ids[index].replace('/', '_')}")
            pictures.append(Picture(caption, as_jpeg(figure), "image/jpeg"))
    return pictures


def choose_images(num_images: int, num_shown: int) -> list[int]:
    """Indices of images spread evenly over the pool."""
    count = min(num_images, num_shown)
    return [(2 * place + 1) * num_images // (2 * count) for place in range(count)]


def compute_maps(
    arm: Arm,
    pool: Dataset,
    features: "FeatureFile | None",
    indices: list[int],
    device: "torch.device",
) -> dict[int, Maps]:
    """Predictions, score maps and acquired pixels of some images; scores are computed again."""
    from cbda.files.labels import LabelFile
    from cbda.models.logits import most_probable

    with LabelFile.open(arm.labels_path) as labels:
        summary, num_rounds = labels.summary, labels.rounds_done
        rounds = [labels.read_round(index) for index in indices]
    shown = (pool, features, indices, device)
    logits = _logits(arm.model_path, *shown)
    predictions = [most_probable(of_image).cpu().numpy() for of_image in logits]
    logits = zip(indices, _logits(arm.scorer_path, *shown), strict=True)
    scores = [_score(summary, num_rounds, index, of_image) for index, of_image in logits]
    return dict(zip(indices, map(Maps, predictions, scores, rounds), strict=True))


def _logits(
    path: Path,
    pool: Dataset,
    features: "FeatureFile | None",
    indices: list[int],
    device: "torch.device",
) -> Iterator[Any]:
    from cbda.models.checkpoints import load_model, require_input
    from cbda.models.prediction import predict_images

    checkpoint, model = load_model(path)
    require_input(checkpoint, path, features, "target-features")
    return predict_images(model, pool, features, indices, checkpoint.image_size, device)


def _score(summary: "LabelSummary", number: int, index: int, logits: Any) -> NDArray[np.float32]:
    """The score map that the command `score` computes in a round of an image."""
    import torch

    from cbda.acquisition.scoring import compute_score
    from cbda.compute.seeds import Stream, derive_seed

    stream = derive_seed(summary.seed, Stream.RANDOM_SCORE, number, index)
    generator = torch.Generator().manual_seed(stream)
    score, _ = compute_score(summary.score, summary.unit, logits, summary.radius, generator)
    return np.asarray(score.cpu())
