"""The sheet that is painted from below to above: colours, surfaces, and what lies in the shade."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import cast

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw

from cbda.scenes.camera import Point
from cbda.scenes.sampling import Range, Rgb

SCALE = 2  # pixels of the sheet in one of the output, along each side
GRID = 6


@dataclass(frozen=True)
class Surface:
    """What a pixel shows: its label, the strength of its grain, and rows such as those of crops."""

    label: int
    grain: float
    row_m: float = 1.0  # their distance
    row_rad: float = 0.0  # their direction
    row_strength: float = 0.0


@dataclass(frozen=True)
class Frame:
    """A place in metres from the upper left corner, and a heading, clockwise from the right."""

    x_m: float
    y_m: float
    heading_rad: float

    def at(self, along_m: float, across_m: float) -> Point:
        """A place ahead and to the right."""
        c, s = math.cos(self.heading_rad), math.sin(self.heading_rad)
        return self.x_m + c * along_m - s * across_m, self.y_m + s * along_m + c * across_m

    def box(self, along_m: Range, across_m: Range) -> list[Point]:
        """The corners of a rectangle."""
        (a0, a1), (b0, b1) = along_m, across_m
        return [self.at(a, b) for a, b in ((a0, b0), (a1, b0), (a1, b1), (a0, b1))]

    def grid(self, along_m: Range, across_m: Range) -> list[Point]:
        """Places all over a rectangle, its corners among them."""
        shares = [k / GRID for k in range(GRID + 1)]
        return [
            self.at(
                along_m[0] + a * (along_m[1] - along_m[0]),
                across_m[0] + b * (across_m[1] - across_m[0]),
            )
            for a in shares
            for b in shares
        ]

    def moved(self, along_m: float, across_m: float, turn_rad: float = 0.0) -> "Frame":
        """The frame at another place."""
        return Frame(*self.at(along_m, across_m), self.heading_rad + turn_rad)


class Sheet:
    """Three pictures of the same place, painted together; all lengths are in metres."""

    def __init__(self, height_px: int, width_px: int, view_m: float) -> None:
        """Make an empty sheet whose height is `view_m`."""
        size = (SCALE * width_px, SCALE * height_px)
        self.px_per_m = size[1] / view_m
        self.height_m, self.width_m = view_m, size[0] / self.px_per_m
        self.surfaces: list[Surface] = []
        self._image, self._map = Image.new("RGB", size), Image.new("I", size)
        self._shade = Image.new("L", size)
        self._paint, self._mark = ImageDraw.Draw(self._image, "RGBA"), ImageDraw.Draw(self._map)
        self._darken = ImageDraw.Draw(self._shade)

    def add(self, surface: Surface) -> int:
        """Register a surface and return its number."""
        self.surfaces.append(surface)
        return len(self.surfaces) - 1

    def polygon(
        self, points: Sequence[Point], colour: Rgb | tuple[int, ...], surface: int | None = None
    ) -> None:
        """Fill a polygon; without a surface, only its colour changes."""
        corners = self._px(points)
        self._paint.polygon(corners, fill=colour)
        if surface is not None:
            self._mark.polygon(corners, fill=surface)

    def disc(
        self, centre: Point, radius_m: float, colour: Rgb | None, surface: int | None = None
    ) -> None:
        """Fill a disc."""
        box = self._box(centre, radius_m)
        if colour is not None:
            self._paint.ellipse(box, fill=colour)
        if surface is not None:
            self._mark.ellipse(box, fill=surface)

    def line(self, points: Sequence[Point], width_m: float, colour: Rgb) -> None:
        """Draw a line that changes no label, a pixel of the sheet wide at least."""
        self._paint.line(
            self._px(points), fill=colour, width=max(1, round(width_m * self.px_per_m))
        )

    def shade(self, points: Sequence[Point], is_shaded: bool = True) -> None:
        """Put a polygon into the shade, or back into the sun."""
        self._darken.polygon(self._px(points), fill=255 * is_shaded)

    def shade_disc(self, centre: Point, radius_m: float, is_shaded: bool = True) -> None:
        """The same for a disc."""
        self._darken.ellipse(self._box(centre, radius_m), fill=255 * is_shaded)

    def label_at(self, point: Point) -> int | None:
        """The label at a place; None outside."""
        u, v = (int(value * self.px_per_m) for value in point)
        if min(point) < 0 or u >= self._map.width or v >= self._map.height:
            return None
        return self.surfaces[cast(int, self._map.getpixel((u, v)))].label

    def pixels(self) -> NDArray[np.float32]:
        """The colours at output size, (H, W, 3) in 0..1."""
        return np.asarray(self._image.reduce(SCALE), dtype=np.float32) / np.float32(255)

    def shadows(self) -> NDArray[np.float32]:
        """Which share of each pixel lies in the shade, (H, W)."""
        return np.asarray(self._shade.reduce(SCALE), dtype=np.float32) / np.float32(255)

    def surface_map(self) -> NDArray[np.int32]:
        """The number of the surface in the middle of each output pixel, (H, W)."""
        middle = slice(SCALE // 2, None, SCALE)
        return np.asarray(self._map)[middle, middle]

    def _px(self, points: Sequence[Point]) -> list[Point]:
        return [(x * self.px_per_m, y * self.px_per_m) for x, y in points]

    def _box(self, centre: Point, radius_m: float) -> tuple[float, float, float, float]:
        u, v, r = (value * self.px_per_m for value in (*centre, radius_m))
        return u - r, v - r, u + r, v + r
