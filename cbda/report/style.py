"""Colours, markers and sizes that all figures share.

Methods differ in colour, marker and dash, so that a print without colour still tells them
apart. Method colours are those of Okabe and Ito; `cbda.datasets.colours` has those of classes.
"""

from collections.abc import Mapping
from contextlib import AbstractContextManager
from io import BytesIO
from itertools import cycle, product
from pathlib import Path
from typing import Any, NamedTuple

import matplotlib
import numpy as np
from matplotlib.figure import Figure
from numpy.typing import NDArray

COLOURS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#000000")
MARKERS = ("o", "s", "^", "D", "v", "P", "X", "*")
DASHES: tuple[str, ...] = ("-", "--", "-.", ":")
REFERENCE_COLOURS = {"full": "#4D4D4D", "source_only": "#999999"}
GREY = "#666666"
PNG_DPI = 160
SETTINGS: dict[Any, Any] = {
    "figure.dpi": PNG_DPI,
    "savefig.dpi": PNG_DPI,
    "figure.constrained_layout.use": True,
    "font.size": 10,
    "axes.titlesize": 10,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.grid": True,
    "grid.color": "#DDDDDD",
    "grid.linewidth": 0.6,
    "axes.axisbelow": True,
    "legend.frameon": False,
    "lines.linewidth": 1.8,
    "lines.markersize": 6,
    "svg.hashsalt": "cbda",  # without it, equal figures have unequal ids
    "svg.fonttype": "path",
}


class LineStyle(NamedTuple):
    """How a method is drawn."""

    color: str
    marker: str
    linestyle: str


LineStyles = Mapping[str, LineStyle]  # by method


def drawing() -> AbstractContextManager[None]:
    """Draw in the style of the report."""
    return matplotlib.rc_context(SETTINGS)


def method_line_styles(methods: list[str]) -> LineStyles:
    """A line style for every method, by its place."""
    strokes, markers = cycle(product(DASHES, COLOURS)), cycle(MARKERS)
    places = zip(methods, strokes, markers, strict=False)
    return {name: LineStyle(colour, marker, dash) for name, (dash, colour), marker in places}


def round_colours(num_rounds: int) -> NDArray[np.float64]:
    """(R,4) within [0, 1], without grey, which lies below acquired pixels, nor white."""
    return np.asarray(matplotlib.colormaps["viridis_r"](np.linspace(0.15, 1, num_rounds)))


def save(figure: Figure, folder: Path, name: str) -> bytes:
    """Write a figure as SVG, whose content is returned, and PNG; equal figures give equal bytes."""
    folder.mkdir(parents=True, exist_ok=True)
    vector_path = folder / f"{name}.svg"
    figure.savefig(vector_path, metadata={"Date": None})
    figure.savefig(folder / f"{name}.png", metadata={"Software": None})
    return vector_path.read_bytes()


def as_jpeg(figure: Figure) -> bytes:
    """A figure as JPEG, for pictures that are mostly photographs."""
    stream = BytesIO()
    figure.savefig(stream, format="jpeg", pil_kwargs={"quality": 88, "subsampling": 0})
    return stream.getvalue()
