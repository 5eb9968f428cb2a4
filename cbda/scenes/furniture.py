"""Street furniture: lamp posts, traffic lights, signs, fences, and clutter that nobody labels."""

import math
from collections.abc import Callable

import numpy as np

from cbda.scenes.camera import Face, Frame, Point
from cbda.scenes.classes import FENCE, POLE, SIGN, VOID
from cbda.scenes.layout import Placement
from cbda.scenes.people import draw_bike, draw_statue
from cbda.scenes.sampling import Rgb, chance, choose, pick, shade, uniform
from cbda.scenes.scene import Scene

Outline = tuple[tuple[float, float], ...]
LAMP_GLOW: Rgb = (255, 235, 180)


def _ring(count: int, start_rad: float = 0.0) -> Outline:
    angles = [start_rad + 2 * math.pi * step / count for step in range(count)]
    return tuple((math.sin(angle), math.cos(angle)) for angle in angles)


SHAPES: dict[str, Outline] = {
    "circle": _ring(14),
    "triangle": ((0, 1.05), (-1.05, -0.8), (1.05, -0.8)),
    "yield": ((0, -1.05), (-1.05, 0.8), (1.05, 0.8)),
    "square": ((-0.85, -0.85), (-0.85, 0.85), (0.85, 0.85), (0.85, -0.85)),
    "diamond": _ring(4),
    "octagon": _ring(8, math.pi / 8),
    "tall": ((-0.7, -1.1), (-0.7, 1.1), (0.7, 1.1), (0.7, -1.1)),
    "arrow": ((-1.3, -0.5), (-1.3, 0.5), (0.9, 0.5), (1.4, 0), (0.9, -0.5)),
    "wide": ((-1.6, -0.7), (-1.6, 0.7), (1.6, 0.7), (1.6, -0.7)),
}


def draw_lamp(scene: Scene, place: Placement) -> None:
    """Draw a lamp post."""
    frame, style = scene.frame(place.x_m, place.z_m), choose(scene.rng, scene.domain.style.lamps)
    surface, height = scene.surface(POLE, place.z_m), scene.uniform(4.5, 8.0)
    paint, width = _post_paint(scene, style == "wood"), scene.uniform(0.3, 0.5)
    scene.shadow(frame, 0.3, 0.3, height)
    _post(scene, frame, height, width, paint, surface)
    inward = -1 if place.x_m > 0 else 1
    lit = scene.light.weather.lit_windows_p > 0.1
    glow = LAMP_GLOW if lit else (215, 215, 205)
    if 0.2 * frame.px_per_m < scene.canvas.scale / 2:
        return  # too far for anything but the post to show
    if style in ("arm", "double"):
        for way in (inward, -inward)[: 2 if style == "double" else 1]:
            tip = frame.at(0, way * 1.6, height + 0.2)
            scene.canvas.limb(frame.at(0, 0, height), tip, 0.1 * frame.px_per_m, paint, surface)
            _lamp_head(scene, tip, 0.28 * frame.px_per_m, glow, surface)
    elif style == "wood":
        bar = (frame.at(0, -0.9, height - 0.5), frame.at(0, 0.9, height - 0.5))
        scene.canvas.limb(*bar, 0.1 * frame.px_per_m, paint, surface)
    else:
        _lamp_head(scene, frame.at(0, 0, height), 0.3 * frame.px_per_m, glow, surface)


def draw_traffic_light(scene: Scene, place: Placement) -> None:
    """Draw a post with a signal head; the head counts as a sign."""
    frame, paint = scene.frame(place.x_m, place.z_m), _post_paint(scene, False)
    post, head = scene.surface(POLE, place.z_m), scene.surface(SIGN, place.z_m, 0.3)
    _post(scene, frame, 3.2, 0.24, paint, post)
    low, high, half = 2.4, 3.5, 0.24
    box = [frame.at(0, -half, low), frame.at(0, -half, high), frame.at(0, half, high)]
    scene.canvas.polygon([*box, frame.at(0, half, low)], (28, 30, 32), head)
    lamps = ((235, 60, 45), (240, 180, 50), (60, 220, 130))
    on = int(scene.uniform(0, 3))
    for index, lamp in enumerate(lamps):
        centre, radius = frame.at(0, 0, high - 0.2 - 0.35 * index), 0.14 * frame.px_per_m
        scene.canvas.ellipse(centre, (radius, radius), lamp if index == on else shade(lamp, 0.3))


