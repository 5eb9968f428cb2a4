"""Pedestrians and cyclists, as thick limbs between joints in space."""

import itertools
import math
from dataclasses import dataclass

from cbda.scenes.camera import Frame, Point
from cbda.scenes.classes import BICYCLIST, PEDESTRIAN
from cbda.scenes.layout import Placement
from cbda.scenes.sampling import Rgb, chance, choose, pick, shade
from cbda.scenes.scene import Scene

SKIN: tuple[Rgb, ...] = ((236, 198, 170), (205, 155, 120), (150, 105, 75), (95, 65, 48))
HAIR: tuple[Rgb, ...] = ((30, 24, 20), (90, 60, 35), (190, 150, 90), (150, 150, 150))


@dataclass(frozen=True)
class Figure:
    """A person's place, size (1 = an adult) and colours."""

    frame: Frame
    size: float
    surface: int
    skin: Rgb
    hair: Rgb
    top: Rgb
    legs: Rgb

    def at(self, l_m: float, w_m: float, y_m: float) -> Point:
        """Project a joint given in an adult's metres."""
        return self.frame.at(l_m * self.size, w_m * self.size, y_m * self.size)

    def limb(self, scene: Scene, joints: list[Point], width_m: float, paint: Rgb) -> None:
        """Draw thick segments through the joints."""
        width = width_m * self.size * self.frame.px_per_m
        for start, end in itertools.pairwise(joints):
            scene.canvas.limb(start, end, width, paint, self.surface)


def draw_pedestrian(scene: Scene, place: Placement) -> None:
    """Draw a walking or standing person with what they wear and carry."""
    frame = scene.frame(place.x_m, place.z_m, place.heading_rad)
    size = scene.uniform(0.55, 0.8) if chance(scene.rng, 0.12) else scene.uniform(0.9, 1.1)
    figure = _figure(scene, frame, size, scene.surface(PEDESTRIAN, place.z_m, 0.5))
    scene.shadow(frame, 0.6, 0.5, 1.5)
    stride = scene.uniform(0.0, 0.38)
    _walk(scene, figure, stride)
    _torso(scene, figure, stride)
    _head(scene, figure, 1.6)
    _outfit(scene, figure, choose(scene.rng, scene.domain.style.people))


def draw_cyclist(scene: Scene, place: Placement) -> None:
    """Draw a rider on a bicycle."""
    frame = scene.frame(place.x_m, place.z_m, place.heading_rad)
    surface = scene.surface(BICYCLIST, place.z_m, 0.5)
    scene.shadow(frame, 1.7, 0.4, 1.0)
    draw_bike(scene, frame, surface)
    _ride(scene, _figure(scene, frame, scene.uniform(0.92, 1.08), surface))


def draw_statue(scene: Scene, frame: Frame, surface: int) -> None:
    """Draw a stone figure on a plinth of 0.9 m: a person in shape only."""
    tone = round(scene.uniform(90, 160))
    stone = (tone, tone, tone - 8)
    figure = Figure(frame, 1.0, surface, stone, stone, stone, stone)
    raised = [figure.at(0, w, y) for w, y in ((-0.1, 0.9), (-0.1, 1.7), (0.1, 1.7), (0.1, 0.9))]
    scene.canvas.polygon(raised, shade(stone, 0.85), surface)
    figure.limb(scene, [figure.at(0, 0, 1.7), figure.at(0, 0, 2.3)], 0.42, stone)
    _head(scene, figure, 2.5)


def draw_bike(scene: Scene, frame: Frame, surface: int) -> None:
    """Draw a bicycle."""
    paint, scale = scene.colour(scene.domain.style.bodies), frame.px_per_m
    for hub in (-0.52, 0.52):
        ring = [
            frame.at(hub + 0.34 * math.sin(a), 0, 0.34 + 0.34 * math.cos(a))
            for a in (step * math.pi / 6 for step in range(13))
        ]
        scene.canvas.polygon(ring, (60, 60, 62, 90), surface)
        for start, end in itertools.pairwise(ring):
            scene.canvas.limb(start, end, 0.06 * scale, (25, 25, 28), surface)
    joints = ((-0.52, 0.34), (-0.1, 0.3), (0.4, 0.8), (-0.22, 0.85), (-0.1, 0.3))
    points = [frame.at(l_m, 0, y_m) for l_m, y_m in joints]
    fork = [frame.at(0.52, 0, 0.34), frame.at(0.36, 0, 1.0)]
    bar = [frame.at(0.36, -0.28, 1.03), frame.at(0.36, 0.28, 1.03)]
    for path in (points, fork, bar):
        for start, end in itertools.pairwise(path):
            scene.canvas.limb(start, end, 0.055 * scale, paint, surface)


def _figure(scene: Scene, frame: Frame, size: float, surface: int) -> Figure:
    clothes = scene.domain.style.clothes
    return Figure(
        frame=frame,
        size=size,
        surface=surface,
        skin=pick(scene.rng, SKIN),
        hair=pick(scene.rng, HAIR),
        top=scene.colour(clothes),
        legs=scene.colour(clothes),
    )


