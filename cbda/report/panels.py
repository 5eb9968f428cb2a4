"""The figure of one image of the gallery."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import matplotlib
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Patch
from numpy.typing import NDArray
from PIL import Image

from cbda.datasets.ids import VOID
from cbda.report.shares import PALEST_ROUND
from cbda.report.style import PNG_DPI, ROUND_COLOURS, class_palette

PANEL_WIDTH = 3.0  # inches
COLUMNS = ("prediction after the last round", "score map of the last round", "acquired, by round")
SCORE_PERCENTILES = (1, 99)


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

    def thinned(self, step: int) -> "Maps":
        """Every `step`-th pixel of every `step`-th row."""
        keep = (slice(None, None, step), slice(None, None, step))
        return Maps(self.prediction[keep], self.score[keep], self.round[keep])


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
    step = _panel_step(label.shape[1])
    image, label = np.asarray(Image.fromarray(image).reduce(step)), label[::step, ::step]
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
        _draw_maps(row, image, shown.thinned(step), palette, num_rounds)
        row[0].set_ylabel(method, fontsize=12)
    for axes, title in zip(grid[1], COLUMNS, strict=True):
        axes.set_title(title)
    figure.legend(
        handles=_class_patches(classes, label, palette), loc="outside lower center", ncols=8
    )
    return figure


def _panel_step(width: int) -> int:
    """Every so many pixels are drawn: a panel shows no more, and averages would wash out dots."""
    return max(-(-width // int(PANEL_WIDTH * PNG_DPI)), 1)


def _show(axes: Axes, picture: NDArray[Any], title: str) -> None:
    axes.imshow(picture, interpolation="nearest")
    axes.set_title(title)


def _draw_maps(
    row: NDArray[np.object_],
    image: NDArray[np.uint8],
    shown: Maps,
    palette: NDArray[np.uint8],
    num_rounds: int,
) -> None:
    row[0].imshow(palette[shown.prediction], interpolation="nearest")
    low, high = np.percentile(shown.score, SCORE_PERCENTILES)
    row[1].imshow(shown.score, "magma", vmin=low, vmax=high)
    row[2].imshow(_paint_rounds(image, shown.round, num_rounds), interpolation="nearest")


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
