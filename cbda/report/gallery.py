"""The same few images of the pool under every method: prediction, score map, acquired pixels."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

import numpy as np
import torch
from matplotlib.figure import Figure
from matplotlib.patches import Patch
from numpy.typing import NDArray
from PIL import Image

from cbda.acquisition.scoring import score_image
from cbda.datasets.colours import class_palette
from cbda.datasets.dataset import Dataset
from cbda.datasets.ids import VOID
from cbda.files.features import FeatureFile
from cbda.files.labels import LabelFile
from cbda.models.checkpoints import load_model, require_input
from cbda.models.logits import most_probable
from cbda.models.prediction import predict_images
from cbda.report.page import Picture
from cbda.report.style import (
    PLAIN,
    PNG_DPI,
    TWO_COLUMNS,
    Names,
    as_jpeg,
    drawing,
    round_colours,
    save,
)

PANEL_WIDTH = (TWO_COLUMNS - 0.4) / 3  # inches
COLUMNS = ("prediction after the last round", "score map of the last round", "acquired, by round")
TITLES = ("image", "ground truth", *COLUMNS)
SCORE_PERCENTILES = (1, 99)
Bytes = NDArray[np.uint8]


@dataclass(frozen=True)
class Arm:
    """Where a method's share of the gallery comes from."""

    method: str
    scorer_path: Path  # checkpoint that scored the last round
    model_path: Path  # checkpoint that is evaluated
    labels_path: Path  # of the last round


class Maps(NamedTuple):
    """One method on one image, (H,W) each."""

    prediction: NDArray[np.uint8]
    score: NDArray[np.float32]  # before class weights
    round: NDArray[np.uint8]  # in which a pixel was acquired; 0 = not


@drawing()
def draw_gallery(
    arms: list[Arm],
    pool: Dataset,
    features: FeatureFile | None,
    num_shown: int,
    device: torch.device,
    folder: Path,
    network: str = "",
    names: Names = PLAIN,
) -> list[Picture]:
    """A figure per image, with a row per method; also written to a folder, by their number.

    The network is the place of one of the user's own.
    """
    indices = choose_images(len(pool), num_shown)
    shown_by = (pool, features, indices, device, network)
    maps = {arm.method: compute_maps(arm, *shown_by) for arm in arms}
    num_rounds = max(int(shown.round.max()) for of in maps.values() for shown in of.values())
    pictures = []
    for number, index in enumerate(indices, 1):
        image, label = pool.read_image(index), pool.read_label(index)
        shown = {names[method]: by_image[index] for method, by_image in maps.items()}
        caption = (
            f"Image {pool.image_ids[index]} of the pool. Score maps are as computed; the brighter,"
            " the sooner asked for, but for class weights, draws, and choices by features."
        )
        figure = gallery_figure(image, label, shown, list(pool.classes), num_rounds)
        name, seen = f"gallery_{number}", describe(label, shown)
        save(figure, folder, name)
        pictures.append(Picture(name, caption, seen, as_jpeg(figure), "image/jpeg"))
    return pictures


def describe(label: Bytes, shown: Mapping[str, Maps]) -> str:
    """How much of an image (H,W) every method predicts as the ground truth, and has acquired."""
    known, parts = label != VOID, []
    for method, maps in shown.items():
        right = (maps.prediction == label)[known].mean() if known.any() else 0.0
        acquired = (maps.round > 0).mean()
        parts.append(f"{method}: {right:.0%} of the pixels are right, {acquired:.1%} were acquired")
    return f"Image, ground truth, and a row of maps per method. {'; '.join(parts)}."


