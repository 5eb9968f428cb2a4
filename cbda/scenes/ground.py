"""The backdrop: sky, and the ground with its markings, shadows and puddles, pixel by pixel."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from cbda.scenes.camera import FloatMap
from cbda.scenes.canvas import Surface
from cbda.scenes.classes import PAVEMENT, ROAD, SKY
from cbda.scenes.sampling import Rgb, chance, choose, poisson, uniform
from cbda.scenes.scene import Scene

Mask = NDArray[np.bool_]
TILE = 256
SKY_DEPTH_M = 1e4


@dataclass(frozen=True)
class Ground:
    """The ground below the horizon: x, z in metres and colours, for rows from `top` on."""

    top: int
    x: FloatMap
    z: FloatMap
    colours: NDArray[np.float32]

    def blend(self, mask: Mask | FloatMap, colour: Rgb, weight: float = 1.0) -> None:
        """Mix a colour into the masked pixels."""
        chosen = mask > 0
        share = (mask[chosen].astype(np.float32) * np.float32(weight))[:, None]
        under = self.colours[chosen]
        self.colours[chosen] = under + share * (np.array(colour, np.float32) - under)


def draw_backdrop(scene: Scene) -> None:
    """Start the canvas with sky and ground."""
    canvas = scene.canvas
    sky = canvas.add(Surface(SKY, SKY_DEPTH_M, 1, 0.01))
    road, pavement = scene.surface(ROAD, 0.0, 0.7), scene.surface(PAVEMENT, 0.0, 0.7)
    x, z = scene.camera.ground(canvas.height_px, canvas.width_px)
    top = int(np.argmax(np.isfinite(z).any(axis=1)))
    ground = Ground(
        top, x[top:], np.minimum(z[top:], 1e4), np.zeros((*x[top:].shape, 3), np.float32)
    )
    image = _sky(scene)
    on_road = _on_road(scene, ground)
    _road(scene, ground, on_road)
    _pavement(scene, ground, ~on_road)
    _shadows(scene, ground)
    _puddles(scene, ground)
    below = np.isfinite(z[top:])
    image[top:][below] = ground.colours[below]
    surfaces = np.full(x.shape, sky, np.int32)
    surfaces[top:][below] = np.where(on_road, road, pavement)[below]
    canvas.start(np.clip(image, 0, 255).astype(np.uint8), surfaces)


def smooth_noise(
    rng: np.random.Generator, shape: tuple[int, int], cells: tuple[int, int]
) -> FloatMap:
    """Bicubic noise of about unit deviation with the given number of cells (rows, columns)."""
    coarse = Image.fromarray(rng.standard_normal(cells).astype(np.float32))
    fine = coarse.resize((shape[1], shape[0]), Image.Resampling.BICUBIC)
    return np.asarray(fine, dtype=np.float32)


def _sky(scene: Scene) -> NDArray[np.float32]:
    """The sky over the whole canvas, (H, W, 3) in 0..255."""
    height, width = scene.canvas.height_px, scene.canvas.width_px
    rise = np.linspace(0, 1, height, dtype=np.float32)[:, None, None]
    share = np.clip(rise * height / max(scene.camera.horizon_px, 1), 0, 1)
    zenith = np.array(scene.light.zenith, np.float32)
    horizon = np.array(scene.light.horizon, np.float32)
    image = np.repeat(zenith + (horizon - zenith) * share, width, axis=1)
    cover = uniform(scene.rng, scene.light.weather.cloud_cover)
    cells = (int(uniform(scene.rng, (7, 14))), int(uniform(scene.rng, (4, 9))))
    noise = smooth_noise(scene.rng, (height, width), cells)
    noise = noise + 0.5 * smooth_noise(scene.rng, (height, width), (2 * cells[0], 3 * cells[1]))
    clouds = np.clip((noise + np.float32(2.5 * cover - 1.3)) * np.float32(0.9), 0, 0.9)[..., None]
    tone = min(255.0, max(scene.light.horizon) * uniform(scene.rng, (0.8, 1.15)))
    image += clouds * (np.float32(tone) - image)
    return image


def _on_road(scene: Scene, ground: Ground) -> Mask:
    street = scene.street
    along = (ground.x > street.kerb_m[-1]) & (ground.x < street.kerb_m[1])
    start, end = street.junction_z_m, street.junction_z_m + street.junction_width_m
    return along | ((ground.z > start) & (ground.z < end))


def _lookup(tile: FloatMap, ground: Ground, per_m: float) -> FloatMap:
    """Sample a periodic noise tile at ground positions."""
    rows = (ground.z * per_m).astype(np.int32) & (TILE - 1)
    columns = (ground.x * per_m).astype(np.int32) & (TILE - 1)
    found: FloatMap = tile[rows, columns]
    return found


def _fade(ground: Ground, full_m: float) -> FloatMap:
    """1 near the camera, falling with distance, so that fine patterns do not flicker."""
    return np.minimum(1, full_m / np.maximum(ground.z, 0.1)).astype(np.float32)


def _road(scene: Scene, ground: Ground, mask: Mask) -> None:
    rng, knobs = scene.rng, scene.domain.street
    ground.blend(mask, scene.colour(scene.domain.style.asphalt))
    speckle = rng.standard_normal((TILE, TILE)).astype(np.float32)
    strength = 255 * uniform(rng, scene.domain.texture_strength)
    grain = _lookup(speckle, ground, 9.0) * _fade(ground, 8.0) * strength * 0.7
    ground.colours[:] += (grain * mask)[..., None]
    if chance(rng, knobs.crack_p):
        _patches(scene, ground, mask)
    _markings(scene, ground, mask)
    if scene.street.zebra:
        _zebra(scene, ground, mask)


def _patches(scene: Scene, ground: Ground, mask: Mask) -> None:
    for _ in range(1 + poisson(scene.rng, 4)):
        x, z = scene.uniform(-5, 5), scene.uniform(3, 25)
        half_x, half_z = scene.uniform(0.05, 1.5), scene.uniform(0.1, 4)
        patch = (abs(ground.x - x) < half_x) & (abs(ground.z - z) < half_z) & mask
        tone = round(scene.uniform(20, 150))
        ground.blend(patch, (tone, tone, tone), 0.45)


def _markings(scene: Scene, ground: Ground, mask: Mask) -> None:
    style = choose(scene.rng, scene.domain.street.markings)
    if style == "none":
        return
    paint = (225, 185, 60) if style == "yellow" else (235, 235, 230)
    weight = scene.uniform(0.25, 0.5) if style == "worn" else 0.92
    street, period = scene.street, scene.uniform(5, 9)
    dash = (ground.z / period) % 1 < scene.uniform(0.35, 0.55)
    clear = mask & (
        (ground.z < street.junction_z_m - 1.5)
        | (ground.z > street.junction_z_m + street.junction_width_m)
    )
    for lane in range(street.oncoming_lanes):
        x = -street.traffic_side * (lane + 0.5) * street.lane_m
        on = (abs(ground.x - x) < 0.08) & clear
        ground.blend(on if style == "solid" and lane == 0 else on & dash, paint, weight)
    if style in ("solid", "yellow") or scene.uniform(0, 1) < 0.5:
        for side in (-1, 1):
            edge = abs(ground.x - street.kerb_m[side] + side * 0.25) < 0.06
            ground.blend(edge & clear, paint, weight)


def _zebra(scene: Scene, ground: Ground, mask: Mask) -> None:
    street = scene.street
    end = min(street.junction_z_m - 1.0, scene.uniform(12, 30))
    band = (ground.z > end - 3.0) & (ground.z < end) & mask
    stripes = (ground.x / 1.0) % 1 < 0.5
    ground.blend(band & stripes, (232, 232, 228), scene.uniform(0.6, 0.95))


def _pavement(scene: Scene, ground: Ground, mask: Mask) -> None:
    rng, slab = scene.rng, scene.colour(scene.domain.style.slabs)
    ground.blend(mask, slab)
    paving = choose(rng, scene.domain.street.paving)
    if paving != "plain":
        size = {"slabs": scene.uniform(0.6, 1.1), "bricks": 0.35, "cobbles": 0.25}[paving]
        _joints(scene, ground, mask, size)
    speckle = rng.standard_normal((TILE, TILE)).astype(np.float32)
    strength = 255 * uniform(rng, scene.domain.texture_strength)
    grain = _lookup(speckle, ground, 3.0) * _fade(ground, 8.0) * strength * 0.7
    ground.colours[:] += (grain * mask)[..., None]
    _kerb(scene, ground, mask, slab)


def _joints(scene: Scene, ground: Ground, mask: Mask, size_m: float) -> None:
    width = 0.08 if size_m > 0.5 else 0.2
    joints = ((ground.x / size_m) % 1 < width) | ((ground.z / size_m) % 1 < width)
    weight = _fade(ground, 5.0) * 0.35
    ground.blend((joints & mask) * weight, (40, 38, 36), scene.uniform(0.5, 1.0))


def _kerb(scene: Scene, ground: Ground, mask: Mask, slab: Rgb) -> None:
    tone = scene.uniform(0.6, 1.35)
    stone = tuple(min(255, round(channel * tone)) for channel in slab)
    for side in (-1, 1):
        edge = side * (ground.x - scene.street.kerb_m[side])
        ground.blend(mask & (edge > 0) & (edge < 0.2), (stone[0], stone[1], stone[2]))
        ground.blend(mask & (edge > 0) & (edge < 0.06), (45, 45, 45), 0.6)


def _shadows(scene: Scene, ground: Ground) -> None:
    """Shade what the houses on the sunny side keep the sun from."""
    light, street = scene.light, scene.street
    if light.sun_strength < 0.12:
        return
    reach = light.shadow_length * scene.rng.uniform(0, 9, 64)
    block = (ground.z / 9).astype(np.int32) & 63
    inside = street.line_m(light.sun_side) - light.sun_side * reach[block]
    shaded = light.sun_side * (ground.x - inside) > 0
    ground.blend(shaded, (18, 20, 40), 1.1 * light.sun_strength)


def _puddles(scene: Scene, ground: Ground) -> None:
    if scene.light.wetness < 0.08:
        return
    tile = smooth_noise(scene.rng, (TILE, TILE), (40, 64))
    wet = np.clip((_lookup(tile, ground, 12.0) - 1.1) * 3, 0, 1) * _fade(ground, 30.0)
    ground.blend(wet.astype(np.float32), scene.light.horizon, 0.75 * scene.light.wetness)
