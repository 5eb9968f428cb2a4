"""Labels of a folder whose classes have other numbers than 0, 1, 2 and so on, or are drawn."""

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from cbda.datasets.ids import MAX_CLASSES, OtherIdsError
from cbda.datasets.listing import Kind
from cbda.datasets.pictures import COLOUR_MODES, PixelArray, read_rgb
from cbda.datasets.vocabulary import Table, listed_table
from cbda.errors import UserError

Groups = list[list[str]]  # ids and colours, by class


@dataclass(frozen=True)
class ColourReader:
    """Reads a label that is drawn in some colours; a colour's place among them is its id."""

    colours: tuple[str, ...]  # #rrggbb

    def __call__(self, path: Path) -> PixelArray:
        """(H, W) uint8 ids; a colour that is not listed, or transparent, is an error."""
        codes = _codes(read_rgb(path, opaque=True))
        known = np.array([int(colour[1:], 16) for colour in self.colours], np.uint32)
        order = np.argsort(known)
        places = np.searchsorted(known[order], codes).clip(max=len(known) - 1)
        ids: PixelArray = order[places].astype(np.uint8)
        unlisted = codes[known[ids] != codes]
        if unlisted.size:
            named = [f"#{code:06x}" for code in np.unique(unlisted)]
            raise OtherIdsError(
                f"{path}: colours that no class has, such as {', '.join(named[:3])}, in"
                f" {unlisted.size} pixels; allowed: {', '.join(self.colours)}",
                [f'"{colour}"' for colour in named],
            )
        return ids


def _codes(pixels: PixelArray) -> NDArray[np.uint32]:
    """(H, W, 3) colours as (H, W) numbers, 0xrrggbb."""
    red, green, blue = np.moveaxis(pixels.astype(np.uint32), -1, 0)
    codes: NDArray[np.uint32] = (red << 16) | (green << 8) | blue
    return codes


def with_ids(
    kind: Kind, label_ids: Sequence[str], void_ids: Sequence[str], num_classes: int
) -> tuple[Kind, Table]:
    """A layout whose labels hold train ids, for labels that hold or show others.

    Args:
        kind: of a layout without names for its ids.
        label_ids: of each class, in the order of classes, several joined by commas: numbers, or
            colours as #rrggbb; empty for train ids.
        void_ids: what belongs to no class, likewise.
        num_classes: how many classes there are.
    """
    groups = [_split(words) for words in label_ids]
    void = [one for words in void_ids for one in _split(words)]
    named = [one for group in [*groups, void] for one in group]
    if not any(one.startswith("#") for one in named):
        return kind, listed_table(_numbers(groups, ()), _numbers([void], ())[0], num_classes)
    colours = _require_colours(named if label_ids else ["", *named])
    table = listed_table(_numbers(groups, colours), _numbers([void], colours)[0], num_classes)
    return replace(kind, label_modes=COLOUR_MODES, read_ids=ColourReader(colours)), table


def _split(words: str) -> list[str]:
    return re.findall(r"[^\s,]+", words.lower())


def _require_colours(named: Sequence[str]) -> tuple[str, ...]:
    """All that is named, or a `UserError` if numbers are among it, or a colour twice."""
    if not all(one.startswith("#") for one in named):
        raise UserError("label_ids, void_ids: are colours in part; allowed: all, or none")
    if twice := next((one for one in named if named.count(one) > 1), ""):
        raise UserError(f"label_ids, void_ids: {twice} stands there twice")
    if len(named) > MAX_CLASSES:
        raise UserError(f"label_ids: {len(named)} colours; allowed: {MAX_CLASSES} at most")
    return tuple(named)


def _numbers(groups: Groups, colours: Sequence[str]) -> list[list[int]]:
    """Ids as numbers, colours as their places."""
    return [[colours.index(one) if colours else int(one) for one in group] for group in groups]
