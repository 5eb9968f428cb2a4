"""The ground: parcels, woods and hedges, rivers and lakes."""

import math
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from cbda.scenes.aerial.classes import FIELD, MEADOW, SOIL, SOLAR, TREE, WATER
from cbda.scenes.aerial.scene import Scene
from cbda.scenes.aerial.sheet import Frame, Surface
from cbda.scenes.camera import Point
from cbda.scenes.sampling import choose, shade

Line = NDArray[np.float64]  # (N, 2) in metres
Outline = list[Point]
BEND_POINTS, SHORE_POINTS = 24, 40


def draw_parcels(scene: Scene) -> None:
    """Cover everything with a bent grid of parcels, which lie on a meadow."""
    sheet = scene.sheet
    everything = Frame(0, 0, 0).box((0, sheet.width_m), (0, sheet.height_m))
    grass = scene.colour(scene.look.land.meadow)
    sheet.polygon(everything, grass, scene.surface(MEADOW))
    for quad, heading in _quads(scene):
        PARCELS[choose(scene.rng, scene.place.parcels)](scene, quad, heading)
        if scene.chance(scene.look.land.hedge_p):
            _hedge(scene, quad[0], quad[1])
    for _ in range(scene.poisson(scene.look.land.lone_trees)):
        spot = scene.anywhere()
        draw_tree(scene, (spot.x_m, spot.y_m))


def _quads(scene: Scene) -> list[tuple[Outline, float]]:
    """The parcels that can be seen, and the heading of their longer sides."""
    heading_rad = scene.uniform(0, math.pi)
    nodes = _nodes(scene, heading_rad)
    quads = [
        _inset([first[j], second[j], second[j + 1], first[j + 1]], 0.03)
        for first, second in pairwise(nodes)
        for j in range(len(first) - 1)
    ]
    return [(quad, heading_rad) for quad in quads if _shows(scene, quad)]


def _nodes(scene: Scene, heading_rad: float) -> list[list[Point]]:
    """Corners of parcels, each a little off the grid, by column and row."""
    sheet = scene.sheet
    width, length = (scene.within(bounds) for bounds in scene.look.land.parcel_m)
    frame = Frame(sheet.width_m / 2, sheet.height_m / 2, heading_rad)
    reach = math.hypot(sheet.width_m, sheet.height_m) / 2
    columns, rows = math.ceil(reach / length) + 1, math.ceil(reach / width) + 1
    shift = scene.rng.uniform(-0.2, 0.2, (2 * columns + 1, 2 * rows + 1, 2))
    along, across = np.moveaxis(shift, -1, 0)
    along = (along + np.arange(-columns, columns + 1)[:, None]) * length
    across = (across + np.arange(-rows, rows + 1)) * width
    return [
        [frame.at(float(a), float(b)) for a, b in zip(*pair, strict=True)]
        for pair in zip(along, across, strict=True)
    ]


def _inset(quad: Outline, share: float) -> Outline:
    """A parcel without its margins."""
    x, y = (sum(values) / len(quad) for values in zip(*quad, strict=True))
    return [(u + share * (x - u), v + share * (y - v)) for u, v in quad]


def _shows(scene: Scene, quad: Outline) -> bool:
    x, y = zip(*quad, strict=True)
    is_beside = max(x) <= 0 or min(x) >= scene.sheet.width_m
    return not (is_beside or max(y) <= 0 or min(y) >= scene.sheet.height_m)


def _field(scene: Scene, quad: Outline, heading_rad: float) -> None:
    land = scene.look.land
    strength, row_m = scene.within(land.row_strength), scene.within(land.row_m)
    rows = Surface(FIELD, scene.within(scene.look.sensor.grain), row_m, heading_rad, strength)
    scene.sheet.polygon(quad, scene.colour(land.field), scene.sheet.add(rows))
    if not scene.chance(0.3):
        return
    for _ in range(1 + scene.poisson(3 * land.bales)):  # bales, which look like a vehicle
        scene.sheet.disc(_inside(scene, quad), 0.9, (205, 190, 140))


def _meadow(scene: Scene, quad: Outline, heading_rad: float) -> None:
    del heading_rad
    scene.sheet.polygon(quad, scene.colour(scene.look.land.meadow), scene.surface(MEADOW, 1.3))
    for _ in range(scene.poisson(1.5)):
        draw_tree(scene, _inside(scene, quad))


def _soil(scene: Scene, quad: Outline, heading_rad: float) -> None:
    strength = scene.uniform(0, 0.08)
    surface = Surface(SOIL, scene.within(scene.look.sensor.grain), 1.8, heading_rad, strength)
    scene.sheet.polygon(quad, scene.colour(scene.look.land.soil), scene.sheet.add(surface))


def _wood(scene: Scene, quad: Outline, heading_rad: float) -> None:
    del heading_rad
    ground = shade(scene.colour(scene.look.land.crowns), 0.6)
    scene.sheet.polygon(quad, ground, scene.surface(TREE, 2.0))
    for _ in range(int(_area(quad) / scene.look.land.crown_gap_m**2)):
        draw_tree(scene, _inside(scene, quad))


def _panels(scene: Scene, quad: Outline, heading_rad: float) -> None:
    """A solar park: tables of panels in rows on grass."""
    _meadow(scene, quad, heading_rad)
    surface, paint = scene.surface(SOLAR, 0.3), scene.colour(scene.look.built.panels)
    gap = scene.uniform(5, 8) / math.dist(quad[1], quad[2])
    for k in range(1, int(0.95 / gap)):
        sides = ((0.06, k), (0.94, k), (0.94, k + 0.45), (0.06, k + 0.45))
        table = [_between(quad, u, v * gap) for u, v in sides]
        scene.cast(table, 1.2)
        scene.sheet.polygon(table, paint, surface)


