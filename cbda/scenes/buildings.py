"""Buildings: boxes along the street with roofs, windows, shops and misleading decoration."""

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np

from cbda.scenes.camera import FAR_M, Face
from cbda.scenes.classes import BUILDING, TREE
from cbda.scenes.layout import Placement
from cbda.scenes.sampling import Rgb, chance, choose, mix, pick, shade, uniform
from cbda.scenes.scene import Scene

FLOOR_M = 3.1
MIN_WINDOW_PX = 1.6


@dataclass(frozen=True)
class Facade:
    """One wall with the style of its building; `base_m` is where the upper floors begin."""

    face: Face
    height_m: float
    base_m: float
    wall: Rgb
    trim: Rgb
    glass: Rgb
    surface: int
    bay_m: float
    window: tuple[float, float]  # share of the bay's width and of the floor's height


def draw_building(scene: Scene, place: Placement) -> None:
    """Draw the end wall, the roof and the street front of a building."""
    side = 1 if place.x_m > 0 else -1
    front = _facade(scene, place, side)
    end = Face(scene.camera, place.x_m, place.z_m, place.x_m + side * 12.0, place.z_m)
    upper = choose(scene.rng, scene.domain.style.upper)
    roof = choose(scene.rng, scene.domain.style.roof)
    lit = scene.light.wall(side)
    gable = replace(front, face=end, base_m=0.5, wall=shade(front.wall, 0.86))
    ROOFS[roof](scene, front, gable)
    _wall(scene, gable)
    if chance(scene.rng, 0.5):
        _upper(scene, gable, upper)
    front = replace(front, wall=shade(front.wall, lit))
    _wall(scene, front)
    _upper(scene, front, upper)
    GROUND_FLOORS[choose(scene.rng, scene.domain.style.ground)](scene, front)
    _decorate(scene, front)


def draw_skyline(scene: Scene) -> None:
    """Close the view: far houses and trees along the horizon."""
    u, width = -0.1 * scene.canvas.width_px, scene.canvas.width_px
    while u < 1.1 * width:
        step = scene.uniform(0.03, 0.12) * width
        _far_block(scene, u, step)
        u += 0.8 * step


def _far_block(scene: Scene, u_px: float, step_px: float) -> None:
    camera, style = scene.camera, scene.domain.style
    rise = scene.uniform(0.01, 0.07) * scene.canvas.height_px
    base = camera.horizon_px + camera.roll * (u_px - camera.centre_px) + 4
    if chance(scene.rng, 0.5):
        surface = scene.surface(TREE, FAR_M * 1.3)
        centre, radii = (u_px + step_px / 2, base - rise / 3), (0.6 * step_px, 0.6 * rise + 3)
        scene.canvas.ellipse(centre, radii, scene.colour(style.leaves), surface)
        return
    surface = scene.surface(BUILDING, FAR_M * 1.3)
    box = [(u_px, base), (u_px, base - rise), (u_px + step_px, base - rise), (u_px + step_px, base)]
    scene.canvas.polygon(box, scene.colour(style.walls), surface)


def _facade(scene: Scene, place: Placement, side: int) -> Facade:
    style, rng = scene.domain.style, scene.rng
    floors = max(1, round(uniform(rng, style.floors)))
    ground_m = scene.uniform(3.2, 4.5)
    dark_glass = mix((35, 45, 60), scene.light.zenith, scene.uniform(0.0, 0.55))
    return Facade(
        face=Face(scene.camera, place.x_m, place.z_m, place.x_m, place.end_z_m),
        height_m=ground_m + FLOOR_M * floors - scene.uniform(0.0, 1.0),
        base_m=ground_m,
        wall=scene.colour(style.walls),
        trim=scene.colour(style.walls) if chance(rng, 0.5) else (225, 222, 215),
        glass=dark_glass,
        surface=scene.surface(BUILDING, (place.z_m + place.end_z_m) / 2),
        bay_m=scene.uniform(1.8, 3.6),
        window=(scene.uniform(0.4, 0.65), scene.uniform(0.45, 0.65)),
    )


