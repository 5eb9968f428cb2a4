"""Pictures that show classes: masks of indices with a palette, and overlays."""

from collections.abc import Collection, Iterable
from io import BytesIO
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from cbda.files.atomic import complete_file
from cbda.files.records import FOLDER
from cbda.settings.prediction import SUFFIXES, predicted_file

OPACITY = 0.5
Bytes = NDArray[np.uint8]


def save_mask(path: Path, ids: Bytes, palette: Bytes) -> None:
    """Write a PNG of ids (H,W) with the colours (256,3) of a palette."""
    image = Image.fromarray(ids)
    image.putpalette(palette.tobytes())
    save_image(path, image)


def save_overlay(path: Path, pixels: Bytes, ids: Bytes, palette: Bytes) -> None:
    """Write an image (H,W,3) with the colours of the classes laid over it, as a JPEG."""
    classes = Image.fromarray(palette[ids])
    save_image(path, Image.blend(Image.fromarray(pixels), classes, OPACITY), "JPEG")


def save_image(path: Path, image: Image.Image, kind: str = "PNG") -> None:
    """Write a picture, complete or not at all."""
    content = BytesIO()
    image.save(content, kind)
    with complete_file(path, content.tell()) as temporary:
        temporary.write_bytes(content.getvalue())


def find_left_over(
    folder: Path, image_ids: Iterable[str], predicted: Collection[str]
) -> list[Path]:
    """What was predicted in a folder earlier, and would not be now.

    That is what is not of some images, or not of what is predicted of these, keys of `SUFFIXES`.
    """
    due = {folder / predicted_file(what, name) for name in image_ids for what in predicted}
    places = (place for what in SUFFIXES for place in (folder / what).rglob(f"{FOLDER}/*.json"))
    paths = (place.parent.parent / place.stem for place in places)
    return sorted(path for path in paths if path not in due and path.exists())