def _walk(scene: Scene, figure: Figure, stride_m: float) -> None:
    for side in (-1, 1):
        hip, knee = (
            figure.at(0, 0.09 * side, 0.92),
            figure.at(side * stride_m * 0.6, 0.09 * side, 0.5),
        )
        foot = figure.at(side * stride_m, 0.1 * side, 0.05)
        figure.limb(scene, [hip, knee, foot], 0.17, shade(figure.legs, 1.0 - 0.12 * side))
        toe = figure.at(side * stride_m + 0.16, 0.1 * side, 0.03)
        figure.limb(scene, [foot, toe], 0.1, (28, 24, 24))


def _torso(scene: Scene, figure: Figure, stride_m: float) -> None:
    hips, chest = figure.at(0, 0, 0.95), figure.at(0.02, 0, 1.36)
    figure.limb(scene, [hips, chest], 0.36, figure.top)
    for side in (-1, 1):
        hand = figure.at(-side * stride_m * 0.7, side * 0.27, scene.uniform(0.82, 1.0))
        joints = [figure.at(0, side * 0.22, 1.4), figure.at(-0.05, side * 0.27, 1.12), hand]
        figure.limb(scene, joints, 0.11, shade(figure.top, 0.85))
        figure.limb(scene, [hand, hand], 0.1, figure.skin)


def _head(scene: Scene, figure: Figure, y_m: float) -> None:
    scale = figure.size * figure.frame.px_per_m
    scene.canvas.ellipse(
        figure.at(0, 0, y_m + 0.04), (0.115 * scale, 0.14 * scale), figure.hair, figure.surface
    )
    face = figure.at(0.05, 0, y_m)
    paint = figure.skin if math.cos(figure.frame.heading_rad) < 0.5 else figure.hair
    scene.canvas.ellipse(face, (0.095 * scale, 0.12 * scale), paint, figure.surface)


def _outfit(scene: Scene, figure: Figure, outfit: str) -> None:
    paint, scale = scene.colour(scene.domain.style.bodies), figure.size * figure.frame.px_per_m
    if outfit in ("coat", "skirt"):
        top, low = (1.3, 0.55) if outfit == "coat" else (1.0, 0.5)
        hem = ((-0.2, top), (-0.27, low), (0.27, low), (0.2, top))
        points = [figure.at(0, w, y) for w, y in hem]
        tone = figure.top if outfit == "coat" else paint
        scene.canvas.polygon(points, tone, figure.surface)
    elif outfit == "bag":
        side = pick(scene.rng, (-1, 1))
        box = ((0.2, 0.85), (0.2, 0.5), (0.48, 0.5), (0.48, 0.85))
        scene.canvas.polygon([figure.at(0, side * w, y) for w, y in box], paint, figure.surface)
    elif outfit == "backpack":
        centre = figure.at(-0.22, 0, 1.2)
        scene.canvas.ellipse(centre, (0.17 * scale, 0.24 * scale), paint, figure.surface)
    elif outfit == "umbrella":
        _umbrella(scene, figure, paint)


def _umbrella(scene: Scene, figure: Figure, paint: Rgb) -> None:
    arc = [
        figure.at(0, -0.58 * math.cos(a), 1.8 + 0.38 * math.sin(a))
        for a in (step * math.pi / 8 for step in range(9))
    ]
    scene.canvas.polygon(arc, paint, figure.surface)
    stick = figure.at(0, 0.1, 1.0), figure.at(0, 0, 2.1)
    scene.canvas.limb(*stick, 0.04 * figure.frame.px_per_m, (40, 40, 42), figure.surface)


def _ride(scene: Scene, figure: Figure) -> None:
    lean, spin = scene.uniform(0.1, 0.35), scene.uniform(0, math.pi)
    hip, shoulder = figure.at(-0.22, 0, 0.95), figure.at(-0.1 + lean, 0, 1.42)
    for side in (-1, 1):
        angle = spin + (math.pi if side > 0 else 0)
        foot = figure.at(-0.1 + 0.17 * math.cos(angle), 0.1 * side, 0.28 + 0.17 * math.sin(angle))
        knee = figure.at(0.18, 0.12 * side, 0.68 + 0.12 * math.sin(angle))
        figure.limb(scene, [figure.at(-0.22, 0.1 * side, 0.93), knee, foot], 0.16, figure.legs)
    figure.limb(scene, [hip, shoulder], 0.36, figure.top)
    for side in (-1, 1):
        joints = [figure.at(-0.1 + lean, 0.2 * side, 1.38), figure.at(0.2, 0.28 * side, 1.15)]
        hand = figure.at(0.36, 0.26 * side, 1.04)
        figure.limb(scene, [*joints, hand], 0.11, shade(figure.top, 0.85))
    _rider_head(scene, figure, lean)


def _rider_head(scene: Scene, figure: Figure, lean_m: float) -> None:
    scale = figure.size * figure.frame.px_per_m
    centre = figure.at(lean_m, 0, 1.64)
    scene.canvas.ellipse(centre, (0.11 * scale, 0.14 * scale), figure.skin, figure.surface)
    hat = scene.colour(scene.domain.style.bodies) if chance(scene.rng, 0.5) else figure.hair
    top = figure.at(lean_m - 0.02, 0, 1.71)
    scene.canvas.ellipse(top, (0.13 * scale, 0.1 * scale), hat, figure.surface)