def _wall(scene: Scene, facade: Facade) -> None:
    face, low = facade.face, shade(facade.wall, 0.8)
    quad = face.quad(0, face.length_m, 0, facade.height_m)
    scene.canvas.polygon(quad, facade.wall, facade.surface)
    scene.canvas.polygon(face.quad(0, face.length_m, 0, 0.7), low)


def _visible(facade: Facade, size_m: float, s_m: float) -> bool:
    return facade.face.px_per_m(s_m) * size_m > MIN_WINDOW_PX


def _upper(scene: Scene, facade: Facade, style: str) -> None:
    if style == "blank":
        return
    if style in ("bands", "curtain"):
        _bands(scene, facade, 0.85 if style == "curtain" else 0.5)
        return
    bay = facade.bay_m * (1.5 if style == "wide" else 1.0)
    columns = max(1, int(facade.face.length_m / bay))
    pitch = facade.face.length_m / columns
    width = pitch * facade.window[0] * (1.15 if style == "wide" else 1.0)
    for column in range(columns):
        s = (column + 0.5) * pitch - width / 2
        if _visible(facade, width * 0.5, s + width):
            _window_column(scene, facade, style, (s, s + width))


def _window_column(scene: Scene, facade: Facade, style: str, span: tuple[float, float]) -> None:
    height = FLOOR_M * facade.window[1]
    y = facade.base_m + 0.8
    while y + height < facade.height_m:
        _window(scene, facade, style, span, (y, y + height))
        y += FLOOR_M


def _glass(scene: Scene, facade: Facade) -> Rgb:
    if chance(scene.rng, scene.light.weather.lit_windows_p):
        return (255, 225, 150)
    return shade(facade.glass, scene.uniform(0.75, 1.3))


def _window(
    scene: Scene,
    facade: Facade,
    style: str,
    span: tuple[float, float],
    rise: tuple[float, float],
) -> None:
    face, canvas = facade.face, scene.canvas
    (s0, s1), (y0, y1) = span, rise
    near = _visible(facade, 0.15, s1)
    if near:
        canvas.polygon(face.quad(s0 - 0.12, s1 + 0.12, y0 - 0.12, y1 + 0.12), facade.trim)
    canvas.polygon(face.quad(s0, s1, y0, y1), _glass(scene, facade))
    if style == "arched":
        quad = [face.at(s0, y1), face.at((s0 * 3 + s1) / 4, y1 + 0.4)]
        quad += [face.at((s0 + 3 * s1) / 4, y1 + 0.4), face.at(s1, y1)]
        canvas.polygon(quad, facade.trim)
    elif style == "shutters":
        wing = 0.4 * (s1 - s0)
        canvas.polygon(face.quad(s0 - wing, s0, y0, y1), facade.trim)
        canvas.polygon(face.quad(s1, s1 + wing, y0, y1), facade.trim)
    elif style == "balconies":
        rail = face.quad(s0 - 0.3, s1 + 0.3, y0 - 0.3, y0 + 0.6)
        canvas.polygon(rail, (*shade(facade.trim, 0.7), 190))
    elif near:
        middle = (s0 + s1) / 2
        canvas.polygon(face.quad(middle - 0.05, middle + 0.05, y0, y1), facade.trim)


def _bands(scene: Scene, facade: Facade, share: float) -> None:
    face, y = facade.face, facade.base_m + 0.6
    while y + FLOOR_M * share < facade.height_m:
        quad = face.quad(0.4, face.length_m - 0.4, y, y + FLOOR_M * share)
        scene.canvas.polygon(quad, shade(facade.glass, scene.uniform(0.9, 1.2)))
        y += FLOOR_M
    for s in np.arange(0.4, face.length_m, facade.bay_m):
        if _visible(facade, 0.3, float(s)):
            bar = face.quad(float(s), float(s) + 0.15, facade.base_m, facade.height_m)
            scene.canvas.polygon(bar, facade.wall)


def _flat_roof(scene: Scene, front: Facade, gable: Facade) -> None:
    del gable
    if chance(scene.rng, 0.3):
        s, y = scene.uniform(0.2, 0.8) * front.face.length_m, front.height_m
        box = front.face.quad(s, s + 1.2, y, y + 1.3)
        scene.canvas.polygon(box, scene.colour(scene.domain.style.roofs), front.surface)