PARCELS = {
    "field": _field,
    "meadow": _meadow,
    "soil": _soil,
    "wood": _wood,
    "panels": _panels,
}


def _area(quad: Outline) -> float:
    x, y = np.array(quad).T
    return abs(float(np.dot(x, np.roll(y, -1)) - np.dot(y, np.roll(x, -1)))) / 2


def _between(quad: Outline, u: float, v: float) -> Point:
    """A place in a parcel by its shares of both sides."""
    weights = ((1 - u) * (1 - v), u * (1 - v), u * v, (1 - u) * v)
    x, y = (sum(w * p[axis] for w, p in zip(weights, quad, strict=True)) for axis in (0, 1))
    return x, y


def _inside(scene: Scene, quad: Outline) -> Point:
    return _between(quad, scene.uniform(0, 1), scene.uniform(0, 1))


def _hedge(scene: Scene, start: Point, end: Point) -> None:
    (x, y), steps = start, int(math.dist(start, end) / scene.uniform(3, 6))
    for k in range(steps):
        share = (k + scene.uniform(0, 0.6)) / steps
        draw_tree(scene, (x + share * (end[0] - x), y + share * (end[1] - y)), 0.7)


def draw_tree(scene: Scene, at: Point, size: float = 1.0) -> None:
    """Draw a crown from above, lit from where the sun is, unless something stands there."""
    sheet, land = scene.sheet, scene.look.land
    if not scene.is_open([at]):
        return
    radius, leaves = size * scene.within(land.crown_m), scene.colour(land.crowns)
    height = 2 * radius
    if scene.chance(land.conifer_p):
        radius, height, leaves = 0.65 * radius, 2.6 * radius, shade(leaves, 0.8)
    dx, dy = scene.sun
    sheet.shade_disc((at[0] + height * dx, at[1] + height * dy), 0.9 * radius)
    sheet.shade_disc(at, radius, is_shaded=False)
    sheet.disc(at, radius, shade(leaves, 0.82), scene.surface(TREE, 1.5))
    for share in (0.3, 0.55):
        middle = (at[0] - share * dx * 0.4 * radius, at[1] - share * dy * 0.4 * radius)
        sheet.disc(middle, (0.95 - share) * radius, shade(leaves, 0.85 + 0.55 * share))


def bend(scene: Scene, swing: float) -> Line:
    """A smooth line right through the view, (N, 2)."""
    sheet = scene.sheet
    middle = Frame(
        scene.uniform(0.2, 0.8) * sheet.width_m,
        scene.uniform(0.2, 0.8) * sheet.height_m,
        scene.uniform(0, math.pi),
    )
    reach = 1.1 * math.hypot(sheet.width_m, sheet.height_m)
    t = np.linspace(-1, 1, BEND_POINTS)
    phase, waves = scene.uniform(0, math.tau), scene.uniform(1.5, 4)
    offset = swing * sheet.height_m * np.sin(phase + waves * t)
    return np.array([middle.at(a, b) for a, b in zip(reach * t, offset, strict=True)])


def ribbon(line: Line, half_m: float | NDArray[np.float64]) -> Outline:
    """The outline of a band along a line."""
    step = np.gradient(line, axis=0)
    normal = np.stack([-step[:, 1], step[:, 0]], axis=1) / np.hypot(*step.T)[:, None]
    half = np.broadcast_to(half_m, len(line))[:, None]
    outline = np.concatenate([line + half * normal, (line - half * normal)[::-1]])
    return [(float(x), float(y)) for x, y in outline]


def draw_water(scene: Scene) -> bool:
    """Draw the rivers and lakes of a place, each with its shore; whether there is any."""
    shapes = [_lake(scene) for _ in range(scene.poisson(scene.place.lakes))]
    if scene.chance(scene.place.river_p):
        line, half = bend(scene, 0.15), scene.uniform(6, 16)
        width = half * (1 + 0.2 * np.sin(np.linspace(0, scene.uniform(4, 12), BEND_POINTS)))
        shapes.append((ribbon(line, width + scene.uniform(1, 3)), ribbon(line, width)))
    paint = scene.colour(scene.look.land.water)
    surface = scene.sheet.add(Surface(WATER, 0.25 * scene.within(scene.look.sensor.grain)))
    for shore, _ in shapes:
        scene.sheet.shade(shore, is_shaded=False)
        if scene.chance(0.6):
            scene.sheet.polygon(shore, scene.colour(scene.look.land.soil), scene.surface(SOIL))
    for _, water in shapes:
        scene.sheet.polygon(water, paint, surface)
    return bool(shapes)


def _lake(scene: Scene) -> tuple[Outline, ...]:
    """The outlines of a shore and of the water in it."""
    spot, radius = scene.anywhere(), scene.uniform(12, 34)
    angles = np.linspace(0, math.tau, SHORE_POINTS, endpoint=False)
    waves = sum(
        scene.uniform(0.03, 0.16) * np.sin(k * angles + scene.uniform(0, math.tau))
        for k in (1, 2, 3, 5)
    )
    edges = np.array([scene.uniform(1, 3), 0])[:, None] + radius * (1 + waves)
    return tuple(
        [
            spot.at(r * math.cos(a), 0.75 * r * math.sin(a))
            for r, a in zip(edge, angles, strict=True)
        ]
        for edge in edges
    )
