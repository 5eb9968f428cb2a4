"""Sets of queries made by hand."""

from typing import Any

import numpy as np

from cbda.files.answer_lines import ANSWERED, Answer
from cbda.files.queries import QuerySet

CLASSES = ("road", "car", "tree")


def make_queries(centres, image_ids=("a", "b"), size=(6, 12), radius=1, **changes: Any) -> QuerySet:
    """Queries of image, row and column, in images of a size; the model proposes class 1."""
    num_px = (2 * radius + 1) ** 2
    facts: dict[str, Any] = {
        "round": 1,
        "radius": radius,
        "classes": CLASSES,
        "image_ids": tuple(image_ids),
        "height": size[0],
        "width": size[1],
        "queries": np.array(centres, np.int32).reshape(-1, 3),
        "proposals": np.ones((len(centres), num_px), np.uint8),
        "class_weights": np.ones(len(CLASSES)),
    }
    return QuerySet(**{**facts, **changes})


def answer_to(queries: QuerySet, index: int, *pixels: int, **changes: Any) -> Answer:
    """An answer to a query, of one class or of a class per pixel."""
    image, row, column, _ = queries.place(index)
    num_px = queries.window(index).num_px
    given = pixels * num_px if len(pixels) == 1 else pixels
    return Answer(image, row, column, **{"state": ANSWERED, "pixels": given, **changes})
