"""One scene from its seed: plan the street, paint it back to front, photograph it."""

from collections.abc import Callable, Mapping

import numpy as np
from numpy.typing import NDArray

from cbda.scenes.appearance import photograph
from cbda.scenes.buildings import draw_building, draw_skyline
from cbda.scenes.camera import sample_camera
from cbda.scenes.canvas import Canvas
from cbda.scenes.classes import VOID
from cbda.scenes.domains import DOMAINS, Domain
from cbda.scenes.furniture import (
    draw_clutter,
    draw_fence,
    draw_lamp,
    draw_sign,
    draw_traffic_light,
    draw_wall_sign,
)
from cbda.scenes.ground import draw_backdrop
from cbda.scenes.layout import Placement, Plan, place, plan_street
from cbda.scenes.nature import draw_hedge, draw_tree
from cbda.scenes.people import draw_cyclist, draw_pedestrian
from cbda.scenes.sampling import chance, uniform
from cbda.scenes.scene import Scene, sample_fences, sample_light
from cbda.scenes.vehicles import draw_car

DRAW: Mapping[str, Callable[[Scene, Placement], None]] = {
    "building": draw_building,
    "tree": draw_tree,
    "hedge": draw_hedge,
    "lamp": draw_lamp,
    "traffic_light": draw_traffic_light,
    "sign": draw_sign,
    "wall_sign": draw_wall_sign,
    "fence": draw_fence,
    "car": draw_car,
    "pedestrian": draw_pedestrian,
    "bicyclist": draw_cyclist,
    "clutter": draw_clutter,
}
FINE_UP_TO_PX = 160  # up to this height a canvas pixel is a third of an output pixel, then half


def render_scene(
    domain: str, seed: int, index: int, height: int, width: int
) -> tuple[NDArray[np.uint8], NDArray[np.uint8]]:
    """Render one street scene.

    Args:
        domain: A key of `DOMAINS`.
        seed: Seed of the whole set of scenes.
        index: Number of the scene in its set.
        height: Image height in pixels.
        width: Image width in pixels.

    Returns:
        The image, (H, W, 3), and its labels, (H, W); the same arguments give the same scene.
    """
    if domain not in DOMAINS:
        raise ValueError(f"unknown domain {domain!r}, expected one of {', '.join(DOMAINS)}")
    knobs = DOMAINS[domain]
    rng = np.random.default_rng([seed, index, knobs.number])
    scene = _set_up(rng, knobs, height, width)
    draw_backdrop(scene)
    draw_skyline(scene)
    for thing in place(Plan(rng, knobs, scene.street, uniform(rng, knobs.traffic.busyness))):
        DRAW[thing.kind](scene, thing)
    if chance(rng, knobs.camera.bonnet_p):
        _draw_bonnet(scene)
    labels = scene.canvas.labels()
    return np.asarray(photograph(scene)), labels


def _set_up(rng: np.random.Generator, domain: Domain, height: int, width: int) -> Scene:
    canvas = Canvas(height, width, 3 if height <= FINE_UP_TO_PX else 2)
    return Scene(
        rng=rng,
        domain=domain,
        canvas=canvas,
        camera=sample_camera(rng, domain.camera, canvas.height_px, canvas.width_px),
        street=plan_street(rng, domain),
        light=sample_light(rng, domain),
        fences=sample_fences(rng, domain),
    )


def _draw_bonnet(scene: Scene) -> None:
    """Cover the bottom of the view with the camera car's own bonnet."""
    height, width = scene.canvas.height_px, scene.canvas.width_px
    rise, paint = scene.uniform(0.04, 0.12) * height, scene.colour(scene.domain.style.bodies)
    centre = scene.uniform(0.42, 0.58) * width, float(height)
    surface = scene.surface(VOID, 1.5, 0.3)
    scene.canvas.ellipse(centre, (scene.uniform(0.45, 0.7) * width, rise), paint, surface)
