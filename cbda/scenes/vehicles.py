"""Cars: a side profile that is extruded to the car's width, with glass, lamps and wheels."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

from cbda.scenes.camera import Frame, Point
from cbda.scenes.classes import CAR
from cbda.scenes.layout import Placement
from cbda.scenes.sampling import Range, Rgb, chance, choose, mix, shade, uniform
from cbda.scenes.scene import Scene

Profile = tuple[tuple[float, float], ...]


@dataclass(frozen=True)
class Body:
    """A car's outline from rear bottom over the roof to front bottom, in shares of its size."""

    length_m: Range
    height_m: Range
    profile: Profile
    glass_edges: tuple[int, ...]
    side_windows: tuple[Profile, ...]


SEDAN: Profile = (
    (0, 0.2), (0, 0.58), (0.04, 0.64), (0.17, 0.67), (0.29, 0.97), (0.36, 1), (0.55, 1),
    (0.6, 0.97), (0.73, 0.66), (0.95, 0.58), (1, 0.5), (1, 0.2),
)  # fmt: skip
HATCH: Profile = (
    (0, 0.2), (0, 0.55), (0.02, 0.66), (0.1, 0.96), (0.16, 1), (0.5, 1), (0.56, 0.97),
    (0.73, 0.64), (0.96, 0.55), (1, 0.46), (1, 0.2),
)  # fmt: skip
ESTATE: Profile = (
    (0, 0.2), (0, 0.58), (0.01, 0.66), (0.07, 0.96), (0.11, 1), (0.56, 1), (0.61, 0.97),
    (0.74, 0.66), (0.96, 0.57), (1, 0.48), (1, 0.2),
)  # fmt: skip
SUV: Profile = (
    (0, 0.24), (0, 0.6), (0.02, 0.66), (0.05, 0.97), (0.1, 1), (0.58, 1), (0.63, 0.97),
    (0.74, 0.68), (0.97, 0.61), (1, 0.5), (1, 0.24),
)  # fmt: skip
VAN: Profile = (
    (0, 0.14), (0, 0.55), (0, 0.94), (0.03, 1), (0.68, 1), (0.74, 0.97), (0.87, 0.6),
    (0.98, 0.48), (1, 0.4), (1, 0.14),
)  # fmt: skip
PICKUP: Profile = (
    (0, 0.24), (0, 0.6), (0.38, 0.6), (0.4, 0.97), (0.44, 1), (0.58, 1), (0.62, 0.97),
    (0.73, 0.64), (0.97, 0.58), (1, 0.5), (1, 0.24),
)  # fmt: skip
TRUCK: Profile = (
    (0, 0.15), (0, 1), (0.74, 1), (0.76, 0.78), (0.92, 0.76), (0.97, 0.45), (1, 0.4), (1, 0.12),
)  # fmt: skip

BODIES = {
    "sedan": Body((4.2, 4.8), (1.4, 1.5), SEDAN, (3, 7), (
        ((0.27, 0.68), (0.33, 0.93), (0.44, 0.93), (0.44, 0.68)),
        ((0.46, 0.68), (0.46, 0.93), (0.57, 0.93), (0.68, 0.68)),
    )),
    "hatch": Body((3.6, 4.2), (1.42, 1.55), HATCH, (2, 6), (
        ((0.12, 0.67), (0.17, 0.92), (0.35, 0.93), (0.35, 0.67)),
        ((0.37, 0.67), (0.37, 0.93), (0.52, 0.93), (0.67, 0.67)),
    )),
    "estate": Body((4.4, 4.9), (1.42, 1.52), ESTATE, (2, 6), (
        ((0.05, 0.68), (0.1, 0.92), (0.24, 0.93), (0.24, 0.68)),
        ((0.26, 0.68), (0.26, 0.93), (0.57, 0.93), (0.69, 0.68)),
    )),
    "suv": Body((4.3, 4.9), (1.65, 1.9), SUV, (2, 6), (
        ((0.06, 0.69), (0.09, 0.92), (0.34, 0.93), (0.34, 0.69)),
        ((0.36, 0.69), (0.36, 0.93), (0.59, 0.93), (0.69, 0.69)),
    )),
    "van": Body((4.6, 5.6), (1.9, 2.4), VAN, (1, 5), (
        ((0.6, 0.6), (0.6, 0.9), (0.7, 0.9), (0.82, 0.6)),
    )),
    "pickup": Body((4.9, 5.4), (1.6, 1.8), PICKUP, (2, 6), (
        ((0.42, 0.66), (0.44, 0.93), (0.58, 0.93), (0.68, 0.66)),
    )),
    "truck": Body((5.5, 7.5), (2.5, 3.2), TRUCK, (4,), (
        ((0.79, 0.5), (0.79, 0.7), (0.9, 0.7), (0.93, 0.5)),
    )),
}  # fmt: skip


