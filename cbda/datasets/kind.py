"""What sets one dataset layout apart from another."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from cbda.datasets.pictures import INDEX_MODES, IdArray, read_index


@dataclass(frozen=True)
class Kind:
    """One dataset layout.

    Attributes:
        folders: root and split to the folders of the images and of the labels.
        split: whether a split must, may or must not be named.
        classes: the natural class list; empty if the dataset has no vocabulary.
        names: label id to name; None if labels hold train ids, and 255 for void.
        image_suffixes: how file names of images end; what precedes is the image id.
        label_suffixes: the same for labels.
        nested: files are one folder deeper, such as by city.
        label_modes: raw modes that a label may have, see `cbda.datasets.pictures`.
        read_ids: label file to (H, W) label ids.
    """

    folders: Callable[[Path, str], tuple[Path, Path]]
    split: Literal["needed", "optional", "none"]
    classes: tuple[str, ...] = ()
    names: Mapping[int, str] | None = None
    image_suffixes: tuple[str, ...] = (".png",)
    label_suffixes: tuple[str, ...] = (".png",)
    nested: bool = False
    label_modes: tuple[str, ...] = INDEX_MODES
    read_ids: Callable[[Path], IdArray] = read_index