def draw_sign(scene: Scene, place: Placement) -> None:
    """Draw one or two plates on a post."""
    frame, height = scene.frame(place.x_m, place.z_m), scene.uniform(2.1, 3.0)
    paint = _post_paint(scene, False)
    scene.shadow(frame, 0.3, 0.3, height)
    _post(scene, frame, height, scene.uniform(0.1, 0.18), paint, scene.surface(POLE, place.z_m))
    surface = scene.surface(SIGN, place.z_m, 0.4)
    size = _plate(scene, frame, height, surface)
    if chance(scene.rng, 0.25):
        _plate(scene, frame, height - 2.0 * size, surface)


def draw_wall_sign(scene: Scene, place: Placement) -> None:
    """Draw a traffic sign fixed to a house front."""
    frame = scene.frame(place.x_m, place.z_m)
    _plate(scene, frame, scene.uniform(2.3, 3.4), scene.surface(SIGN, place.z_m, 0.4))


def _post_paint(scene: Scene, wood: bool) -> Rgb:
    if wood:
        return shade((110, 85, 60), scene.uniform(0.6, 1.2))
    tone = round(scene.uniform(40, 170))
    tint = round(scene.uniform(-12, 12))
    return pick(scene.rng, ((tone, tone, tone + 5), (tone, tone + abs(tint), tone)))


def _post(
    scene: Scene, frame: Frame, height_m: float, width_m: float, paint: Rgb, surface: int
) -> None:
    width = max(width_m * frame.px_per_m, 0.55 * scene.canvas.scale)
    foot, top = frame.at(0, 0, 0), frame.at(0, 0, height_m)
    scene.canvas.polygon(_upright(foot, top, width), paint, surface)
    if width > 3:
        edge = (foot[0] - width * 0.25, foot[1]), (top[0] - width * 0.25, top[1])
        scene.canvas.polygon(_upright(*edge, width * 0.3), shade(paint, 1.3))


def _upright(foot: Point, top: Point, width_px: float) -> list[Point]:
    half = width_px / 2 - 0.25
    return [
        (foot[0] - half, foot[1]),
        (top[0] - half, top[1]),
        (top[0] + half, top[1]),
        (foot[0] + half, foot[1]),
    ]


def _lamp_head(scene: Scene, at: Point, radius_px: float, glow: Rgb, surface: int) -> None:
    scene.canvas.ellipse(at, (radius_px, radius_px * 0.7), glow, surface)


def _plate(scene: Scene, frame: Frame, y_m: float, surface: int) -> float:
    """Draw one plate and return its half size in metres."""
    style, rng = scene.domain.style, scene.rng
    outline = SHAPES[choose(rng, style.signs)]
    half, turn = uniform(rng, style.sign_size_m) / 2, math.cos(scene.uniform(-0.9, 0.9))
    border, inner = scene.colour(style.sign_faces), scene.colour(style.sign_faces)
    if chance(rng, 0.15):
        border = inner = _post_paint(scene, False)  # seen from behind
    for share, paint in ((1.0, border), (scene.uniform(0.6, 0.85), inner)):
        points = [frame.at(0, w * half * turn * share, y_m + y * half * share) for w, y in outline]
        scene.canvas.polygon(points, paint, surface)
    if half * frame.px_per_m > 3:
        _glyph(scene, frame, y_m, half * turn)
    return half


def _glyph(scene: Scene, frame: Frame, y_m: float, half_m: float) -> None:
    paint = pick(scene.rng, ((20, 20, 25), (245, 245, 240), (200, 30, 30)))
    w, y = scene.uniform(0.1, 0.4) * half_m, scene.uniform(0.1, 0.4) * half_m
    corners = ((-w, -y), (-w, y), (w, y), (w, -y))
    scene.canvas.polygon([frame.at(0, a, y_m + b) for a, b in corners], paint)


