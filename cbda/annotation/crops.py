"""Pictures that the page shows: what lies around a query, and its whole image."""

import threading
from functools import lru_cache, partial
from io import BytesIO

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from cbda.datasets.images import Images
from cbda.datasets.pictures import describe_size, read_size
from cbda.errors import UserError
from cbda.files.queries import QuerySet, Window, clip_window
from cbda.files.records import file_sha256

NUM_KEPT = 16  # images in memory
AROUND_PX = 48  # of surroundings on every side, or more if the window is large
WINDOWS_AROUND = 3
OVERVIEW_PX = 1024  # of the longer side of a whole image


class Crops:
    """Parts of a pool's images as files, by query or image."""

    def __init__(self, queries: QuerySet, images: Images) -> None:
        self._queries, self._images = queries, images
        self._lock = threading.Lock()  # the page asks for two parts of an image at a time
        self._cached = lru_cache(NUM_KEPT)(partial(read_asked, queries, images))
        self.overview = lru_cache(NUM_KEPT)(self._overview)

    def surroundings(self, index: int) -> Window:
        """What is shown around a query."""
        _, row, column = map(int, self._queries.queries[index])
        around = max(AROUND_PX, WINDOWS_AROUND * (2 * self._queries.radius + 1))
        return clip_window(row, column, around, (self._queries.height, self._queries.width))

    def around(self, index: int) -> bytes:
        """The surroundings of a query as a PNG of the image's own pixels."""
        pixels = self._read(self._queries.place(index)[0])[self.surroundings(index).area]
        content = BytesIO()
        Image.fromarray(np.ascontiguousarray(pixels)).save(content, "PNG", compress_level=1)
        return content.getvalue()

    def _overview(self, image_id: str) -> bytes:
        """A whole image as a JPEG, made smaller."""
        image = Image.fromarray(self._read(image_id))
        image.thumbnail((OVERVIEW_PX, OVERVIEW_PX))
        content = BytesIO()
        image.save(content, "JPEG", quality=85)
        return content.getvalue()

    def _read(self, image_id: str) -> NDArray[np.uint8]:
        with self._lock:
            return self._cached(image_id)


def read_asked(queries: QuerySet, images: Images, image_id: str) -> NDArray[np.uint8]:
    """An image that queries ask about, (H,W,3) uint8 RGB; a `UserError` if it is another now."""
    path, wanted = images.paths[image_id], (queries.height, queries.width)
    if (asked := queries.known_images.get(image_id)) and file_sha256(path) != asked:
        raise UserError(f"{path}: has changed since the queries were chosen: restore it")
    if (size := read_size(path)) != wanted:
        raise UserError(
            f"{path}: is {describe_size(size)}, the queries are of {describe_size(wanted)}"
        )
    return images.read_image(image_id)
