"""Trees and hedges."""

import math
from collections.abc import Callable

from cbda.scenes.camera import Frame
from cbda.scenes.classes import TREE
from cbda.scenes.layout import Placement
from cbda.scenes.sampling import Rgb, chance, choose, shade
from cbda.scenes.scene import Scene

Crown = Callable[[Scene, Frame, float, int], None]


def draw_tree(scene: Scene, place: Placement) -> None:
    """Draw a trunk and one of several crowns."""
    frame, height = scene.frame(place.x_m, place.z_m), scene.uniform(4.5, 10.0)
    scene.shadow(frame, 0.8, 0.8, 0.6 * height)
    surface = scene.surface(TREE, place.z_m, 2.0)
    CROWNS[choose(scene.rng, scene.domain.style.trees)](scene, frame, height, surface)


def draw_hedge(scene: Scene, place: Placement) -> None:
    """Draw a low row of bushes along the street."""
    surface, leaves = scene.surface(TREE, place.z_m, 2.0), scene.colour(scene.domain.style.leaves)
    height = scene.uniform(0.7, 1.8)
    for step in range(5, -1, -1):
        frame = scene.frame(place.x_m, place.z_m + 0.5 * step)
        _blobs(scene, frame, (0, height / 2), (0.7, height / 2), leaves, surface, 5)


def _trunk(scene: Scene, frame: Frame, height_m: float, surface: int, width_m: float = 0.3) -> Rgb:
    grey = scene.uniform(0.0, 1.0)
    tone = scene.uniform(0.6, 1.3)
    bark = shade((round(95 - 10 * grey), round(75 + 8 * grey), round(55 + 30 * grey)), tone)
    lean = scene.uniform(-0.3, 0.3)
    width = width_m * scene.uniform(0.6, 1.3) * frame.px_per_m
    start, end = frame.at(0, 0, 0), frame.at(0, lean, height_m)
    scene.canvas.limb(start, end, width, bark, surface)
    return bark


def _blobs(
    scene: Scene,
    frame: Frame,
    centre: tuple[float, float],
    radii: tuple[float, float],
    leaves: Rgb,
    surface: int,
    count: int,
) -> None:
    """Fill an ellipse in the frame's w-y plane (metres) with leafy blobs, dark below."""
    scale, sun = frame.px_per_m, scene.light.sun_side
    for _ in range(count):
        angle, reach = scene.uniform(0, 2 * math.pi), math.sqrt(scene.uniform(0, 0.85))
        w, y = reach * math.cos(angle), reach * math.sin(angle)
        size = scene.uniform(0.25, 0.5) * scale
        light = 0.9 + 0.25 * y + 0.2 * sun * w * scene.light.sun_strength
        tone = shade(leaves, light * scene.uniform(0.8, 1.15))
        point = frame.at(0, centre[0] + radii[0] * w, max(0.1, centre[1] + radii[1] * y))
        scene.canvas.ellipse(point, (size * radii[0], size * radii[1]), tone, surface)


def _round(scene: Scene, frame: Frame, height_m: float, surface: int) -> None:
    _trunk(scene, frame, 0.6 * height_m, surface)
    leaves, radius = scene.colour(scene.domain.style.leaves), scene.uniform(0.22, 0.32) * height_m
    _blobs(scene, frame, (0, height_m * 0.68), (radius, radius), leaves, surface, 24)


def _cone(scene: Scene, frame: Frame, height_m: float, surface: int) -> None:
    _trunk(scene, frame, 0.4 * height_m, surface)
    leaves, tiers = scene.colour(scene.domain.style.leaves), 5
    for tier in range(tiers):
        low, half = 0.15 + 0.15 * tier, 0.22 * (1 - tier / tiers) * height_m
        points = [frame.at(0, -half, low * height_m), frame.at(0, half, low * height_m)]
        points.append(frame.at(0, 0, (low + 0.28) * height_m))
        scene.canvas.polygon(points, shade(leaves, 0.75 + 0.1 * tier), surface)


def _poplar(scene: Scene, frame: Frame, height_m: float, surface: int) -> None:
    _trunk(scene, frame, 0.3 * height_m, surface)
    leaves = scene.colour(scene.domain.style.leaves)
    centre, radii = (0.0, 0.6 * height_m), (0.11 * height_m, 0.45 * height_m)
    _blobs(scene, frame, centre, radii, leaves, surface, 26)


def _spread(scene: Scene, frame: Frame, height_m: float, surface: int) -> None:
    _trunk(scene, frame, 0.6 * height_m, surface, 0.4)
    leaves = scene.colour(scene.domain.style.leaves)
    for _ in range(4):
        centre = (scene.uniform(-0.25, 0.25) * height_m, scene.uniform(0.5, 0.85) * height_m)
        radii = (scene.uniform(0.12, 0.28) * height_m, scene.uniform(0.08, 0.16) * height_m)
        _blobs(scene, frame, centre, radii, leaves, surface, 10)


def _bare(scene: Scene, frame: Frame, height_m: float, surface: int) -> None:
    """A winter tree: easily taken for a pole."""
    bark = _trunk(scene, frame, 0.7 * height_m, surface, 0.25)
    for _ in range(9):
        start_y = scene.uniform(0.3, 0.7) * height_m
        reach, rise = scene.uniform(-0.25, 0.25) * height_m, scene.uniform(0.1, 0.3) * height_m
        start, end = frame.at(0, 0, start_y), frame.at(0, reach, start_y + rise)
        scene.canvas.limb(start, end, 0.09 * frame.px_per_m, bark, surface)
    if chance(scene.rng, 0.4):
        leaves = scene.colour(scene.domain.style.leaves)
        _blobs(scene, frame, (0, 0.75 * height_m), (1.2, 1.2), leaves, surface, 6)


def _palm(scene: Scene, frame: Frame, height_m: float, surface: int) -> None:
    _trunk(scene, frame, 0.8 * height_m, surface, 0.28)
    leaves, top = scene.colour(scene.domain.style.leaves), 0.8 * height_m
    for index in range(11):
        angle = index / 10 * math.pi
        reach = scene.uniform(1.3, 2.2)
        bend = frame.at(0, 0.6 * reach * math.cos(angle), top + 0.7 * math.sin(angle))
        tip = frame.at(0, reach * math.cos(angle), top + 0.9 * math.sin(angle) - 0.6)
        tone = shade(leaves, scene.uniform(0.7, 1.2))
        scene.canvas.limb(frame.at(0, 0, top), bend, 0.3 * frame.px_per_m, tone, surface)
        scene.canvas.limb(bend, tip, 0.2 * frame.px_per_m, tone, surface)


CROWNS: dict[str, Crown] = {
    "round": _round,
    "cone": _cone,
    "poplar": _poplar,
    "spread": _spread,
    "bare": _bare,
    "palm": _palm,
}