def _cornice(scene: Scene, front: Facade, gable: Facade) -> None:
    for facade in (gable, front):
        face, y = facade.face, facade.height_m
        quad = face.quad(-0.2, face.length_m + 0.2, y - 0.1, y + 0.7)
        scene.canvas.polygon(quad, shade(facade.trim, 0.9), facade.surface)


def _pitched_roof(scene: Scene, front: Facade, gable: Facade) -> None:
    _sloped_roof(scene, front, gable, scene.uniform(0.7, 1.1))


def _mansard(scene: Scene, front: Facade, gable: Facade) -> None:
    _sloped_roof(scene, front, gable, scene.uniform(2.2, 3.2), run_m=1.2)


def _sloped_roof(
    scene: Scene, front: Facade, gable: Facade, slope: float, run_m: float = 5.0
) -> None:
    face, side = front.face, 1 if front.face.x0_m > 0 else -1
    tiles, ridge = scene.colour(scene.domain.style.roofs), front.height_m + run_m * slope
    back = Face(
        face.camera, face.x0_m + side * run_m, face.z0_m, face.x0_m + side * run_m, face.z1_m
    )
    end = [gable.face.at(0, front.height_m), gable.face.at(run_m, ridge)]
    end += [gable.face.at(12.0 - run_m, ridge), gable.face.at(12.0, front.height_m)]
    scene.canvas.polygon(end, gable.wall, front.surface)
    plane = [face.at(0, front.height_m), back.at(0, ridge)]
    plane += [back.at(face.length_m, ridge), face.at(face.length_m, front.height_m)]
    scene.canvas.polygon(plane, tiles, front.surface)
    if chance(scene.rng, 0.6):
        s = scene.uniform(0.1, 0.8) * face.length_m
        chimney = back.quad(s, s + 0.9, ridge - 0.5, ridge + 1.2)
        scene.canvas.polygon(chimney, shade(tiles, 0.7), front.surface)


def _door(scene: Scene, facade: Facade) -> None:
    s = scene.uniform(0.1, 0.8) * facade.face.length_m
    _ground_windows(scene, facade)
    quad = facade.face.quad(s, s + 1.1, 0, 2.3)
    scene.canvas.polygon(facade.face.quad(s - 0.2, s + 1.3, 0, 2.55), facade.trim)
    scene.canvas.polygon(quad, scene.colour(scene.domain.style.bodies))


def _ground_windows(scene: Scene, facade: Facade) -> None:
    columns = max(1, int(facade.face.length_m / facade.bay_m))
    pitch = facade.face.length_m / columns
    for column in range(columns):
        s = (column + 0.5) * pitch
        if _visible(facade, 0.7, s):
            half = pitch * facade.window[0] / 2
            _window(scene, facade, "grid", (s - half, s + half), (1.0, 2.5))


def _shop(scene: Scene, facade: Facade) -> None:
    face, s, y = facade.face, 0.3, min(3.2, facade.base_m)
    while s < face.length_m - 2:
        end = min(s + scene.uniform(3.0, 7.0), face.length_m - 0.3)
        scene.canvas.polygon(face.quad(s, end, 0.5, y - 0.6), _glass(scene, facade))
        sign = scene.colour(scene.domain.style.bodies)
        scene.canvas.polygon(face.quad(s, end, y - 0.6, y), sign)
        _lettering(scene, face, (s, end), y)
        s = end + 0.4


def _lettering(scene: Scene, face: Face, span: tuple[float, float], y_m: float) -> None:
    paint = pick(scene.rng, ((245, 245, 235), (30, 30, 35), (250, 220, 60)))
    for s in np.arange(span[0] + 0.4, span[1] - 0.6, 0.6):
        if face.px_per_m(float(s)) > 4 and chance(scene.rng, 0.8):
            top = scene.uniform(0.12, 0.25)
            scene.canvas.polygon(face.quad(float(s), float(s) + 0.35, y_m - 0.45, y_m - top), paint)