@dataclass(frozen=True)
class Car:
    """One car, ready to draw."""

    frame: Frame
    body: Body
    length_m: float
    width_m: float
    height_m: float
    paint: Rgb
    glass: Rgb
    surface: int

    def at(self, share_l: float, w_m: float, share_y: float) -> Point:
        """Project a point given in shares of length and height."""
        return self.frame.at((share_l - 0.5) * self.length_m, w_m, share_y * self.height_m)

    def edge(self, index: int, inset_m: float = 0.0) -> list[Point]:
        """The part of the skin between two profile points, across the car."""
        half = self.width_m / 2 - inset_m
        first, second = self.body.profile[index : index + 2]
        return [
            self.at(first[0], half, first[1]),
            self.at(first[0], -half, first[1]),
            self.at(second[0], -half, second[1]),
            self.at(second[0], half, second[1]),
        ]


def draw_car(scene: Scene, place: Placement) -> None:
    """Draw a car; its heading decides which sides show."""
    car = _sample(scene, place)
    scene.shadow(car.frame, car.length_m, car.width_m, 0.7 * car.height_m)
    _tyres(scene, car)
    for index in sorted(range(len(car.body.profile) - 1), key=lambda i: -_depth(car, i)):
        _skin(scene, car, index)
    _ends(scene, car)
    for side in (1, -1):
        outline = [car.at(x, side * car.width_m / 2, y) for x, y in car.body.profile]
        if side * signed_area(outline) > 0:
            _side(scene, car, side, outline)


def signed_area(points: Sequence[Point]) -> float:
    """Twice the area of a polygon; positive when its corners run clockwise on the screen."""
    following = [*points[1:], points[0]]
    return sum(a[0] * b[1] - b[0] * a[1] for a, b in zip(points, following, strict=True))


def _sample(scene: Scene, place: Placement) -> Car:
    style, rng = scene.domain.style, scene.rng
    body = BODIES[choose(rng, style.cars)]
    height = uniform(rng, body.height_m)
    return Car(
        frame=scene.frame(place.x_m, place.z_m, place.heading_rad),
        body=body,
        length_m=uniform(rng, body.length_m),
        width_m=scene.uniform(1.65, 1.85) if height < 2.4 else 2.1,
        height_m=height,
        paint=scene.colour(style.bodies),
        glass=mix((28, 32, 40), scene.light.zenith, scene.uniform(0.05, 0.5)),
        surface=scene.surface(CAR, place.z_m, 0.35),
    )


def _depth(car: Car, index: int) -> float:
    middle = (car.body.profile[index][0] + car.body.profile[index + 1][0]) / 2 - 0.5
    return car.frame.z_m + middle * car.length_m * math.cos(car.frame.heading_rad)


def _skin(scene: Scene, car: Car, index: int) -> None:
    quad = car.edge(index)
    if signed_area(quad) <= 0:
        return
    (x0, y0), (x1, y1) = car.body.profile[index : index + 2]
    flat = abs(x1 - x0) * car.length_m / (abs(x1 - x0) * car.length_m + abs(y1 - y0) + 1e-6)
    scene.canvas.polygon(quad, shade(car.paint, 0.8 + 0.35 * flat), car.surface)
    if index in car.body.glass_edges:
        scene.canvas.polygon(car.edge(index, 0.14), car.glass)


