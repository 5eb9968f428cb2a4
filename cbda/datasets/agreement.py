"""Whether files and data sets are of one pool, and its images of one size."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from cbda.errors import UserError, counted

if TYPE_CHECKING:
    from cbda.datasets.dataset import Dataset


def require_same_pool(
    one: str | Path, ids: Sequence[str], other: str | Path, other_ids: Sequence[str]
) -> None:
    """Raise a `UserError` that names the first image in which two pools differ."""
    if len(ids) != len(other_ids):
        raise UserError(f"{one} has {counted(len(ids), 'images')}, {other} has {len(other_ids)}")
    for index, (image_id, other_id) in enumerate(zip(ids, other_ids, strict=True)):
        if image_id != other_id:
            raise UserError(
                f"{one} and {other} are of different pools: image {index} is {image_id!r} in one"
                f" and {other_id!r} in the other"
            )


def require_label_size(
    dataset: "Dataset", index: int, found: tuple[int, ...], wanted: tuple[int, ...]
) -> None:
    """Raise a `UserError` if a label is not of the size of its score map."""
    if found != wanted:
        raise UserError(
            f"{dataset.root}: label of {dataset.image_ids[index]!r} is {found} px, the scores"
            f" are {wanted}"
        )


def require_uniform_size(dataset: "Dataset") -> tuple[int, int]:
    """Height and width in px that all images of a pool share."""
    first = dataset.image_size(0)
    for index, image_id in enumerate(dataset.image_ids):
        size = dataset.image_size(index)
        if size != first:
            raise UserError(
                f"{dataset.root}: image {image_id!r} is {size} px (height, width), the first one"
                f" {first}; all images of a pool must share one size"
            )
    return first
