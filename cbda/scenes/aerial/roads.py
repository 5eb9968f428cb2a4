"""Roads, tracks and railways, and what moves on them and on the water."""

import math
from collections.abc import Iterator

import numpy as np

from cbda.scenes.aerial.classes import BOAT, RAILWAY, ROAD, VEHICLE, WATER
from cbda.scenes.aerial.land import Line, bend, ribbon
from cbda.scenes.aerial.scene import Scene
from cbda.scenes.aerial.sheet import Frame, Surface
from cbda.scenes.camera import Point
from cbda.scenes.sampling import Rgb, shade

WHITE, GLASS = (228, 228, 224), (28, 32, 40)
HULL = ((1, 0), (0.45, 0.9), (-0.9, 0.9), (-1, 0.6), (-1, -0.6), (-0.9, -0.9), (0.45, -0.9))


def along(line: Line, step_m: float, start_m: float = 0.0) -> Iterator[Frame]:
    """Places on a line at equal distances, headed along it."""
    lengths = np.concatenate([[0], np.cumsum(np.hypot(*np.diff(line, axis=0).T))])
    for s in np.arange(start_m, lengths[-1] - 1, step_m):
        x, y = (np.interp([s, s + 0.5], lengths, line[:, axis]) for axis in (0, 1))
        yield Frame(float(x[0]), float(y[0]), math.atan2(y[1] - y[0], x[1] - x[0]))


def draw_road(scene: Scene) -> tuple[Line, float]:
    """Draw a road or a track; its middle and half its width."""
    built, is_track = scene.look.built, scene.chance(scene.look.built.track_p)
    line = bend(scene, scene.uniform(0.02, 0.12))
    half = scene.within(built.road_m) * (0.28 if is_track else 0.5)
    scene.sheet.shade(ribbon(line, half + scene.uniform(0.5, 2.5)), is_shaded=False)
    paint = scene.colour(scene.look.land.soil if is_track else built.asphalt)
    scene.sheet.polygon(ribbon(line, half), paint, scene.surface(ROAD, 0.6))
    if is_track:
        _grass_strip(scene, line)
    else:
        _traffic(scene, line, half)
    return line, half


def _grass_strip(scene: Scene, line: Line) -> None:
    """Let grass grow between the wheels of some tracks."""
    if scene.chance(0.5):
        grass = scene.colour(scene.look.land.meadow)
        scene.sheet.line([(float(x), float(y)) for x, y in line], 0.5, grass)


def _traffic(scene: Scene, line: Line, half_m: float) -> None:
    """Mark the middle, and let vehicles drive on both sides of it."""
    built = scene.look.built
    if scene.chance(built.marked_p):
        for frame in along(line, 6.0):
            scene.sheet.line([frame.at(0, 0), frame.at(2.5, 0)], 0.25, WHITE)
    gap = built.traffic_gap_m
    for side in (-1, 1):
        for frame in along(line, gap, scene.uniform(0, gap)):
            shift = scene.uniform(-0.4, 0.4) * gap
            if scene.chance(0.6):
                draw_vehicle(scene, frame.moved(shift, side * half_m / 2))


def draw_vehicle(scene: Scene, frame: Frame) -> None:
    """Draw a car or a truck from above, unless there is water or another one."""
    if scene.sheet.label_at(frame.at(0, 0)) in (None, WATER, VEHICLE):
        return
    is_truck = scene.chance(scene.look.built.truck_p)
    half, wide, height = (3.8, 1.25, 3.0) if is_truck else (scene.uniform(2.0, 2.5), 0.95, 1.5)
    paint, body = scene.colour(scene.look.built.paint), frame.box((-half, half), (-wide, wide))
    scene.cast(body, height)
    scene.sheet.polygon(body, paint, scene.surface(VEHICLE, 0.3))
    if is_truck:
        cab = frame.box((0.6 * half, half), (-wide, wide))
        scene.sheet.polygon(cab, scene.colour(scene.look.built.paint))
    else:
        _cabin(scene, frame, half, paint)


def _cabin(scene: Scene, frame: Frame, half_m: float, paint: Rgb) -> None:
    """The windows and the roof of a car."""
    for rear, front, tone in ((-0.75, 0.42, GLASS), (-0.5, 0.12, shade(paint, 1.1))):
        scene.sheet.polygon(frame.box((rear * half_m, front * half_m), (-0.75, 0.75)), tone)


def draw_railway(scene: Scene) -> None:
    """Draw a straight railway of one or two tracks."""
    sheet, line = scene.sheet, bend(scene, 0.0)
    (first, *_), half = along(line, 1.0), scene.uniform(2.2, 4.5)
    tone = scene.uniform(0.9, 1.25)
    outline = ribbon(line, half)
    across = first.heading_rad + math.pi / 2  # sleepers lie across
    ballast = Surface(RAILWAY, 2 * scene.within(scene.look.sensor.grain), 1.8, across, 0.12)
    sheet.shade(outline, is_shaded=False)
    sheet.polygon(outline, shade((112, 100, 90), tone), sheet.add(ballast))
    points = [(float(x), float(y)) for x, y in line]
    for track in (0.0,) if half < 3 else (-half / 2, half / 2):
        for rail in (-0.75, 0.75):
            ends = [_beside(points, first, end, track + rail) for end in (0, -1)]
            sheet.line(ends, 0.25, (70, 62, 60) if scene.chance(0.5) else (170, 168, 165))


def _beside(points: list[Point], frame: Frame, end: int, across_m: float) -> Point:
    return Frame(*points[end], frame.heading_rad).at(0, across_m)


def draw_boats(scene: Scene) -> None:
    """Draw boats where there is water enough."""
    for _ in range(scene.poisson(scene.look.built.boats)):
        frame, half = scene.anywhere(), scene.uniform(2.2, 5.0)
        around = (frame.at(half + 2, 0), frame.at(-half - 2, 0), frame.at(0, 3), frame.at(0, -3))
        if all(scene.sheet.label_at(point) == WATER for point in around):
            _boat(scene, frame, half)


def _boat(scene: Scene, frame: Frame, half_m: float) -> None:
    sheet, wide, paint = scene.sheet, 0.34 * half_m, scene.colour(scene.look.built.hulls)
    hull = [frame.at(along * half_m, across * wide) for along, across in HULL]
    if scene.chance(0.3):  # a wake, which is water
        wake = [frame.at(-half_m, 0), frame.at(-4 * half_m, wide), frame.at(-4 * half_m, -wide)]
        sheet.polygon(wake, (*WHITE, 90))
    scene.cast(hull, 1.2)
    sheet.polygon(hull, paint, scene.surface(BOAT, 0.3))
    inside = frame.box((-0.7 * half_m, 0.1 * half_m), (-0.5 * wide, 0.5 * wide))
    sheet.polygon(inside, shade(paint, 0.6) if scene.chance(0.5) else (120, 85, 55))
