"""Houses with gardens along roads, and halls with yards."""

import math

import numpy as np

from cbda.scenes.aerial.classes import BUILDING, MEADOW, POOL, ROAD, SOLAR
from cbda.scenes.aerial.land import Line, draw_tree
from cbda.scenes.aerial.roads import along, draw_vehicle
from cbda.scenes.aerial.scene import Scene
from cbda.scenes.aerial.sheet import Frame
from cbda.scenes.sampling import Range, Rgb, shade


def draw_houses(scene: Scene, road: Line, half_m: float) -> None:
    """Line a road with houses on both sides, where nothing is in the way."""
    plot = scene.within(scene.look.built.plot_m)
    for side in (-1, 1):
        for frame in along(road, plot, scene.uniform(0, plot)):
            if scene.chance(scene.place.houses_p):
                turn = side * math.pi / 2
                _plot(scene, frame.moved(0, side * half_m, turn), plot)


def _plot(scene: Scene, gate: Frame, plot_m: float) -> None:
    """A house in its garden; `gate` looks at it from the road."""
    built, setback = scene.look.built, scene.uniform(4, 9)
    across, deep = (scene.within(bounds) for bounds in built.house_m[::-1])
    across = min(across, 0.8 * plot_m)
    sides = (1.0, setback + deep + scene.uniform(8, 16)), (-plot_m / 2, plot_m / 2)
    house = gate.moved(setback + deep / 2, scene.uniform(-0.1, 0.1) * plot_m)
    if not scene.is_open(gate.grid(*sides)):
        return
    garden = gate.box(*sides)
    scene.sheet.shade(garden, is_shaded=False)
    scene.sheet.polygon(garden, scene.colour(scene.look.land.meadow), scene.surface(MEADOW))
    if scene.chance(built.driveway_p):
        _driveway(scene, gate, setback, scene.uniform(-0.4, 0.4) * plot_m)
    if scene.chance(built.pool_p):
        middle = setback + deep + scene.uniform(4, 6)
        _pool(scene, gate.moved(middle, scene.uniform(-0.25, 0.25) * plot_m))
    turned = house.moved(0, 0, math.pi / 2 if scene.chance(0.7) else 0.0)
    size = (across, deep) if turned != house else (deep, across)
    draw_house(scene, turned, size, scene.uniform(4, 8))
    for _ in range(scene.poisson(2.0)):
        tree = gate.at(scene.uniform(2, setback + deep + 10), scene.uniform(-0.5, 0.5) * plot_m)
        draw_tree(scene, tree, 0.75)


def _driveway(scene: Scene, gate: Frame, length_m: float, across_m: float) -> None:
    drive = gate.box((-0.5, length_m + 2), (across_m - 1.6, across_m + 1.6))
    scene.sheet.polygon(drive, scene.colour(scene.look.built.asphalt), scene.surface(ROAD, 0.6))
    if scene.chance(0.6):
        draw_vehicle(scene, gate.moved(length_m / 2 + 0.5, across_m))


def _pool(scene: Scene, frame: Frame) -> None:
    half, wide = scene.uniform(2.5, 4.5), scene.uniform(1.6, 2.4)
    rim = frame.box((-wide - 1, wide + 1), (-half - 1, half + 1))
    scene.sheet.polygon(rim, (205, 198, 185))
    surface, paint = scene.surface(POOL, 0.4), scene.colour(scene.look.built.pools)
    if scene.chance(0.25):
        scene.sheet.disc(frame.at(0, 0), wide, paint, surface)
        return
    scene.sheet.polygon(frame.box((-wide, wide), (-half, half)), paint, surface)


def draw_house(scene: Scene, frame: Frame, sides_m: Range, height_m: float) -> None:
    """Draw a roof whose ridge runs along the frame, or a flat one, and what is on it."""
    half, wide = sides_m[0] / 2, sides_m[1] / 2
    paint, outline = scene.colour(scene.look.built.roofs), frame.box((-half, half), (-wide, wide))
    scene.cast(outline, height_m)
    scene.sheet.polygon(outline, paint, scene.surface(BUILDING, 0.7))
    if scene.chance(scene.look.built.flat_p):
        _flat_roof(scene, frame, half, wide)
        sunny = (-0.7 * wide, 0.7 * wide)
    else:
        sunny = _gable_roof(scene, frame, half, wide, paint)
    if scene.chance(scene.look.built.solar_p):
        _panels(scene, frame, scene.uniform(0.45, 0.85) * half, sunny)
    elif scene.chance(0.4):  # a window in the roof, which is as dark
        spot = scene.uniform(-0.6, 0.4) * half
        window = frame.box((spot, spot + 1.2), (0.3 * wide, 0.3 * wide + 1.2))
        scene.sheet.polygon(window, (45, 50, 60))


def _gable_roof(scene: Scene, frame: Frame, half_m: float, wide_m: float, paint: Rgb) -> Range:
    """Draw two slopes, one of them brighter; where on that one there is room, across."""
    sunny = (0.0, 0.0)
    for low, high in ((-wide_m, 0.0), (0.0, wide_m)):
        side = math.copysign(math.pi / 2, low + high)
        lit = scene.facing(frame.heading_rad + side)
        slope = frame.box((-half_m, half_m), (low, high))
        scene.sheet.polygon(slope, shade(paint, 0.95 + 0.22 * lit))
        if lit >= 0:
            sunny = (low + 0.15 * wide_m, high - 0.15 * wide_m)
    return sunny


def _flat_roof(scene: Scene, frame: Frame, half_m: float, wide_m: float) -> None:
    rim = [*frame.box((-half_m, half_m), (-wide_m, wide_m))]
    scene.sheet.line([*rim, rim[0]], 0.4, (190, 188, 182))
    for _ in range(scene.poisson(half_m * wide_m / 40)):
        a, b = scene.uniform(-0.7, 0.5) * half_m, scene.uniform(-0.7, 0.5) * wide_m
        unit = frame.box((a, a + scene.uniform(1, 2.5)), (b, b + scene.uniform(1, 2)))
        scene.sheet.polygon(unit, shade((150, 150, 150), scene.uniform(0.4, 1.4)))


def _panels(scene: Scene, frame: Frame, half_m: float, across_m: Range) -> None:
    """Cover a part of a roof with panels, with joints between them."""
    paint, panels = scene.colour(scene.look.built.panels), frame.box((-half_m, half_m), across_m)
    scene.sheet.polygon(panels, paint, scene.surface(SOLAR, 0.2))
    for along_m in np.arange(1.6 - half_m, half_m - 0.5, 1.6):
        ends = [frame.at(float(along_m), end) for end in across_m]
        scene.sheet.line(ends, 0.12, shade(paint, 1.5))


def draw_hall(scene: Scene) -> None:
    """Draw a large building in a paved yard, with vehicles parked in rows."""
    frame, half, wide = scene.anywhere(), scene.uniform(12, 24), scene.uniform(8, 14)
    sides = (-half - 5, half + 5), (-wide - 5, wide + 16)
    if not scene.is_open(frame.grid(*sides)):
        return
    yard = frame.box(*sides)
    scene.sheet.shade(yard, is_shaded=False)
    scene.sheet.polygon(yard, scene.colour(scene.look.built.asphalt), scene.surface(ROAD, 0.7))
    draw_house(scene, frame, (2 * half, 2 * wide), scene.uniform(6, 11))
    for row in (4.0, 11.0):
        for a in np.arange(-half, half, 2.8):
            if scene.chance(0.45):
                draw_vehicle(scene, frame.moved(float(a), wide + row, math.pi / 2))
