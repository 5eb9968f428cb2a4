"""Kinds of scenes: the classes of each, and what renders it."""

from collections.abc import Callable, Mapping

import numpy as np
from numpy.typing import NDArray

from cbda.scenes import classes as streets
from cbda.scenes.aerial import classes as aerial

Pair = tuple[NDArray[np.uint8], NDArray[np.uint8]]  # an image, (H, W, 3), and labels, (H, W)
Render = Callable[[str, int, int, int, int], Pair]  # of domain, seed, index, height, width

CLASSES: Mapping[str, tuple[str, ...]] = {"streets": streets.CLASSES, "aerial": aerial.CLASSES}


def find_renderer(kind: str) -> Render:
    """What renders a scene of a kind, a key of `CLASSES`."""
    from cbda.scenes.aerial.rendering import render_view
    from cbda.scenes.rendering import render_scene

    return {"streets": render_scene, "aerial": render_view}[kind]
