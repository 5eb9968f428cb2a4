"""The figure of one image of the gallery."""

from collections.abc import Mapping
from typing import NamedTuple

import numpy as np
from matplotlib.figure import Figure
from matplotlib.patches import Patch
from numpy.typing import NDArray
from PIL import Image

from cbda.datasets.colours import class_palette
from cbda.datasets.ids import VOID
from cbda.report.style import PNG_DPI, round_colours

PANEL_WIDTH = 3.0  # inches
COLUMNS = ("prediction after the last round", "score map of the last round", "acquired, by round")
TITLES = ("image", "ground truth", *COLUMNS)
SCORE_PERCENTILES = (1, 99)
Bytes = NDArray[np.uint8]


class Maps(NamedTuple):
    """One method on one image, (H,W) each."""

    prediction: NDArray[np.uint8]
    score: NDArray[np.float32]  # before class weights
    round: NDArray[np.uint8]  # in which a pixel was acquired; 0 = not


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
    figure = Figure(figsize=(3 * PANEL_WIDTH + 0.5, num_rows * (panel_height + 0.25) + 0.9))
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
        row[0].set_ylabel(method, fontsize=12)
    for axes, title in zip([*grid[0, :2], *grid[1]], TITLES, strict=True):
        axes.set_title(title)
    void = ["void"] if (label == VOID).any() else []
    patches = _patches([*classes, *void], palette[[*range(len(classes)), VOID]])
    figure.legend(handles=patches, loc="outside lower center", ncols=8)
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
