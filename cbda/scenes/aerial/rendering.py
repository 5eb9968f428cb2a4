"""One view from its seed: plan the place, paint it from below to above, photograph it."""

import math

import numpy as np
from numpy.typing import NDArray

from cbda.scenes.aerial.houses import draw_hall, draw_houses
from cbda.scenes.aerial.land import draw_parcels, draw_water
from cbda.scenes.aerial.looks import DOMAINS, Look
from cbda.scenes.aerial.picture import photograph
from cbda.scenes.aerial.roads import draw_boats, draw_railway, draw_road
from cbda.scenes.aerial.scene import Scene
from cbda.scenes.aerial.sheet import Sheet
from cbda.scenes.sampling import choose, uniform


def render_view(
    domain: str, seed: int, index: int, height: int, width: int
) -> tuple[NDArray[np.uint8], NDArray[np.uint8]]:
    """Render one view from above, as `cbda.scenes.rendering.render_scene` does a street.

    Returns:
        The image, (H, W, 3), and its labels, (H, W); the same arguments give the same view.
    """
    look = DOMAINS[domain]
    rng = np.random.default_rng([seed, index, look.number])
    scene = _set_up(rng, look, height, width)
    draw_parcels(scene)
    if draw_water(scene):
        draw_boats(scene)
    if scene.chance(scene.place.railway_p):
        draw_railway(scene)
    roads = [draw_road(scene) for _ in range(round(scene.within(scene.place.roads)))]
    for _ in range(scene.poisson(scene.place.halls)):
        draw_hall(scene)
    for line, half in roads:
        draw_houses(scene, line, half)
    return photograph(scene)


def _set_up(rng: np.random.Generator, look: Look, height: int, width: int) -> Scene:
    places = look.land.places
    chosen = int(choose(rng, {str(i): weight for i, (weight, _) in enumerate(places)}))
    sheet = Sheet(height, width, uniform(rng, look.sensor.view_m))
    heading, length = uniform(rng, look.sensor.sun_rad), uniform(rng, look.sensor.shadow_length)
    sun = (length * math.cos(heading), length * math.sin(heading))
    return Scene(rng=rng, look=look, place=places[chosen][1], sheet=sheet, sun=sun)
