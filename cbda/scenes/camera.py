"""Perspective: from metres on the street to pixels on the canvas, and back for the ground.

World axes: x to the right, y up from the ground, z forward along the street; the camera stands
at x = z = 0. All positions in metres.
"""

import math
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from cbda.scenes.domains import CameraKnobs
from cbda.scenes.sampling import uniform

Point = tuple[float, float]
FloatMap = NDArray[np.float32]
NEAR_M = 1.0
FAR_M = 140.0


@dataclass(frozen=True)
class Camera:
    """A pinhole camera; lengths ending in _px are canvas pixels."""

    focal_px: float
    horizon_px: float
    vanishing_px: float
    centre_px: float
    height_m: float
    roll: float
    bend_per_m: float

    def project(self, x_m: float, y_m: float, z_m: float) -> Point:
        """Return the canvas position (u, v) of a point; points behind the camera are clamped."""
        z_m = max(z_m, NEAR_M)
        scale = self.focal_px / z_m
        u = self.vanishing_px + scale * x_m + self.focal_px * self.bend_per_m * z_m
        v = self.horizon_px + scale * (self.height_m - y_m)
        return u, v + self.roll * (u - self.centre_px)

    def px_per_m(self, z_m: float) -> float:
        """Return how many canvas pixels a metre covers at a distance."""
        return self.focal_px / max(z_m, NEAR_M)

    def ground(self, height_px: int, width_px: int) -> tuple[FloatMap, FloatMap]:
        """Return x and z in metres of the ground under each pixel, both (H, W); z is inf above."""
        v, u = np.mgrid[0:height_px, 0:width_px].astype(np.float32) + np.float32(0.5)
        drop = v - self.roll * (u - self.centre_px) - self.horizon_px
        below = drop > 0
        z = np.where(below, self.focal_px * self.height_m / np.maximum(drop, 1e-3), np.inf)
        near = np.minimum(z, 1e4)
        x = (u - self.vanishing_px) * near / self.focal_px - self.bend_per_m * near**2
        return x.astype(np.float32), z.astype(np.float32)


@dataclass(frozen=True)
class Frame:
    """The local axes of an upright thing: l forward, w to its right, y up, in metres."""

    camera: Camera
    x_m: float
    z_m: float
    heading_rad: float

    def at(self, l_m: float, w_m: float, y_m: float) -> Point:
        """Project a local position."""
        sine, cosine = math.sin(self.heading_rad), math.cos(self.heading_rad)
        x = self.x_m + l_m * sine + w_m * cosine
        return self.camera.project(x, y_m, self.z_m + l_m * cosine - w_m * sine)

    @property
    def px_per_m(self) -> float:
        """Canvas pixels per metre at the origin of the frame."""
        return self.camera.px_per_m(self.z_m)


@dataclass(frozen=True)
class Face:
    """A vertical plane between two places on the ground; s runs from the first to the second."""

    camera: Camera
    x0_m: float
    z0_m: float
    x1_m: float
    z1_m: float

    @cached_property
    def length_m(self) -> float:
        """Length along the ground."""
        return math.hypot(self.x1_m - self.x0_m, self.z1_m - self.z0_m)

    def at(self, s_m: float, y_m: float) -> Point:
        """Project the point s metres along the face and y metres up."""
        share = s_m / self.length_m
        x = self.x0_m + share * (self.x1_m - self.x0_m)
        return self.camera.project(x, y_m, self.z0_m + share * (self.z1_m - self.z0_m))

    def quad(self, s0_m: float, s1_m: float, y0_m: float, y1_m: float) -> list[Point]:
        """Project a rectangle on the face."""
        return [
            self.at(s0_m, y0_m),
            self.at(s0_m, y1_m),
            self.at(s1_m, y1_m),
            self.at(s1_m, y0_m),
        ]

    def px_per_m(self, s_m: float) -> float:
        """Canvas pixels per metre, s metres along the face."""
        return self.camera.px_per_m(self.z0_m + s_m / self.length_m * (self.z1_m - self.z0_m))


def sample_camera(
    rng: np.random.Generator, knobs: CameraKnobs, height_px: int, width_px: int
) -> Camera:
    """Draw a camera for a canvas of the given size."""
    return Camera(
        focal_px=uniform(rng, knobs.focal_heights) * height_px,
        horizon_px=uniform(rng, knobs.horizon) * height_px,
        vanishing_px=uniform(rng, knobs.vanishing) * width_px,
        centre_px=width_px / 2,
        height_m=uniform(rng, knobs.height_m),
        roll=uniform(rng, knobs.roll),
        bend_per_m=uniform(rng, knobs.bend_per_m),
    )
