"""From the painted sheet to what the sensor delivers: grain, rows, shade, air, clouds, bytes."""

import io

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageFilter

from cbda.scenes.aerial.scene import Scene
from cbda.scenes.aerial.sheet import SCALE
from cbda.scenes.camera import FloatMap
from cbda.scenes.classes import VOID
from cbda.scenes.ground import smooth_noise

LUMA = np.array([0.299, 0.587, 0.114], np.float32)
AIR = np.array([0.78, 0.81, 0.85], np.float32)
SHADE = np.array([1.0, 0.94, 0.82], np.float32)  # of the light that is missing in the shade
CLOUD_CORE = 0.5  # from this share of cloud on, what lies below is void


def photograph(scene: Scene) -> tuple[NDArray[np.uint8], NDArray[np.uint8]]:
    """The image, (H, W, 3), and its labels, (H, W), void under clouds and outside of the strip."""
    sensor, rng = scene.look.sensor, scene.rng
    surfaces = scene.sheet.surface_map()
    labels = np.array([of.label for of in scene.sheet.surfaces], np.uint8)[surfaces]
    pixels = scene.sheet.pixels() * _texture(scene, surfaces)[..., None]
    dark = scene.within(sensor.shadow_strength) * scene.sheet.shadows()
    clouds = _clouds(scene, labels.shape)
    dark = np.maximum(dark, 0.5 * _shifted(clouds, max(labels.shape[0] // 6, 1)))
    pixels = pixels * (1 - dark[..., None] * SHADE)
    pixels = _grade(scene, pixels)
    pixels += clouds[..., None] * (np.float32(0.95) - pixels)
    pixels += rng.standard_normal(pixels.shape).astype(np.float32) * scene.within(sensor.noise)
    labels[clouds > CLOUD_CORE] = VOID
    outside = _outside(scene, labels.shape)
    labels[outside], pixels[outside] = VOID, 0
    image = Image.fromarray((np.clip(pixels, 0, 1) * 255 + 0.5).astype(np.uint8))
    return np.asarray(_compress(image, scene)), labels


def _texture(scene: Scene, surfaces: NDArray[np.int32]) -> FloatMap:
    """What each pixel's colour is multiplied with."""
    shape, rng, table = surfaces.shape, scene.rng, scene.sheet.surfaces
    fine = rng.standard_normal(shape).astype(np.float32)
    coarse = smooth_noise(rng, shape, (shape[0] // 5, shape[1] // 5))
    wide = smooth_noise(rng, shape, (6, 8))
    grain = np.array([of.grain for of in table], np.float32)[surfaces]
    gain: FloatMap = 1 + grain * np.clip(0.6 * fine + 0.8 * coarse, -2.5, 2.5)
    gain *= 1 + scene.within(scene.look.sensor.patchiness) * wide
    gain *= _rows(scene, surfaces)
    return gain


def _rows(scene: Scene, surfaces: NDArray[np.int32]) -> FloatMap:
    """Rows of crops, furrows and sleepers; those too fine for the sensor are not there."""
    table, m_per_px = scene.sheet.surfaces, SCALE / scene.sheet.px_per_m
    waves = np.array(
        [
            (-np.sin(of.row_rad) / of.row_m, np.cos(of.row_rad) / of.row_m, of.row_strength)
            for of in table
        ],
        np.float32,
    )
    waves[np.array([of.row_m for of in table]) < 2 * m_per_px, 2] = 0
    across_x, across_y, strength = np.moveaxis(waves[surfaces], -1, 0)
    y, x = (np.arange(size, dtype=np.float32) * np.float32(m_per_px) for size in surfaces.shape)
    phase = across_x * x[None, :] + across_y * y[:, None]
    gain: FloatMap = 1 + strength * np.sin(np.float32(2 * np.pi) * phase)
    return gain


def _grade(scene: Scene, pixels: FloatMap) -> FloatMap:
    """Blur, brightness, saturation, colour cast, contrast, gamma and haze."""
    sensor = scene.look.sensor
    pixels = _blurred(pixels, scene.within(sensor.blur_heights) * pixels.shape[0])
    level = scene.within(sensor.level) / max(float(pixels.mean()), 0.05)
    pixels = pixels * np.float32(level**0.7)
    grey = (pixels @ LUMA)[..., None]
    vivid = grey + (pixels - grey) * np.float32(scene.within(sensor.saturation))
    tinted = vivid * np.array([scene.within(bounds) for bounds in sensor.cast], np.float32)
    stretched = 0.45 + (tinted - 0.45) * np.float32(scene.within(sensor.contrast))
    graded = stretched.clip(0, 1) ** np.float32(scene.within(sensor.gamma))
    return (graded + np.float32(scene.within(sensor.haze)) * (AIR - graded)).astype(np.float32)


def _blurred(pixels: FloatMap, radius_px: float) -> FloatMap:
    image = Image.fromarray((np.clip(pixels, 0, 1) * 255).astype(np.uint8))
    blurred = image.filter(ImageFilter.GaussianBlur(radius_px))
    return np.asarray(blurred, dtype=np.float32) / np.float32(255)


def _clouds(scene: Scene, shape: tuple[int, ...]) -> FloatMap:
    """The share of cloud in each pixel."""
    rows, columns = shape
    if not scene.chance(scene.look.sensor.cloud_p):
        return np.zeros(shape, np.float32)
    noise = smooth_noise(scene.rng, (rows, columns), (5, 6))
    noise = noise + 0.35 * smooth_noise(scene.rng, (rows, columns), (15, 20))
    clouds: FloatMap = np.clip((noise - scene.uniform(1.0, 1.7)) * 1.5, 0, 0.97)
    return clouds


def _shifted(clouds: FloatMap, shift_px: int) -> FloatMap:
    """The shadows of clouds, which lie elsewhere."""
    moved = np.zeros_like(clouds)
    moved[:-shift_px, shift_px:] = clouds[shift_px:, :-shift_px]
    return moved


def _outside(scene: Scene, shape: tuple[int, ...]) -> NDArray[np.bool_]:
    """A corner outside of the flight strip."""
    if not scene.chance(scene.look.sensor.edge_p):
        return np.zeros(shape, np.bool_)
    y, x = (np.linspace(0, 1, size) for size in shape)
    x, y = (1 - x if scene.chance(0.5) else x), (1 - y if scene.chance(0.5) else y)
    outside: NDArray[np.bool_] = (
        x[None, :] / scene.uniform(0.1, 0.9) + y[:, None] / scene.uniform(0.1, 0.9) < 1
    )
    return outside


def _compress(image: Image.Image, scene: Scene) -> Image.Image:
    """Pass the image through JPEG, as some archives do."""
    if not scene.chance(scene.look.sensor.jpeg_p):
        return image
    buffer = io.BytesIO()
    image.save(buffer, "JPEG", quality=round(scene.uniform(60, 90)))
    return Image.open(buffer).convert("RGB")
