"""From painted surfaces to a photograph: texture, wet ground, light, air, and the sensor."""

import io

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageFilter

from cbda.scenes.camera import FloatMap
from cbda.scenes.classes import PAVEMENT, ROAD, SKY
from cbda.scenes.domains import SensorKnobs
from cbda.scenes.ground import Mask, smooth_noise
from cbda.scenes.sampling import chance, uniform
from cbda.scenes.scene import Scene

IntMap = NDArray[np.int32]
AUTO_EXPOSURE = 0.7  # 1 would make every image equally bright
LUMA = np.array([0.299, 0.587, 0.114], np.float32)


def photograph(scene: Scene) -> Image.Image:
    """Turn the finished canvas into the image that the camera delivers."""
    pixels = scene.canvas.pixels()
    step = scene.canvas.scale
    surfaces = scene.canvas.surface_map()[step // 2 :: step, step // 2 :: step]
    labels = np.array([surface.label for surface in scene.canvas.surfaces])[surfaces]
    depth = _depth(scene, surfaces)
    pixels = _texture(scene, pixels, surfaces)
    pixels = _reflect(scene, pixels, np.isin(labels, (ROAD, PAVEMENT)))
    pixels = _illuminate(scene, pixels)
    pixels = _haze(scene, pixels, depth, labels == SKY)
    return _expose(scene, pixels)


def _depth(scene: Scene, surfaces: IntMap) -> FloatMap:
    """Distance of what each pixel shows, (H, W) in metres."""
    table = np.array([surface.depth_m for surface in scene.canvas.surfaces], np.float32)
    depth = table[surfaces]
    step = scene.canvas.scale
    _, z = scene.camera.ground(scene.canvas.height_px, scene.canvas.width_px)
    on_ground = depth == 0
    depth[on_ground] = np.minimum(z[step // 2 :: step, step // 2 :: step][on_ground], 1e4)
    return depth


def _texture(scene: Scene, pixels: FloatMap, surfaces: IntMap) -> FloatMap:
    """Multiply each surface with its own noise family."""
    height, width = surfaces.shape
    families = np.stack(
        [
            scene.rng.standard_normal((height, width)).astype(np.float32),
            smooth_noise(scene.rng, (height, width), (height // 6, width // 6)),
            smooth_noise(scene.rng, (height, width), (height // 14, width // 2)),
            smooth_noise(scene.rng, (height, width), (height // 2, width // 10)),
        ]
    )
    family = np.array([surface.texture for surface in scene.canvas.surfaces])[surfaces]
    table = np.array([surface.strength for surface in scene.canvas.surfaces], np.float32)
    noise = np.take_along_axis(families, family[None], axis=0)[0]
    gain: FloatMap = 1 + np.clip(noise, -2.5, 2.5) * table[surfaces]
    return pixels * gain[..., None]


def _reflect(scene: Scene, pixels: FloatMap, ground: Mask) -> FloatMap:
    """Mirror the scene in wet ground, smeared vertically."""
    if scene.light.wetness < 0.02:
        return pixels
    height = pixels.shape[0]
    horizon = scene.camera.horizon_px / scene.canvas.scale
    rows = np.clip(2 * horizon - np.arange(height), 0, height - 1).astype(np.int32)
    mirrored = _smear(pixels[rows], max(1, height // 16))
    share: FloatMap = (0.5 * scene.light.wetness * ground)[..., None].astype(np.float32)
    reflected: FloatMap = pixels * (1 - np.float32(0.9) * share) + mirrored * share
    return reflected


def _smear(pixels: FloatMap, reach: int) -> FloatMap:
    """Average over 2 * reach + 1 rows."""
    padded = np.pad(pixels, ((reach + 1, reach), (0, 0), (0, 0)), mode="edge")
    total = np.cumsum(padded, axis=0, dtype=np.float64)
    size = 2 * reach + 1
    return ((total[size:] - total[:-size]) / size).astype(np.float32)


def _illuminate(scene: Scene, pixels: FloatMap) -> FloatMap:
    weather = scene.light.weather
    tint = [uniform(scene.rng, bounds) for bounds in weather.sunlight]
    return pixels * (np.array(tint) * uniform(scene.rng, weather.exposure)).astype(np.float32)


def _haze(
    scene: Scene,
    pixels: FloatMap,
    depth_m: FloatMap,
    sky: Mask,
) -> FloatMap:
    """Mix distant things into the colour of the horizon; a thick fog also hides the sky."""
    visibility = uniform(scene.rng, scene.light.weather.visibility_m)
    clear = np.exp(-depth_m / np.float32(visibility))
    clear[sky] = min(1.0, visibility / 200)
    glow = min(1.0, sum(scene.light.weather.exposure) / 2 + 0.1) / 255
    air = np.array(scene.light.horizon, np.float32) * np.float32(glow)
    mixed: FloatMap = air + (pixels - air) * clear[..., None]
    return mixed


def _expose(scene: Scene, pixels: FloatMap) -> Image.Image:
    """Lens and sensor: bloom, blur, colour, contrast, vignette, noise and compression."""
    rng, knobs = scene.rng, scene.domain.sensor
    level = uniform(rng, knobs.mean_level)
    pixels = pixels * np.float32((level / max(float(pixels.mean()), 0.05)) ** AUTO_EXPOSURE)
    pixels = _bloom(pixels, uniform(rng, knobs.bloom))
    pixels = _blur(pixels, uniform(rng, knobs.blur_heights) * pixels.shape[0])
    pixels = _grade(rng, knobs, pixels)
    pixels = pixels * _vignette(pixels.shape[:2], uniform(rng, knobs.vignette))
    noise = rng.standard_normal(pixels.shape).astype(np.float32)
    pixels = pixels + noise * np.float32(uniform(rng, knobs.noise))
    image = Image.fromarray((np.clip(pixels, 0, 1) * 255 + 0.5).astype(np.uint8))
    return _compress(image, scene) if chance(rng, knobs.jpeg_p) else image


def _grade(rng: np.random.Generator, knobs: SensorKnobs, pixels: FloatMap) -> FloatMap:
    """Change saturation, colour cast, contrast and gamma."""
    grey = (pixels @ LUMA)[..., None]
    vivid = grey + (pixels - grey) * np.float32(uniform(rng, knobs.saturation))
    tinted = vivid * np.array([uniform(rng, knobs.cast) for _ in range(3)], np.float32)
    stretched = 0.5 + (tinted - 0.5) * uniform(rng, knobs.contrast)
    graded = np.clip(stretched, 0, 1) ** uniform(rng, knobs.gamma)
    return graded.astype(np.float32)


def _gaussian(pixels: FloatMap, radius_px: float) -> FloatMap:
    image = Image.fromarray((np.clip(pixels, 0, 1) * 255).astype(np.uint8))
    blurred = image.filter(ImageFilter.GaussianBlur(radius_px))
    return np.asarray(blurred, dtype=np.float32) / np.float32(255)


def _blur(pixels: FloatMap, radius_px: float) -> FloatMap:
    return _gaussian(pixels, radius_px) if radius_px > 0.2 else pixels


def _bloom(pixels: FloatMap, strength: float) -> FloatMap:
    """Let bright things glow."""
    if strength < 0.02:
        return pixels
    bright = np.clip(pixels - 0.75, 0, 1)
    return pixels + np.float32(4 * strength) * _gaussian(bright, pixels.shape[0] / 30)


def _vignette(shape: tuple[int, ...], loss: float) -> FloatMap:
    """Brightness falling towards the corners, (H, W, 1)."""
    y = np.linspace(-1, 1, shape[0], dtype=np.float32)[:, None, None]
    x = np.linspace(-1, 1, shape[1], dtype=np.float32)[None, :, None]
    return 1 - np.float32(loss / 2) * (x**2 + y**2)


def _compress(image: Image.Image, scene: Scene) -> Image.Image:
    """Pass the image through JPEG."""
    quality = round(uniform(scene.rng, scene.domain.sensor.jpeg_quality))
    buffer = io.BytesIO()
    image.save(buffer, "JPEG", quality=quality)
    return Image.open(buffer).convert("RGB")