def _tyres(scene: Scene, car: Car) -> None:
    """Put the tyres' dark treads under both ends."""
    for end in (0.06, 0.94):
        for side in (-1, 1):
            outer, inner = side * car.width_m / 2, side * (car.width_m / 2 - 0.24)
            quad = [car.at(end, outer, 0), car.at(end, outer, 0.3)]
            quad += [car.at(end, inner, 0.3), car.at(end, inner, 0)]
            scene.canvas.polygon(quad, (18, 18, 20), car.surface)


def _ends(scene: Scene, car: Car) -> None:
    """Add lamps, a number plate and a bumper to the end that shows."""
    rear = math.cos(car.frame.heading_rad) > 0
    end = -0.001 if rear else 1.001
    if abs(math.cos(car.frame.heading_rad)) < 0.25:
        return
    lit = scene.light.weather.lit_windows_p > 0.1
    lamp = (225, 35, 30) if rear else ((255, 250, 220) if lit else (225, 228, 230))
    half = car.width_m / 2
    _underside(scene, car, end)
    _end_quad(scene, car, end, (-half, half), (0.2, 0.3), shade(car.paint, 0.45))
    for side in (-1, 1):
        span = (side * half * 0.95, side * half * 0.58)
        _end_quad(scene, car, end, span, (0.42, 0.55), lamp if lit else shade(lamp, 0.85))
    if not rear:
        _end_quad(scene, car, end, (-0.4 * half, 0.4 * half), (0.34, 0.46), (30, 30, 34))
    _end_quad(scene, car, end, (-0.26, 0.26), (0.27, 0.35), (228, 226, 205))


def _underside(scene: Scene, car: Car, end: float) -> None:
    """Close the gap between the bumper and the ground, as shade does in a photograph."""
    half, low = car.width_m / 2 - 0.1, 0.12 / car.height_m
    quad = [car.at(end, w, y) for w, y in ((-half, low), (-half, 0.25), (half, 0.25), (half, low))]
    scene.canvas.polygon(quad, (24, 24, 27), car.surface)


def _end_quad(
    scene: Scene,
    car: Car,
    end: float,
    span_m: tuple[float, float],
    rise: tuple[float, float],
    paint: Rgb,
) -> None:
    (w0, w1), (y0, y1) = span_m, rise
    quad = [car.at(end, w0, y0), car.at(end, w0, y1), car.at(end, w1, y1), car.at(end, w1, y0)]
    scene.canvas.polygon(quad, paint)


def _side(scene: Scene, car: Car, side: int, outline: list[Point]) -> None:
    w = side * car.width_m / 2
    lit = 0.92 - 0.3 * scene.light.sun_strength * chance(scene.rng, 0.5)
    scene.canvas.polygon(outline, shade(car.paint, lit), car.surface)
    sill = [car.at(x, w, y) for x, y in ((0, 0.2), (0, 0.3), (1, 0.3), (1, 0.2))]
    scene.canvas.polygon(sill, shade(car.paint, 0.5))
    for window in car.body.side_windows:
        scene.canvas.polygon([car.at(x, w * 0.99, y) for x, y in window], car.glass)
    for share in (0.19, 0.81):
        _wheel(scene, car, share, w)


def _wheel(scene: Scene, car: Car, share_l: float, w_m: float) -> None:
    l_m, radius = (share_l - 0.5) * car.length_m, 0.33
    for size, paint in ((radius, (20, 20, 22)), (0.58 * radius, (150, 150, 155))):
        ring = [
            car.frame.at(l_m + size * math.sin(a), w_m, radius + size * math.cos(a))
            for a in (step * math.pi / 5 for step in range(10))
        ]
        scene.canvas.polygon(ring, paint, car.surface)
