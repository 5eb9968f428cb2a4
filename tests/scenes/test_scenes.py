"""The synthetic street scenes: what occurs in them, and their geometry."""

import numpy as np
import pytest

from cbda.scenes.camera import Camera
from cbda.scenes.canvas import reduce_labels
from cbda.scenes.classes import CLASSES, POLE, ROAD, SKY, VOID
from cbda.scenes.domains import DOMAINS
from cbda.scenes.rendering import render_scene

NUM_SCENES = 40


def class_counts(domain: str) -> np.ndarray:
    """Pixels of each class over a set of scenes, the last entry being void."""
    total = np.zeros(256, np.int64)
    for index in range(NUM_SCENES):
        total += np.bincount(render_scene(domain, 3, index, 96, 160)[1].ravel(), minlength=256)
    return total


@pytest.mark.parametrize("domain", DOMAINS)
def test_every_class_occurs_and_several_are_rare(domain):
    counts = class_counts(domain)
    shares = counts[: len(CLASSES)] / counts.sum()
    assert (shares > 0).all()
    assert (shares < 0.01).sum() >= 3
    assert counts[len(CLASSES) : VOID].sum() == 0


def test_road_lies_below_the_sky():
    label = render_scene("source", 0, 0, 96, 160)[1]
    rows = np.indices(label.shape)[0]
    assert rows[label == ROAD].min() > rows[label == SKY].mean()


def test_unknown_domain_names_the_allowed_ones():
    with pytest.raises(ValueError, match="source, target"):
        render_scene("moon", 0, 0, 96, 160)


def test_camera_projection_and_ground_agree():
    camera = Camera(100.0, 40.0, 70.0, 80.0, 1.5, 0.02, 0.001)
    x_map, z_map = camera.ground(96, 160)
    u, v = camera.project(float(x_map[80, 30]), 0.0, float(z_map[80, 30]))
    assert (u, v) == pytest.approx((30.5, 80.5), abs=1e-3)


def test_a_thin_pole_survives_the_reduction():
    labels = np.full((6, 6), SKY, np.uint8)
    labels[:, 1] = POLE
    assert reduce_labels(labels, 2).tolist() == [[POLE, SKY, SKY]] * 3
    assert reduce_labels(labels, 3).tolist() == [[SKY, SKY]] * 2