def choose_images(num_images: int, num_shown: int) -> list[int]:
    """Indices of images spread evenly over the pool."""
    count = min(num_images, num_shown)
    return [(2 * place + 1) * num_images // (2 * count) for place in range(count)]


def compute_maps(
    arm: Arm,
    pool: Dataset,
    features: FeatureFile | None,
    indices: list[int],
    device: torch.device,
    network: str = "",
) -> dict[int, Maps]:
    """Predictions, score maps and acquired pixels of some images; scores are computed again."""
    with LabelFile.open(arm.labels_path) as labels:
        summary, num_rounds = labels.summary, labels.rounds_done
        rounds = [labels.read_round(index) for index in indices]
    logits, of_scorer = (
        _predict(path, pool, features, indices, device, network, is_scorer)
        for path, is_scorer in ((arm.model_path, False), (arm.scorer_path, True))
    )
    predictions = [most_probable(of_image).cpu().numpy() for of_image in logits]
    choice = (summary.score, summary.unit, summary.radius, summary.seed, num_rounds)
    scored = zip(indices, of_scorer, strict=True)
    scores = [score_image(*choice, index, of_image)[0] for index, of_image in scored]
    return dict(zip(indices, map(Maps, predictions, scores, rounds), strict=True))


def _predict(
    path: Path,
    pool: Dataset,
    features: FeatureFile | None,
    indices: list[int],
    device: torch.device,
    network: str,
    is_scorer: bool,
) -> Iterator[torch.Tensor]:
    made, model = load_model(path, network)
    require_input(made, path, features, "target-features")
    images = (pool, features, indices, made.resizing)
    return predict_images(model, *images, device, through_input=is_scorer)


def gallery_figure(
    image: Bytes, label: Bytes, maps: Mapping[str, Maps], classes: list[str], num_rounds: int
) -> Figure:
    """An image (H,W,3) and its ground truth (H,W), 255 = void, above a row of maps per method.

    The colours of acquired pixels span the rounds.
    """
    # A panel shows no more pixels, and averages would wash out dots.
    step = max(-(-label.shape[1] // int(PANEL_WIDTH * PNG_DPI)), 1)
    image, label = np.asarray(Image.fromarray(image).reduce(step)), label[::step, ::step]
    panel_height = PANEL_WIDTH * label.shape[0] / label.shape[1]
    num_rows = len(maps) + 1
    figure = Figure(figsize=(TWO_COLUMNS, num_rows * (panel_height + 0.2) + 0.7))
    grid = figure.subplots(num_rows, 3)
    for axes in grid.flat:
        axes.set(xticks=[], yticks=[])
        axes.grid(visible=False)
        axes.spines[:].set_visible(False)
    palette = class_palette(len(classes))
    colours = (255 * round_colours(num_rounds)[:, :3]).round().astype(np.uint8)
    grid[0, 0].imshow(image, interpolation="nearest")
    grid[0, 1].imshow(palette[label], interpolation="nearest")
    grid[0, 2].set_axis_off()
    names = [f"acquired in round {number}" for number in range(1, num_rounds + 1)]
    grid[0, 2].legend(handles=_patches(names, colours), loc="center left")
    for row, (method, shown) in zip(grid[1:], maps.items(), strict=True):
        _draw_maps(row, image, shown, step, palette, colours)
        row[0].set_ylabel(method, fontsize=9)
    for axes, title in zip([*grid[0, :2], *grid[1]], TITLES, strict=True):
        axes.set_title(title)
    void = ["void"] if (label == VOID).any() else []
    patches = _patches([*classes, *void], palette[[*range(len(classes)), VOID]])
    figure.legend(handles=patches, loc="outside lower center", ncols=6)
    return figure


def _draw_maps(
    row: NDArray[np.object_], image: Bytes, shown: Maps, step: int, palette: Bytes, colours: Bytes
) -> None:
    """Acquired pixels are in the colour of their round, over a pale grey image."""
    row[0].imshow(palette[shown.prediction[::step, ::step]], interpolation="nearest")
    score, rounds = shown.score[::step, ::step], shown.round[::step, ::step]
    low, high = np.percentile(score, SCORE_PERCENTILES)
    row[1].imshow(score, "magma", vmin=low, vmax=high)
    grey = image.mean(axis=2, keepdims=True) * 0.35 + 165
    painted = np.repeat(grey, 3, axis=2).astype(np.uint8)
    painted[rounds > 0] = colours[rounds[rounds > 0] - 1]
    row[2].imshow(painted, interpolation="nearest")


def _patches(names: list[str], colours: Bytes) -> list[Patch]:
    pairs = zip(names, colours, strict=False)
    return [Patch(facecolor=colour / 255, label=name) for name, colour in pairs]
