"""What every drawing function needs to know about the scene it draws in."""

from dataclasses import dataclass

import numpy as np

from cbda.scenes.camera import Camera, Face, Frame
from cbda.scenes.canvas import Canvas, Surface
from cbda.scenes.domains import Domain, Weather
from cbda.scenes.sampling import Palette, Rgb, choose, colour, pick, uniform

TEXTURES = ("fine", "blotch", "streak", "weave")
NUM_STYLES = 3  # fence and lamp styles that one street has


@dataclass(frozen=True)
class Street:
    """The ground plan: x of the kerbs and widths of the pavements; side is -1 (left) or 1."""

    kerb_m: dict[int, float]
    pavement_m: dict[int, float]
    lane_m: float
    traffic_side: int
    oncoming_lanes: int
    parked: dict[int, bool]
    junction_z_m: float
    junction_width_m: float
    zebra: bool

    def line_m(self, side: int) -> float:
        """X where the pavement ends and the plots begin."""
        return self.kerb_m[side] + side * self.pavement_m[side]

    def in_junction(self, z_m: float, margin_m: float = 0.0) -> bool:
        """Whether a place along the street lies in the side street."""
        start = self.junction_z_m - margin_m
        return start < z_m < self.junction_z_m + self.junction_width_m + margin_m


@dataclass(frozen=True)
class FenceStyle:
    """How one kind of fence in this street looks."""

    name: str
    height_m: float
    paint: Rgb


@dataclass(frozen=True)
class Light:
    """The weather of this scene, drawn."""

    weather: Weather
    zenith: Rgb
    horizon: Rgb
    sun_strength: float
    sun_side: int
    wetness: float
    shadow_length: float  # in heights of the thing that casts it

    def wall(self, side: int) -> float:
        """Brightness of walls that face away from the given side of the street."""
        return 1 - 0.6 * self.sun_strength * (side == self.sun_side)


@dataclass(frozen=True)
class Scene:
    """The canvas, the camera, and the knobs, with the one generator of this scene."""

    rng: np.random.Generator
    domain: Domain
    canvas: Canvas
    camera: Camera
    street: Street
    light: Light
    fences: tuple[FenceStyle, ...]

    def surface(self, label: int, depth_m: float, gain: float = 1.0) -> int:
        """Register a new surface with a texture drawn from the domain."""
        texture = TEXTURES.index(choose(self.rng, self.domain.textures))
        strength = gain * uniform(self.rng, self.domain.texture_strength)
        return self.canvas.add(Surface(label, depth_m, texture, strength))

    def frame(self, x_m: float, z_m: float, heading_rad: float = 0.0) -> Frame:
        """Local axes at a place on the ground."""
        return Frame(self.camera, x_m, z_m, heading_rad)

    def face(self, x0_m: float, z0_m: float, x1_m: float, z1_m: float) -> Face:
        """The vertical plane between two places on the ground."""
        return Face(self.camera, x0_m, z0_m, x1_m, z1_m)

    def colour(self, palette: Palette) -> Rgb:
        """Draw a colour."""
        return colour(self.rng, palette)

    def uniform(self, low: float, high: float) -> float:
        """Draw a number."""
        return uniform(self.rng, (low, high))

    def shadow(self, frame: Frame, length_m: float, width_m: float, height_m: float) -> None:
        """Darken the ground under and beside a thing; the label stays that of the ground."""
        strength = 0.35 + 0.4 * self.light.sun_strength
        half_l, half_w = length_m / 2, width_m / 2
        footprint = ((-half_l, -half_w), (half_l, -half_w), (half_l, half_w), (-half_l, half_w))
        self.canvas.polygon(
            [frame.at(1.05 * l_m, 1.1 * w_m, 0) for l_m, w_m in footprint],
            (15, 15, 22, int(200 * strength)),
        )
        if self.light.sun_strength > 0.12:
            self._cast(frame, max(length_m, width_m) / 2, height_m)

    def _cast(self, frame: Frame, half_m: float, height_m: float) -> None:
        reach = -self.light.sun_side * self.light.shadow_length * height_m
        corners = ((0.0, -half_m), (reach, -half_m * 0.6), (reach, half_m * 0.6), (0.0, half_m))
        points = [
            self.camera.project(frame.x_m + x, 0, frame.z_m + 0.15 * abs(x) + z) for x, z in corners
        ]
        self.canvas.polygon(points, (15, 15, 30, int(190 * self.light.sun_strength)))


def sample_light(rng: np.random.Generator, domain: Domain) -> Light:
    """Draw the weather of a scene."""
    weights = {str(i): weight for i, (weight, _) in enumerate(domain.weather)}
    weather = domain.weather[int(choose(rng, weights))][1]
    return Light(
        weather=weather,
        zenith=colour(rng, weather.zenith),
        horizon=colour(rng, weather.horizon),
        sun_strength=uniform(rng, weather.sun_strength),
        sun_side=pick(rng, (-1, 1)),
        wetness=uniform(rng, weather.wetness),
        shadow_length=uniform(rng, weather.shadow_length),
    )


def sample_fences(rng: np.random.Generator, domain: Domain) -> tuple[FenceStyle, ...]:
    """Draw the few fence styles of a street."""
    style = domain.style
    return tuple(
        FenceStyle(
            choose(rng, style.fences), uniform(rng, (0.8, 1.7)), colour(rng, style.fence_paint)
        )
        for _ in range(NUM_STYLES)
    )
