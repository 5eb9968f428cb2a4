"""What sets one dataset layout apart from another."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from cbda.datasets.pictures import INDEX_MODES, IdArray, read_index


@dataclass(frozen=True)
class Kind:
    """One dataset layout."""

    folders: tuple[str, str]  # of images and of labels, from the root on; {} stands for the split
    split: Literal["needed", "optional", "none"]
    classes: tuple[str, ...] = ()  # the natural list; empty if the dataset has no vocabulary
    names: Mapping[int, str] | None = None  # of label ids; None if they are train ids, 255 void
    image_suffixes: tuple[str, ...] = (".png",)  # what precedes in a file name is the image id
    label_suffixes: tuple[str, ...] = (".png",)
    nested: bool = False  # files are one folder deeper, such as by city
    label_modes: tuple[str, ...] = INDEX_MODES  # raw modes, see `cbda.datasets.pictures`
    read_ids: Callable[[Path], IdArray] = read_index  # (H, W) label ids of a file
