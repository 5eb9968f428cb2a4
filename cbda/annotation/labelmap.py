"""The labelmap.txt of CVAT's "Segmentation mask 1.1": a colour for every label."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from cbda.datasets.colours import CLASS_COLOURS, class_palette
from cbda.datasets.digest import require_regular
from cbda.datasets.ids import UNKNOWN, VOID
from cbda.errors import UserError
from cbda.files.atomic import unreadable

NAME = "labelmap.txt"
HEADER = "# label:color_rgb:parts:actions"
NO_LABEL, VOID_NAMES = ("background", "unlabeled"), ("void", "ignore")  # the first that is free
NO_LABEL_COLOUR, VOID_COLOUR = (0, 0, 0), (128, 128, 128)
NUM_FIELDS = 4
Rgb = tuple[int, int, int]


def own_colours(classes: Sequence[str]) -> dict[str, Rgb]:
    """Label to colour, as we write them: no label, void, and the classes; no colour twice."""
    palette = class_palette(len(classes)).tolist()
    colours = {_free(NO_LABEL, classes): NO_LABEL_COLOUR, _free(VOID_NAMES, classes): VOID_COLOUR}
    for index, name in enumerate(classes):
        red, green, blue = palette[index]
        colours[name] = (red, green, blue ^ (index // len(CLASS_COLOURS)))
    return colours


def _free(names: Sequence[str], classes: Sequence[str]) -> str:
    return next(name for name in names if name not in classes)


def format_labelmap(colours: dict[str, Rgb]) -> str:
    """The text of a labelmap.txt."""
    lines = [f"{name}:{','.join(map(str, colour))}::" for name, colour in colours.items()]
    return "\n".join([HEADER, *lines, ""])


def read_labelmap(path: Path) -> dict[str, Rgb]:
    """Label to colour of a labelmap.txt; a `UserError` names a line that is none."""
    require_regular(path)
    try:
        lines = path.read_text(encoding="utf-8-sig").splitlines()
    except (OSError, ValueError) as error:
        raise unreadable(path, "labelmap", error) from error
    colours: dict[str, Rgb] = {}
    for number, line in enumerate(lines, 1):
        if line.strip() and not line.startswith("#"):
            name, colour = _parse(f"{path}: line {number}", line)
            if name in colours or colour in colours.values():
                raise UserError(f"{path}: line {number}: label or colour is there twice: {line!r}")
            colours[name] = colour
    return colours


def _parse(where: str, line: str) -> tuple[str, Rgb]:
    fields = line.strip().split(":")
    try:
        red, green, blue = map(int, fields[1].split(","))
        name, colour = fields[0], (red, green, blue)
    except (IndexError, ValueError):
        raise UserError(f"{where}: {line!r} is not label:red,green,blue:parts:actions") from None
    if len(fields) != NUM_FIELDS or not all(0 <= part <= VOID for part in colour):
        raise UserError(f"{where}: {line!r} is not label:red,green,blue:parts:actions")
    return name, colour


def label_id(label: str, classes: Sequence[str]) -> int | None:
    """Train id of a label, 255 for void, `UNKNOWN` for none given; None if it is no class."""
    if label in classes:
        return classes.index(label)
    others = {_free(NO_LABEL, classes): UNKNOWN, _free(VOID_NAMES, classes): VOID}
    return others.get(label)


def colour_ids(pixels: NDArray[np.uint8], colours: dict[Rgb, int], where: str) -> NDArray[np.int16]:
    """Ids (H,W) int16 of a mask (H,W,3) by colour; a `UserError` for a colour that has none."""
    packed = pixels.astype(np.int32) @ np.array([1 << 16, 1 << 8, 1], np.int32)
    found, inverse = np.unique(packed, return_inverse=True)
    known = {(red << 16) | (green << 8) | blue: i for (red, green, blue), i in colours.items()}
    for value in found.tolist():
        if value not in known:
            colour = f"{value >> 16},{value >> 8 & 255},{value & 255}"
            num_px = int(np.count_nonzero(packed == value))
            raise UserError(f"{where}: colour {colour} of {num_px} px is no label's")
    ids = np.array([known[value] for value in found.tolist()], np.int16)
    return ids[inverse].reshape(packed.shape)
