"""The synthetic street scenes: determinism, shapes, and what occurs in them."""

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
def test_same_arguments_make_the_same_bytes(domain):
    first, second = [render_scene(domain, 1, 2, 96, 160) for _ in range(2)]
    assert first[0].tobytes() == second[0].tobytes()
    assert first[1].tobytes() == second[1].tobytes()


@pytest.mark.parametrize("other", [("source", 2, 2), ("source", 1, 3), ("target", 1, 2)])
def test_other_arguments_make_another_scene(other):
    domain, seed, index = other
    image, label = render_scene("source", 1, 2, 96, 160)
    other_image, other_label = render_scene(domain, seed, index, 96, 160)
    assert not np.array_equal(image, other_image)
    assert not np.array_equal(label, other_label)


def test_global_random_state_is_neither_read_nor_changed():
    np.random.seed(0)
    expected = np.random.random()
    np.random.seed(0)
    render_scene("target", 0, 0, 48, 64)
    assert np.random.random() == expected


@pytest.mark.parametrize("domain", DOMAINS)
@pytest.mark.parametrize(
    "size", [(48, 64), (64, 64), (50, 110), (97, 161), (240, 320), (512, 1024)]
)
def test_sizes_are_height_and_width(domain, size):
    height, width = size
    image, label = render_scene(domain, 0, 5, height, width)
    assert image.shape == (*size, 3)
    assert label.shape == size
    assert image.dtype == label.dtype == np.uint8
    assert set(np.unique(label)) <= {*range(len(CLASSES)), VOID}
    assert image.std() > 10


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
