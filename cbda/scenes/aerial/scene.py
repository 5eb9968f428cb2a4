"""What all painters share: the sheet, the look, the sun, and the one generator."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from cbda.scenes.aerial.classes import FIELD, MEADOW, SOIL, TREE
from cbda.scenes.aerial.looks import Look
from cbda.scenes.aerial.places import Place
from cbda.scenes.aerial.sheet import Frame, Sheet, Surface
from cbda.scenes.camera import Point
from cbda.scenes.sampling import Palette, Range, Rgb, chance, colour, poisson, uniform

OPEN_LAND = (FIELD, MEADOW, SOIL, TREE)


@dataclass(frozen=True)
class Scene:
    """One view; `sun` is the shift of a shadow by each metre of height."""

    rng: np.random.Generator
    look: Look
    place: Place
    sheet: Sheet
    sun: Point

    def surface(self, label: int, gain: float = 1.0) -> int:
        """Register a surface with a grain of the domain's."""
        return self.sheet.add(Surface(label, gain * self.within(self.look.sensor.grain)))

    def colour(self, palette: Palette) -> Rgb:
        """Draw a colour."""
        return colour(self.rng, palette)

    def uniform(self, low: float, high: float) -> float:
        """Draw a number."""
        return uniform(self.rng, (low, high))

    def within(self, bounds: Range) -> float:
        """Draw a number between two bounds."""
        return uniform(self.rng, bounds)

    def chance(self, probability: float) -> bool:
        """Return True with the given probability."""
        return chance(self.rng, probability)

    def poisson(self, mean: float) -> int:
        """Draw a count."""
        return poisson(self.rng, mean)

    def anywhere(self) -> Frame:
        """A place in the view, and a heading."""
        x = self.uniform(0, self.sheet.width_m)
        return Frame(x, self.uniform(0, self.sheet.height_m), self.uniform(0, math.tau))

    def is_open(self, points: Sequence[Point]) -> bool:
        """Whether nothing was built at any of these places, and none is water."""
        found = {self.sheet.label_at(point) for point in points}
        return found <= {*OPEN_LAND, None}

    def cast(self, points: Sequence[Point], height_m: float) -> None:
        """Throw the shadow of a polygon that rises above the ground, itself in the sun."""
        dx, dy = self.sun[0] * height_m, self.sun[1] * height_m
        moved = [(x + dx, y + dy) for x, y in points]
        for i in range(len(points)):
            self.sheet.shade([points[i - 1], points[i], moved[i], moved[i - 1]])
        self.sheet.shade(moved)
        self.sheet.shade(points, is_shaded=False)

    def facing(self, heading_rad: float) -> float:
        """How much a slope that looks there faces the sun, from -1 to 1."""
        x, y = self.sun
        length = math.hypot(x, y)
        return -(x * math.cos(heading_rad) + y * math.sin(heading_rad)) / length
