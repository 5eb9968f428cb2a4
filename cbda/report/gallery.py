"""The same few images of the pool under every method: prediction, score map, acquired pixels."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import matplotlib
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Patch
from numpy.typing import NDArray

from cbda.datasets import Dataset
from cbda.report.page import Picture
from cbda.report.shares import PALEST_ROUND
from cbda.report.style import ROUND_COLOURS, VOID, as_jpeg, class_palette, drawing, save

if TYPE_CHECKING:
    import torch

PANEL_WIDTH = 3.0  # inches
COLUMNS = ("prediction after the last round", "score map of the last round", "acquired, by round")
SCORE_PERCENTILES = (1, 99)


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


@dataclass(frozen=True)
class Maps:
    """One method on one image.

    Attributes:
        prediction: (H,W) uint8.
        score: (H,W) float32, before class weights.
        round: (H,W) uint8, round in which a pixel was acquired; 0 = not.
    """

    prediction: NDArray[np.uint8]
    score: NDArray[np.float32]
    round: NDArray[np.uint8]


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
    from cbda.files import open_labels, read_label_summary

    summary = read_label_summary(arm.labels_path)
    num_rounds = len(summary.class_counts)
    predictions = {
        index: logits.argmax(dim=0).byte().cpu().numpy()
        for index, logits in _logits(arm.model_path, pool, indices, device)
    }
    scores = {
        index: _score(summary.method, logits, summary.radius, (summary.seed, num_rounds, index))
        for index, logits in _logits(arm.scorer_path, pool, indices, device)
    }
    with open_labels(arm.labels_path) as file:
        rounds = {index: file["round"][index] for index in indices}
    return {index: Maps(predictions[index], scores[index], rounds[index]) for index in indices}


def _logits(
    path: Path, pool: Dataset, indices: list[int], device: "torch.device"
) -> Iterator[tuple[int, Any]]:
    from cbda.checkpoints import build_model
    from cbda.files import load_checkpoint
    from cbda.inference import predict_logits

    checkpoint = load_checkpoint(path)
    images = (pool.read_image(index) for index in indices)
    size = tuple(checkpoint["image_size"])
    yield from zip(
        indices, predict_logits(build_model(checkpoint), images, size, device), strict=True
    )


def _score(
    method: str, logits: Any, radius: int, random_path: tuple[int, int, int]
) -> NDArray[np.float32]:
    """The score map that the command `score` computes; `random_path` is seed, round, image."""
    import torch

    from cbda.acquisition import compute_score
    from cbda.loader import Stream, derive_seed

    seed, *path = random_path
    stream = derive_seed(seed, Stream.RANDOM_SCORE, *path)
    name, unit = method.rsplit("/", 3)[:2]
    generator = torch.Generator().manual_seed(stream)
    score: NDArray[np.float32] = (
        compute_score(name, unit, logits, radius, generator)[0].cpu().numpy()
    )
    return score


def gallery_figure(
    image: NDArray[np.uint8],
    label: NDArray[np.uint8],
    maps: Mapping[str, Maps],
    classes: list[str],
    num_rounds: int,
) -> Figure:
    """One image: itself and its ground truth above, then a row per method.

    Args:
        image: (H,W,3) uint8.
        label: (H,W) uint8, 255 = void.
        maps: of every method.
        classes: names.
        num_rounds: rounds that the colours of acquired pixels span.
    """
    height, width = label.shape
    panel_height = PANEL_WIDTH * height / width
    num_rows = len(maps) + 1
    figure = Figure(figsize=(3 * PANEL_WIDTH + 0.5, num_rows * (panel_height + 0.25) + 0.9))
    grid = figure.subplots(num_rows, len(COLUMNS))
    for axes in grid.flat:
        axes.set(xticks=[], yticks=[])
        axes.grid(visible=False)
        axes.spines[:].set_visible(False)
    palette = class_palette(len(classes))
    _show(grid[0, 0], image, "image")
    _show(grid[0, 1], palette[label], "ground truth")
    grid[0, 2].set_axis_off()
    _draw_round_legend(grid[0, 2], num_rounds)
    for row, (method, shown) in zip(grid[1:], maps.items(), strict=True):
        _draw_maps(row, image, shown, palette, num_rounds)
        row[0].set_ylabel(method, fontsize=12)
    for axes, title in zip(grid[1], COLUMNS, strict=True):
        axes.set_title(title)
    figure.legend(
        handles=_class_patches(classes, label, palette), loc="outside lower center", ncols=8
    )
    return figure


def _show(axes: Axes, picture: NDArray[Any], title: str) -> None:
    axes.imshow(picture)
    axes.set_title(title)


def _draw_maps(
    row: NDArray[np.object_],
    image: NDArray[np.uint8],
    shown: Maps,
    palette: NDArray[np.uint8],
    num_rounds: int,
) -> None:
    row[0].imshow(palette[shown.prediction])
    low, high = np.percentile(shown.score, SCORE_PERCENTILES)
    row[1].imshow(shown.score, "magma", vmin=low, vmax=high)
    row[2].imshow(_paint_rounds(image, shown.round, num_rounds))


def _round_colours(num_rounds: int) -> NDArray[np.uint8]:
    """(R,3) uint8, the same scale as that of the class shares."""
    colours = matplotlib.colormaps[ROUND_COLOURS](np.linspace(PALEST_ROUND, 1, num_rounds))
    return (255 * colours[:, :3]).round().astype(np.uint8)


def _paint_rounds(
    image: NDArray[np.uint8], rounds: NDArray[np.uint8], num_rounds: int
) -> NDArray[np.uint8]:
    """Acquired pixels in the colour of their round, over a pale grey image; (H,W,3) uint8."""
    grey = image.mean(axis=2, keepdims=True) * 0.35 + 165
    painted = np.repeat(grey, 3, axis=2).astype(np.uint8)
    acquired = rounds > 0
    painted[acquired] = _round_colours(num_rounds)[rounds[acquired] - 1]
    return painted


def _draw_round_legend(axes: Axes, num_rounds: int) -> None:
    patches = [
        Patch(facecolor=colour / 255, label=f"acquired in round {number}")
        for number, colour in enumerate(_round_colours(num_rounds), start=1)
    ]
    axes.legend(handles=patches, loc="center left")


def _class_patches(
    classes: list[str], label: NDArray[np.uint8], palette: NDArray[np.uint8]
) -> list[Patch]:
    patches = [
        Patch(facecolor=palette[index] / 255, label=name) for index, name in enumerate(classes)
    ]
    void = [Patch(facecolor=palette[VOID] / 255, label="void")] if (label == VOID).any() else []
    return patches + void
