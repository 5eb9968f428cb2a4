"""Colours, markers and sizes that all figures share.

Methods differ in colour, marker and dash, so that a print without colour still tells them
apart. Method colours are those of Okabe and Ito; `cbda.datasets.colours` has those of classes.
"""

import re
import warnings
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from io import BytesIO
from itertools import cycle, product
from pathlib import Path
from typing import Any, NamedTuple

import matplotlib
import numpy as np
from matplotlib.figure import Figure
from numpy.typing import NDArray

from cbda.files.atomic import complete_file

COLOURS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#000000")
MARKERS = ("o", "s", "^", "D", "v", "P", "X", "*")
DASHES: tuple[str, ...] = ("-", "--", "-.", ":")
REFERENCE_COLOURS = {"full": "#4D4D4D", "source_only": "#999999"}
GREY = "#666666"
PNG_DPI = 200
ONE_COLUMN, TWO_COLUMNS = 3.5, 7.1  # inches: columns of journals, and what A4 holds
LEGEND_ENTRY = 1.5  # inches
MAX_SIDE_PX, MAX_PX = 20_000, 50_000_000  # of a bitmap, however many methods and classes there are
SETTINGS: dict[Any, Any] = {
    "figure.dpi": PNG_DPI,
    "savefig.dpi": PNG_DPI,
    "figure.constrained_layout.use": True,
    "font.size": 8,
    "axes.titlesize": 8,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.grid": True,
    "grid.color": "#DDDDDD",
    "grid.linewidth": 0.6,
    "axes.axisbelow": True,
    "legend.frameon": False,
    "lines.linewidth": 1.4,
    "lines.markersize": 4.5,
    "svg.hashsalt": "cbda",  # without it, equal figures have unequal ids
    "svg.fonttype": "path",
    "pdf.fonttype": 42,  # text as text, which editors and search find
    "text.parse_math": False,  # names may hold any sign
}
KINDS = {"png": "Software", "svg": "Date", "pdf": "CreationDate"}  # and what changes in each
MISSING_GLYPH = re.compile(r"Glyph (\d+) ")  # as matplotlib warns


class LineStyle(NamedTuple):
    """How a method is drawn."""

    color: str
    marker: str
    linestyle: str


LineStyles = Mapping[str, LineStyle]  # by method


class Names(dict[str, str]):
    """What methods and references are called where people read; others have their own name."""

    def __missing__(self, name: str) -> str:
        return name


PLAIN = Names()


@contextmanager
def drawing() -> Iterator[None]:
    """Draw in the style of the report, whatever a matplotlibrc of the user's says.

    Signs that the font lacks, which are drawn as boxes, are named once.
    """
    with matplotlib.rc_context(), warnings.catch_warnings(record=True) as caught:
        matplotlib.rcdefaults()
        matplotlib.rcParams.update(SETTINGS)
        yield
    _print_once(str(warning.message) for warning in caught)


def _print_once(messages: Iterable[str]) -> None:
    """Each warning once, and all signs that the font lacks in one line."""
    lacking = set()
    for text in dict.fromkeys(messages):
        if glyph := MISSING_GLYPH.match(text):
            lacking.add(chr(int(glyph[1])))
        else:
            print(f"warning: {text}")
    if lacking:
        print(f"warning: the figures' font lacks, and shows as boxes: {' '.join(sorted(lacking))}")


def method_line_styles(methods: list[str]) -> LineStyles:
    """A line style for every method, by its place."""
    strokes, markers = cycle(product(DASHES, COLOURS)), cycle(MARKERS)
    places = zip(methods, strokes, markers, strict=False)
    return {name: LineStyle(colour, marker, dash) for name, (dash, colour), marker in places}


def round_colours(num_rounds: int) -> NDArray[np.float64]:
    """(R,4) within [0, 1], without grey, which lies below acquired pixels, nor white."""
    return np.asarray(matplotlib.colormaps["viridis_r"](np.linspace(0.15, 1, num_rounds)))


def add_legend(figure: Figure, handles: Iterable[Any], names: Iterable[str]) -> None:
    """A legend below all panels."""
    num_columns = max(int(figure.get_figwidth() / LEGEND_ENTRY), 1)
    figure.legend(list(handles), list(names), loc="outside lower center", ncols=num_columns)


def save(figure: Figure, folder: Path, name: str) -> bytes:
    """Write a figure as SVG, whose content is returned, PNG and PDF.

    Equal figures give equal bytes.
    """
    for kind in KINDS:
        write(figure, folder / f"{name}.{kind}")
    return (folder / f"{name}.svg").read_bytes()


def write(figure: Figure, path: Path) -> None:
    """Write a figure in the format that the ending of a path names."""
    kind = path.suffix[1:]
    with complete_file(path) as temporary:
        metadata = {KINDS[kind]: None}
        figure.savefig(temporary, format=kind, dpi=_dpi(figure), metadata=metadata)


def as_jpeg(figure: Figure) -> bytes:
    """A figure as JPEG, for pictures that are mostly photographs."""
    stream = BytesIO()
    quality = {"quality": 88, "subsampling": 0}
    figure.savefig(stream, format="jpeg", dpi=_dpi(figure), pil_kwargs=quality)
    return stream.getvalue()


def _dpi(figure: Figure) -> float:
    """Pixels per inch, fewer for a figure so large that its bitmap could not be encoded."""
    width, height = figure.get_size_inches()
    largest = min(MAX_SIDE_PX / max(width, height), (MAX_PX / (width * height)) ** 0.5)
    return float(min(PNG_DPI, largest))
