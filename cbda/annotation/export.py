"""Queries as files that people and other tools can read: a table, pictures, and label masks.

The masks, with their labelmap.txt, are a "Segmentation mask 1.1" of CVAT: to be zipped and uploaded
as annotations, and read again by the import.
"""

import csv
from collections.abc import Iterable
from io import StringIO
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw

from cbda.annotation.crops import read_asked
from cbda.annotation.labelmap import NAME, format_labelmap, own_colours
from cbda.annotation.masks import CVAT_FOLDER
from cbda.datasets.ids import VOID
from cbda.datasets.images import Images
from cbda.files.answer_lines import ANSWERED, OPEN, VOID_WINDOW
from cbda.files.answers import AnswerFile
from cbda.files.json_files import write_text
from cbda.files.masks import save_image, save_mask
from cbda.files.queries import QuerySet, clip_window

HEADER = ("image", "row", "column", "radius", "state", "class", "crop")
AROUND_PX = 48
ENLARGED = 4
VOID_INDEX = 254  # of a mask; 255 says that there is no label
TABLE, PICTURES = "queries.csv", ("crops", "windows")
LIST = "ImageSets/Segmentation/default.txt"


def export_queries(
    folder: Path, queries: QuerySet, answers: AnswerFile, images: Images, shown: Iterable[str]
) -> None:
    """Write queries.csv, crops/, windows/, SegmentationClass/ and labelmap.txt into a folder.

    `shown` are the ids of the images that have queries, as they are to be gone through.
    """
    by_image = queries.by_image()
    for image_id in shown:
        pixels, own = read_asked(queries, images, image_id), by_image[image_id]
        save_image(folder / "windows" / f"{image_id}.png", _draw_windows(pixels, queries, own))
        for index in own:
            save_image(folder / _crop_name(index), _draw_crop(pixels, queries, index))
        mask = _masked(queries, answers, own)
        save_mask(folder / CVAT_FOLDER / f"{image_id}.png", mask, _palette(queries))
    write_text(folder / NAME, format_labelmap(own_colours(queries.classes)))
    write_text(folder / LIST, "".join(f"{name}\n" for name in by_image))
    write_text(folder / TABLE, _table(queries, answers))


def _table(queries: QuerySet, answers: AnswerFile) -> str:
    text = StringIO()
    table = csv.writer(text, lineterminator="\n")
    table.writerow(HEADER)
    for index in range(len(queries)):
        place = queries.place(index)
        given = answers.latest.get(place)
        found = set() if given is None else set(given.answer.pixels)
        label = queries.classes[found.pop()] if len(found) == 1 and VOID not in found else ""
        table.writerow([*place, answers.state(place), label, _crop_name(index)])
    return text.getvalue()


def _crop_name(index: int) -> str:
    return f"crops/{index:06d}.png"


def _draw_windows(pixels: NDArray[np.uint8], queries: QuerySet, own: list[int]) -> Image.Image:
    image = Image.fromarray(pixels)
    for index in own:
        _outline(image, queries, index, (0, 0), 1)
    return image


def _draw_crop(pixels: NDArray[np.uint8], queries: QuerySet, index: int) -> Image.Image:
    """The surroundings of a window, enlarged, with the window outlined."""
    _, row, column, radius = queries.place(index)
    around = clip_window(row, column, max(AROUND_PX, 2 * radius), pixels.shape[:2])
    image = Image.fromarray(np.ascontiguousarray(pixels[around.area]))
    size = ENLARGED * image.width, ENLARGED * image.height
    image = image.resize(size, Image.Resampling.NEAREST)
    _outline(image, queries, index, (around.top, around.left), ENLARGED)
    return image


def _outline(
    image: Image.Image, queries: QuerySet, index: int, origin: tuple[int, int], scale: int
) -> None:
    """Draw a frame outside of a window: white within black."""
    window, draw = queries.window(index), ImageDraw.Draw(image)
    left, top = scale * (window.left - origin[1]), scale * (window.top - origin[0])
    right, bottom = left + scale * window.width, top + scale * window.height
    for distance, colour in ((1, "white"), (2, "black")):
        corners = left - distance, top - distance, right + distance - 1, bottom + distance - 1
        draw.rectangle(corners, outline=colour)


def _masked(queries: QuerySet, answers: AnswerFile, own: list[int]) -> NDArray[np.uint8]:
    """What is known of an image, (H,W): train ids, 254 void, 255 without a label."""
    mask = np.full((queries.height, queries.width), VOID, np.uint8)
    for index in own:
        given = answers.latest.get(queries.place(index))
        state = OPEN if given is None else given.answer.state
        window = queries.window(index)
        if given is not None and state == ANSWERED:
            values = np.array(given.answer.pixels).reshape(window.height, window.width)
            mask[window.area] = np.where(values == VOID, VOID_INDEX, values)
        elif state == VOID_WINDOW:
            mask[window.area] = VOID_INDEX
    return mask


def _palette(queries: QuerySet) -> NDArray[np.uint8]:
    """Colours (256,3) of such a mask."""
    palette = np.zeros((VOID + 1, 3), np.uint8)
    palette[VOID], palette[VOID_INDEX], *named = own_colours(queries.classes).values()
    palette[: len(named)] = named
    return palette