def _awning(scene: Scene, facade: Facade) -> None:
    _shop(scene, facade)
    face, side = facade.face, 1 if facade.face.x0_m > 0 else -1
    x = face.x0_m - side * 1.1
    outer = Face(face.camera, x, face.z0_m, x, face.z1_m)
    s, first = 0.5, scene.colour(scene.domain.style.bodies)
    end = min(face.length_m - 0.3, scene.uniform(4, 9))
    while s < end:
        strip = [face.at(s, 3.0), face.at(s + 0.7, 3.0), outer.at(s + 0.7, 2.4), outer.at(s, 2.4)]
        scene.canvas.polygon(strip, first, facade.surface)
        first = pick(scene.rng, (first, (235, 232, 225)))
        s += 0.7


def _garage(scene: Scene, facade: Facade) -> None:
    face, s = facade.face, 0.8
    paint = shade(facade.trim, 0.85)
    while s + 2.6 < face.length_m:
        scene.canvas.polygon(face.quad(s, s + 2.5, 0, 2.4), paint)
        for y in (0.6, 1.2, 1.8):
            scene.canvas.polygon(face.quad(s, s + 2.5, y, y + 0.07), shade(paint, 0.75))
        s += scene.uniform(3.0, 5.5)


def _bare(scene: Scene, facade: Facade) -> None:
    low = facade.face.quad(0, facade.face.length_m, 0, 1.2)
    scene.canvas.polygon(low, shade(facade.wall, scene.uniform(0.7, 0.95)))


def _decorate(scene: Scene, facade: Facade) -> None:
    """Add things that look like signs, poles or trees but belong to the wall."""
    for _ in range(round(uniform(scene.rng, scene.domain.style.decorations))):
        pick(scene.rng, (_poster, _pipe, _blade, _creeper))(scene, facade)


def _poster(scene: Scene, facade: Facade) -> None:
    face, size = facade.face, scene.uniform(0.5, 2.2)
    s, y = scene.uniform(0, 0.9) * face.length_m, scene.uniform(1.0, 5.0)
    paint, inner = (scene.colour(scene.domain.style.bodies) for _ in range(2))
    scene.canvas.polygon(face.quad(s, s + size, y, y + 0.8 * size), paint)
    quad = face.quad(s + 0.2 * size, s + 0.8 * size, y + 0.2 * size, y + 0.6 * size)
    scene.canvas.polygon(quad, inner)


def _pipe(scene: Scene, facade: Facade) -> None:
    s = scene.uniform(0.05, 0.95) * facade.face.length_m
    tone = shade(facade.wall, scene.uniform(0.45, 0.8))
    scene.canvas.polygon(facade.face.quad(s, s + 0.14, 0, facade.height_m), tone)


def _blade(scene: Scene, facade: Facade) -> None:
    """A shop's name board that sticks out over the pavement."""
    face, side = facade.face, 1 if facade.face.x0_m > 0 else -1
    z = scene.uniform(face.z0_m + 0.5, face.z1_m)
    board = Face(face.camera, face.x0_m, z, face.x0_m - side * scene.uniform(0.5, 1.0), z)
    y, height = scene.uniform(2.6, 4.5), scene.uniform(0.4, 1.6)
    paint = scene.colour(scene.domain.style.bodies)
    scene.canvas.polygon(board.quad(0, board.length_m, y, y + height), paint, facade.surface)


def _creeper(scene: Scene, facade: Facade) -> None:
    face, s = facade.face, scene.uniform(0.1, 0.9) * facade.face.length_m
    leaves = scene.colour(scene.domain.style.leaves)
    for _ in range(8):
        centre = face.at(s + scene.uniform(-0.8, 0.8), scene.uniform(0.2, 3.0))
        radius = face.px_per_m(s) * scene.uniform(0.2, 0.5)
        tone = shade(leaves, scene.uniform(0.7, 1.1))
        scene.canvas.ellipse(centre, (radius * 0.6, radius), (*tone, 220))


ROOFS: dict[str, Callable[[Scene, Facade, Facade], None]] = {
    "flat": _flat_roof,
    "pitched": _pitched_roof,
    "cornice": _cornice,
    "mansard": _mansard,
}
GROUND_FLOORS: dict[str, Callable[[Scene, Facade], None]] = {
    "door": _door,
    "shop": _shop,
    "windows": _ground_windows,
    "garage": _garage,
    "awning": _awning,
    "blank": _bare,
}