def draw_fence(scene: Scene, place: Placement) -> None:
    """Draw one panel of a fence; its label covers the gaps as well."""
    style = scene.fences[place.variant]
    face = scene.face(place.x_m, place.z_m, place.end_x_m, place.end_z_m)
    surface = scene.surface(FENCE, place.z_m, 0.5)
    outline = face.quad(0, face.length_m, 0, style.height_m)
    scene.canvas.polygon(outline, (*shade(style.paint, 0.5), 70), surface)
    FENCES[style.name](scene, face, style.height_m, style.paint)


def _bar(scene: Scene, face: Face, s_m: float, width_m: float, height_m: float, paint: Rgb) -> None:
    scene.canvas.polygon(face.quad(s_m, s_m + width_m, 0, height_m), paint)


def _rail(scene: Scene, face: Face, y_m: float, width_m: float, paint: Rgb) -> None:
    scene.canvas.polygon(face.quad(0, face.length_m, y_m - width_m, y_m), paint)


def _uprights(
    scene: Scene, face: Face, gap_m: float, width_m: float, height_m: float, paint: Rgb
) -> None:
    step = max(gap_m, 3.0 / face.px_per_m(face.length_m))
    for s in np.arange(0, face.length_m, step):
        _bar(scene, face, float(s), max(width_m, 0.4 * step), height_m, paint)


def _picket(scene: Scene, face: Face, height_m: float, paint: Rgb) -> None:
    _uprights(scene, face, 0.22, 0.12, height_m, paint)
    for y in (0.3 * height_m, 0.8 * height_m):
        _rail(scene, face, y, 0.09, shade(paint, 0.9))


def _rails(scene: Scene, face: Face, height_m: float, paint: Rgb) -> None:
    _uprights(scene, face, 1.5, 0.1, height_m, shade(paint, 0.9))
    for share in (1.0, 0.65, 0.3):
        _rail(scene, face, share * height_m, 0.1, paint)


def _mesh(scene: Scene, face: Face, height_m: float, paint: Rgb) -> None:
    scene.canvas.polygon(face.quad(0, face.length_m, 0, height_m), (*paint, 95))
    _uprights(scene, face, 3.0, 0.08, height_m, shade(paint, 0.7))
    _rail(scene, face, height_m, 0.07, paint)


def _bars(scene: Scene, face: Face, height_m: float, paint: Rgb) -> None:
    _uprights(scene, face, 0.3, 0.05, height_m, paint)
    for y in (0.15, 0.95 * height_m):
        _rail(scene, face, y, 0.06, paint)


def _boards(scene: Scene, face: Face, height_m: float, paint: Rgb) -> None:
    scene.canvas.polygon(face.quad(0, face.length_m, 0, height_m), paint)
    _uprights(scene, face, 0.8, 0.06, height_m, shade(paint, 0.6))


def draw_clutter(scene: Scene, place: Placement) -> None:
    """Draw something that carries no label."""
    frame = scene.frame(place.x_m, place.z_m, place.heading_rad)
    surface = scene.surface(VOID, place.z_m)
    CLUTTER[choose(scene.rng, scene.domain.style.clutter)](scene, frame, surface)


def _box(
    scene: Scene, frame: Frame, size_m: tuple[float, float, float], paint: Rgb, surface: int
) -> None:
    """Draw a box of length, width and height as two visible faces and a lid."""
    half_l, half_w, height = size_m[0] / 2, size_m[1] / 2, size_m[2]
    scene.shadow(frame, size_m[0], size_m[1], height)
    corners = [(-half_l, -half_w), (half_l, -half_w), (half_l, half_w), (-half_l, half_w)]
    tones = (0.9, 0.7, 1.0, 0.8)
    for first, second, tone in zip(corners, [*corners[1:], corners[0]], tones, strict=True):
        quad = [frame.at(*first, 0), frame.at(*first, height), frame.at(*second, height)]
        if _facing(quad):
            scene.canvas.polygon([*quad, frame.at(*second, 0)], shade(paint, tone), surface)
    lid = [frame.at(*corner, height) for corner in corners]
    scene.canvas.polygon(lid, shade(paint, 1.15), surface)


