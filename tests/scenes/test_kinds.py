"""What every kind of scenes keeps to: determinism, sizes, and the classes that it names."""

import numpy as np
import pytest

from cbda.scenes.classes import VOID
from cbda.scenes.kinds import CLASSES, find_renderer

DOMAINS = ("source", "target")
SIZES = {
    "streets": [(48, 64), (64, 64), (50, 110), (97, 161), (240, 320), (512, 1024)],
    "aerial": [(5, 250), (48, 48), (48, 640), (97, 161), (240, 320), (512, 1024)],
}


@pytest.fixture(params=CLASSES)
def render(request):
    """Renders scenes of a kind."""
    return find_renderer(request.param)


@pytest.mark.parametrize("domain", DOMAINS)
def test_same_arguments_make_the_same_bytes(render, domain):
    first, second = [render(domain, 1, 2, 96, 160) for _ in range(2)]
    assert first[0].tobytes() == second[0].tobytes()
    assert first[1].tobytes() == second[1].tobytes()


@pytest.mark.parametrize("other", [("source", 2, 2), ("source", 1, 3), ("target", 1, 2)])
def test_other_arguments_make_another_scene(render, other):
    domain, seed, index = other
    image, label = render("source", 1, 2, 96, 160)
    other_image, other_label = render(domain, seed, index, 96, 160)
    assert not np.array_equal(image, other_image)
    assert not np.array_equal(label, other_label)


def test_global_random_state_is_neither_read_nor_changed(render):
    np.random.seed(0)
    expected = np.random.random()
    np.random.seed(0)
    render("target", 0, 0, 48, 64)
    assert np.random.random() == expected


@pytest.mark.parametrize("domain", DOMAINS)
@pytest.mark.parametrize(
    ("kind", "size"), [(kind, size) for kind in CLASSES for size in SIZES[kind]]
)
def test_sizes_are_height_and_width(kind, domain, size):
    image, label = find_renderer(kind)(domain, 0, 5, *size)
    assert image.shape == (*size, 3)
    assert label.shape == size
    assert image.dtype == label.dtype == np.uint8
    assert set(np.unique(label)) <= {*range(len(CLASSES[kind])), VOID}
    assert image.std() > 10
