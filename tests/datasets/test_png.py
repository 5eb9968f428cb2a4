from io import BytesIO

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from PIL import Image

from cbda.datasets import pictures, png
from tests.reference import SETTINGS

SHAPES = st.tuples(st.integers(1, 9), st.integers(1, 9))


def encode(pixels, mode="L", **options):
    image = Image.fromarray(pixels)
    if mode == "P":
        image = Image.frombytes("P", image.size, pixels.tobytes())
        image.putpalette(list(range(256)) * 3)
    stream = BytesIO()
    image.save(stream, "PNG", **options)
    return stream.getvalue()


@SETTINGS
@given(arrays(np.uint8, SHAPES), st.sampled_from(["L", "P"]), st.sampled_from([0, 6]))
def test_pixels_are_those_that_pillow_wrote(pixels, mode, level):
    content = encode(pixels, mode, compress_level=level)
    np.testing.assert_array_equal(png.decode_index(content, *pixels.shape), pixels)


def neighbours(pixels, row, column):
    """Left, up and upper left, 0 beyond the border."""
    left = int(pixels[row, column - 1]) if column else 0
    up = int(pixels[row - 1, column]) if row else 0
    return left, up, int(pixels[row - 1, column - 1]) if row and column else 0


def predict(kind, left, up, corner):
    if kind == 4:
        estimate = left + up - corner
        return min((left, up, corner), key=lambda value: abs(estimate - value))
    return {0: 0, 1: left, 2: up, 3: (left + up) // 2}[kind]


@SETTINGS
@given(arrays(np.uint8, SHAPES), st.data())
def test_every_filter_is_undone(pixels, data):
    """Filtered by the words of the specification."""
    kinds = data.draw(st.lists(st.integers(0, 4), min_size=len(pixels), max_size=len(pixels)))
    filtered = np.empty((pixels.shape[0], pixels.shape[1] + 1), np.uint8)
    filtered[:, 0] = kinds
    for row, kind in enumerate(kinds):
        for column in range(pixels.shape[1]):
            expected = predict(kind, *neighbours(pixels, row, column))
            filtered[row, column + 1] = (int(pixels[row, column]) - expected) % 256
    np.testing.assert_array_equal(png._unfilter(filtered), pixels)


@pytest.mark.parametrize("change", [lambda b: b[:-30], lambda b: b.replace(b"IDAT", b"IDAX")])
def test_damaged_pixels_are_an_error(change):
    content = encode(np.arange(64, dtype=np.uint8).reshape(8, 8))
    with pytest.raises(ValueError, match=r"pixels|filter"):
        png.decode_index(change(content), 8, 8)


@pytest.mark.parametrize("mode", ["L", "P"])
def test_large_labels_are_read_like_small_ones(tmp_path, monkeypatch, mode):
    pixels = np.random.default_rng(0).integers(0, 256, (40, 50)).astype(np.uint8)
    path = tmp_path / "label.png"
    path.write_bytes(encode(pixels, mode))
    monkeypatch.setattr(pictures, "LARGE_PX", 1)
    monkeypatch.setattr(png, "_unfilter", called := Spy(png._unfilter))
    np.testing.assert_array_equal(pictures.read_index(path), pixels)
    assert called.count == 1


class Spy:
    """Counts calls."""

    def __init__(self, function):
        self.function, self.count = function, 0

    def __call__(self, *arguments):
        self.count += 1
        return self.function(*arguments)