def _facing(quad: list[Point]) -> bool:
    (u0, v0), (u1, v1), (u2, v2) = quad[:3]
    return (u1 - u0) * (v2 - v0) - (u2 - u0) * (v1 - v0) < 0


def _bin(scene: Scene, frame: Frame, surface: int) -> None:
    size = (scene.uniform(0.4, 0.9), scene.uniform(0.4, 0.8), scene.uniform(0.8, 1.3))
    _box(scene, frame, size, scene.colour(scene.domain.style.bodies), surface)


def _cabinet(scene: Scene, frame: Frame, surface: int) -> None:
    size = (scene.uniform(0.8, 1.4), 0.4, scene.uniform(1.0, 1.6))
    _box(scene, frame, size, scene.colour(scene.domain.style.walls), surface)


def _bollard(scene: Scene, frame: Frame, surface: int) -> None:
    paint, height = _post_paint(scene, False), scene.uniform(0.8, 1.1)
    scene.canvas.limb(
        frame.at(0, 0, 0), frame.at(0, 0, height), 0.2 * frame.px_per_m, paint, surface
    )
    band = frame.at(0, 0, 0.75 * height), frame.at(0, 0, 0.85 * height)
    scene.canvas.limb(*band, 0.18 * frame.px_per_m, (225, 225, 215))


def _bench(scene: Scene, frame: Frame, surface: int) -> None:
    paint = shade((120, 90, 60), scene.uniform(0.6, 1.2))
    for y in (0.45, 0.65, 0.85):
        ends = frame.at(0.8, 0, y), frame.at(-0.8, 0, y)
        scene.canvas.limb(*ends, 0.12 * frame.px_per_m, paint, surface)
    for l_m in (-0.7, 0.7):
        leg = frame.at(l_m, 0, 0), frame.at(l_m, 0, 0.8)
        scene.canvas.limb(*leg, 0.08 * frame.px_per_m, shade(paint, 0.5), surface)


def _scooter(scene: Scene, frame: Frame, surface: int) -> None:
    paint, scale = scene.colour(scene.domain.style.bodies), frame.px_per_m
    for l_m in (-0.6, 0.6):
        scene.canvas.ellipse(
            frame.at(l_m, 0, 0.25), (0.25 * scale, 0.25 * scale), (25, 25, 28), surface
        )
    scene.canvas.limb(frame.at(-0.6, 0, 0.6), frame.at(0, 0, 0.4), 0.3 * scale, paint, surface)
    scene.canvas.limb(frame.at(0.5, 0, 0.3), frame.at(0.4, 0, 1.1), 0.15 * scale, paint, surface)


def _cone(scene: Scene, frame: Frame, surface: int) -> None:
    points = [frame.at(0, -0.25, 0), frame.at(0, 0.25, 0), frame.at(0, 0, 0.75)]
    scene.canvas.polygon(points, (225, 95, 35), surface)


def _statue(scene: Scene, frame: Frame, surface: int) -> None:
    _box(scene, frame, (0.8, 0.8, 0.9), (135, 132, 125), surface)
    draw_statue(scene, frame, surface)


def _parked_bike(scene: Scene, frame: Frame, surface: int) -> None:
    draw_bike(scene, frame, surface)


Panel = Callable[[Scene, Face, float, Rgb], None]
FENCES: dict[str, Panel] = {
    "picket": _picket,
    "rail": _rails,
    "mesh": _mesh,
    "bars": _bars,
    "boards": _boards,
}
CLUTTER: dict[str, Callable[[Scene, Frame, int], None]] = {
    "bin": _bin,
    "cabinet": _cabinet,
    "bollard": _bollard,
    "bench": _bench,
    "scooter": _scooter,
    "cone": _cone,
    "statue": _statue,
    "parked_bike": _parked_bike,
}
