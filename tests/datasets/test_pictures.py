import struct
import zlib

import numpy as np
import pytest
from PIL import Image

from cbda.datasets.pictures import read_index, read_label_header, read_rgb, read_size
from cbda.errors import UserError
from tests.datasets.layouts import (
    PNG_SIGNATURE,
    png_bytes,
    png_chunk,
    save,
    save_palette,
    save_rgb16,
)

COLOUR = (200, 100, 40)


@pytest.fixture
def path(tmp_path):
    return tmp_path / 'it\'s; a "name" ü.png'


@pytest.fixture
def ids():
    return np.arange(60, dtype=np.uint8).reshape(6, 10)


def error_of(read, path):
    with pytest.raises(UserError) as caught:
        read(path)
    message = str(caught.value)
    assert str(path) in message
    assert "\n" not in message
    return message


def test_size_is_height_and_width(path):
    save(path, np.zeros((6, 10, 3), np.uint8))
    assert read_size(path) == (6, 10)


@pytest.mark.parametrize("mode", ["RGB", "RGBA", "P"])
def test_colours_survive_every_png_mode(path, mode):
    Image.new("RGB", (4, 3), COLOUR).convert(mode, palette=Image.Palette.ADAPTIVE).save(path)
    assert (read_rgb(path) == COLOUR).all()


def test_transparent_palette_and_alpha_keep_their_colour(path):
    Image.new("RGBA", (4, 3), (*COLOUR, 0)).save(path)
    assert (read_rgb(path) == COLOUR).all()
    image = Image.new("P", (4, 3), 1)
    image.putpalette([0, 0, 0, *COLOUR])
    image.save(path, transparency=b"\xff\x00")
    assert (read_rgb(path) == COLOUR).all()


def test_cmyk_jpeg_is_converted(tmp_path):
    path = tmp_path / "a.jpg"
    Image.new("RGB", (16, 16), COLOUR).convert("CMYK").save(path, quality=100)
    pixels = read_rgb(path)
    assert pixels.shape == (16, 16, 3)
    assert np.abs(pixels.astype(int) - COLOUR).max() <= 3


def test_greyscale_becomes_three_equal_channels(path):
    save(path, np.full((3, 4), 77, np.uint8))
    assert (read_rgb(path) == 77).all()


def test_16_bit_greyscale_keeps_the_high_byte(path):
    Image.fromarray(np.array([[0, 77 * 256 + 5, 65535]], np.uint16)).save(path)
    assert read_rgb(path)[0, :, 0].tolist() == [0, 77, 255]


def test_16_bit_rgb_keeps_the_high_byte(path):
    save_rgb16(path, np.array([[[200 * 256 + 9, 100 * 256, 40 * 256 + 255]]], np.uint16))
    assert read_rgb(path)[0, 0].tolist() == list(COLOUR)


@pytest.mark.parametrize("orientation", [3, 6])
def test_turned_photograph_is_refused(tmp_path, orientation):
    path = tmp_path / "a.jpg"
    exif = Image.Exif()
    exif[0x0112] = orientation
    Image.new("RGB", (16, 8), COLOUR).save(path, exif=exif)
    assert f"EXIF orientation {orientation}" in error_of(read_rgb, path)


def test_label_is_grey_value_or_palette_index(path, ids):
    save(path, ids)
    assert (read_index(path) == ids).all()
    save_palette(path, ids)
    assert (read_index(path) == ids).all()


def test_palette_of_few_bits_is_read_as_indices(path):
    image = Image.fromarray(np.array([[0, 1, 2, 3]], np.uint8))
    image.putpalette(range(12))
    image.save(path, bits=2)
    assert read_index(path).tolist() == [[0, 1, 2, 3]]


@pytest.mark.parametrize(
    ("depth", "colour_type", "name"),
    [
        (1, 0, "1-bit greyscale"),
        (2, 0, "2-bit greyscale"),
        (4, 0, "4-bit greyscale"),
        (16, 0, "16-bit greyscale"),
        (8, 4, "8-bit greyscale with alpha"),
        (8, 2, "8-bit RGB"),
        (16, 2, "16-bit RGB"),
        (8, 6, "8-bit RGBA"),
    ],
)
def test_label_of_another_pixel_format_is_refused(path, depth, colour_type, name):
    row_bytes = depth * {0: 1, 2: 3, 4: 2, 6: 4}[colour_type]  # of 8 pixels
    path.write_bytes(png_bytes(8, 2, depth, colour_type, bytes(1 + row_bytes) * 2))
    assert f"label is {name}, must be 8-bit greyscale or" in error_of(read_index, path)
    assert f"label is {name}" in error_of(lambda path: read_label_header(path, ("L",)), path)


def test_label_must_be_a_png(tmp_path):
    path = tmp_path / "a.png"
    Image.new("L", (8, 8)).save(path, format="JPEG")
    assert "no PNG picture" in error_of(read_index, path)


def read_or_none(read, path):
    try:
        return read(path)
    except UserError:
        return None


@pytest.mark.parametrize("read", [read_rgb, read_index])
def test_every_truncation_is_an_error_or_harmless(path, ids, read):
    save(path, ids)
    whole, expected = path.read_bytes(), read(path)
    num_errors = 0
    for length in range(len(whole)):
        path.write_bytes(whole[:length])
        pixels = read_or_none(read, path)
        assert pixels is None or (pixels == expected).all()
        num_errors += pixels is None
    assert num_errors > len(whole) - 24  # the pixels are complete before the last chunk


def test_every_flipped_bit_is_an_error_or_harmless(path, ids):
    save(path, ids % 5)
    whole = path.read_bytes()
    for bit in range(len(whole) * 8):
        damaged = bytearray(whole)
        damaged[bit // 8] ^= 1 << bit % 8
        path.write_bytes(damaged)
        pixels = read_or_none(read_index, path)
        assert pixels is None or (pixels == ids % 5).all()


def test_truncated_jpeg_is_refused(tmp_path, ids):
    path = tmp_path / "a.jpg"
    save(path, np.random.default_rng(0).integers(0, 255, (64, 64, 3)).astype(np.uint8))
    path.write_bytes(path.read_bytes()[:-500])
    assert "truncated" in error_of(read_rgb, path)


@pytest.mark.parametrize("content", [b"", b"not a picture", PNG_SIGNATURE])
@pytest.mark.parametrize("read", [read_rgb, read_index, read_size])
def test_file_that_is_no_picture_is_refused(path, content, read):
    path.write_bytes(content)
    assert "empty, damaged or no" in error_of(read, path)


@pytest.mark.parametrize("read", [read_rgb, read_index, read_size])
def test_missing_file_is_named(path, read):
    assert "no such file" in error_of(read, path)


@pytest.mark.parametrize(("width", "height"), [(0, 5), (5, 0)])
def test_picture_of_no_size_is_refused(path, width, height):
    path.write_bytes(png_bytes(width, height, 8, 0, b"\0\0"))
    assert "is empty, damaged or no PNG" in error_of(read_rgb, path)


@pytest.mark.parametrize("read", [read_rgb, read_index, read_size])
def test_decompression_bomb_is_refused(path, read):
    path.write_bytes(png_bytes(65535, 65535, 8, 0, b"\0"))
    assert "decompression bomb" in error_of(read, path)


def test_text_bomb_is_refused(path):
    text = b"Comment\0\0" + zlib.compress(bytes(2**21))
    header = struct.pack(">IIBBBBB", 1, 1, 8, 0, 0, 0, 0)
    path.write_bytes(PNG_SIGNATURE + png_chunk(b"IHDR", header) + png_chunk(b"zTXt", text))
    error_of(read_rgb, path)
