"""The drawing surface: colours, and which thing covers each pixel, at a multiple of the size."""

import math
from dataclasses import dataclass
from typing import cast

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw

from cbda.scenes.camera import Point
from cbda.scenes.classes import BICYCLIST, CLASSES, FENCE, PEDESTRIAN, POLE, SIGN, VOID

Colour = tuple[int, int, int] | tuple[int, int, int, int]
LabelMap = NDArray[np.uint8]
# A thin thing wins an output pixel from a minority of its canvas pixels, as annotators draw it.
VOTE_WEIGHTS = {POLE: 1.8, SIGN: 1.4, FENCE: 1.2, PEDESTRIAN: 1.3, BICYCLIST: 1.3}
MIN_LIMB_PX = 1.0


@dataclass(frozen=True)
class Surface:
    """What a pixel shows: its label, distance, and texture (family index and strength)."""

    label: int
    depth_m: float
    texture: int
    strength: float


class Canvas:
    """An image and a surface map that are painted together, back to front."""

    def __init__(self, height_px: int, width_px: int, scale: int) -> None:
        """Make an empty canvas, scale times as large as the output."""
        self.scale = scale
        self.height_px, self.width_px = height_px * scale, width_px * scale
        self.surfaces: list[Surface] = []
        self.start(
            np.zeros((self.height_px, self.width_px, 3), np.uint8),
            np.zeros((self.height_px, self.width_px), np.int32),
        )

    def start(self, image: NDArray[np.uint8], surface_map: NDArray[np.int32]) -> None:
        """Replace everything: image (H, W, 3), surface_map (H, W)."""
        self._image = Image.fromarray(image)
        self._map = Image.fromarray(surface_map)
        self._paint = ImageDraw.Draw(self._image, "RGBA")
        self._mark = ImageDraw.Draw(self._map)

    def add(self, surface: Surface) -> int:
        """Register a surface and return its number."""
        self.surfaces.append(surface)
        return len(self.surfaces) - 1

    def polygon(
        self, points: list[Point], colour: Colour | None, surface: int | None = None
    ) -> None:
        """Fill a polygon; without colour only the label changes, without surface only colour."""
        if colour is not None:
            self._paint.polygon(points, fill=colour)
        if surface is not None:
            self._mark.polygon(points, fill=surface)

    def ellipse(
        self,
        centre: Point,
        radii_px: tuple[float, float],
        colour: Colour | None,
        surface: int | None = None,
    ) -> None:
        """Fill an upright ellipse, at least one pixel wide."""
        (u, v), (ru, rv) = centre, (max(radii_px[0], 0.5), max(radii_px[1], 0.5))
        box = (u - ru, v - rv, u + ru, v + rv)
        if colour is not None:
            self._paint.ellipse(box, fill=colour)
        if surface is not None:
            self._mark.ellipse(box, fill=surface)

    def limb(
        self,
        start: Point,
        end: Point,
        width_px: float,
        colour: Colour | None,
        surface: int | None = None,
    ) -> None:
        """Draw a thick line, rounded at the ends when it is wide enough to show."""
        half = max(width_px, MIN_LIMB_PX) / 2
        self.polygon(_bar(start, end, half), colour, surface)
        if half > 2:
            self.ellipse(start, (half, half), colour, surface)
            self.ellipse(end, (half, half), colour, surface)

    def pixels(self) -> NDArray[np.float32]:
        """Return the image at output size, (H, W, 3) in 0..1."""
        reduced = self._image.reduce(self.scale)
        return np.asarray(reduced, dtype=np.float32) / np.float32(255)

    def surface_map(self) -> NDArray[np.int32]:
        """Return the surface numbers at canvas size."""
        return cast(NDArray[np.int32], np.asarray(self._map))

    def labels(self) -> LabelMap:
        """Return the labels at output size, (H, W), by a vote that favours thin things."""
        table = np.array([surface.label for surface in self.surfaces], np.uint8)
        return reduce_labels(table[self.surface_map()], self.scale)


def _bar(start: Point, end: Point, half_px: float) -> list[Point]:
    du, dv = end[0] - start[0], end[1] - start[1]
    length = math.hypot(du, dv) or 1.0
    nu, nv = -dv / length * half_px, du / length * half_px
    return [
        (start[0] + nu, start[1] + nv),
        (end[0] + nu, end[1] + nv),
        (end[0] - nu, end[1] - nv),
        (start[0] - nu, start[1] - nv),
    ]


def reduce_labels(labels: LabelMap, scale: int) -> LabelMap:
    """Reduce a label map by a weighted vote in each scale x scale block."""
    rows, columns = labels.shape[0] // scale, labels.shape[1] // scale
    parts = [labels[i::scale, j::scale] for i in range(scale) for j in range(scale)]
    best = np.zeros((rows, columns), np.float32)
    winner = np.full((rows, columns), VOID, np.uint8)
    for label in (*range(len(CLASSES)), VOID):
        count = sum(((part == label).astype(np.uint8) for part in parts), np.uint8(0))
        votes = np.asarray(count, np.float32) * np.float32(VOTE_WEIGHTS.get(label, 1.0))
        winner[votes > best] = label
        np.maximum(best, votes, out=best)
    return winner
