"""Reads pictures so that a damaged or unexpected file is an error, never other numbers."""

import struct
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from io import BytesIO
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import ExifTags, Image, UnidentifiedImageError

from cbda.errors import UserError

PixelArray = NDArray[np.uint8]
IdArray = NDArray[np.uint8] | NDArray[np.uint16]
Size = tuple[int, int]  # height, width

IMAGE_FORMATS = ("PNG", "JPEG")
LABEL_FORMATS = ("PNG",)
# Greyscale of fewer than 8 bits is left out: decoders stretch 0..3 to 0..255.
INDEX_MODES = ("L", "P", "P;1", "P;2", "P;4")
MODE_NAMES = {
    "1": "1-bit greyscale",
    "L": "8-bit greyscale",
    "L;2": "2-bit greyscale",
    "L;4": "4-bit greyscale",
    "I;16B": "16-bit greyscale",
    "P": "8-bit palette",
    "P;1": "1-bit palette",
    "P;2": "2-bit palette",
    "P;4": "4-bit palette",
    "LA": "8-bit greyscale with alpha",
    "LA;16B": "16-bit greyscale with alpha",
    "RGB": "8-bit RGB",
    "RGB;16B": "16-bit RGB",
    "RGBA": "8-bit RGBA",
    "RGBA;16B": "16-bit RGBA",
}
UPRIGHT = (0, 1)
LARGE_PX = 1 << 19
READ_ERRORS = (
    OSError,
    SyntaxError,  # what Pillow raises for a broken PNG
    ValueError,
    EOFError,
    IndexError,
    OverflowError,
    struct.error,
    zlib.error,
    Image.DecompressionBombError,
)


def describe_size(size: Size) -> str:
    """A size in words that leave no doubt which side is which."""
    return f"{size[0]} high {size[1]} wide"


def _reason(error: Exception, formats: tuple[str, ...]) -> str:
    if isinstance(error, FileNotFoundError):
        return "no such file"
    if isinstance(error, UnidentifiedImageError):
        return f"is empty, damaged or no {' or '.join(formats)} picture"
    words = getattr(error, "strerror", None) or str(error) or type(error).__name__
    return f"cannot be read: {' '.join(str(words).split())}"


@contextmanager
def open_picture(
    path: Path, formats: tuple[str, ...] = IMAGE_FORMATS, content: BytesIO | None = None
) -> Iterator[Image.Image]:
    """Open a picture by its header; whatever fails within is a `UserError` naming the file.

    Args:
        path: the file.
        formats: Pillow's names of the formats that it may have.
        content: of the file, if it has been read already.
    """
    try:
        with Image.open(path if content is None else content, formats=formats) as image:
            yield image
    except READ_ERRORS as error:
        raise UserError(f"{path}: {_reason(error, formats)}") from error


def _read_bytes(path: Path, formats: tuple[str, ...]) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise UserError(f"{path}: {_reason(error, formats)}") from error


@contextmanager
def open_verified(
    path: Path, formats: tuple[str, ...], content: bytes | None = None
) -> Iterator[Image.Image]:
    """Open a picture whose checksums are right.

    Decoding a PNG skips some of them, and a flipped bit must not become a label. The file is
    read once for both, unless its content is given.
    """
    stream = BytesIO(_read_bytes(path, formats) if content is None else content)
    with open_picture(path, formats, stream) as image:
        image.verify()
    stream.seek(0)
    with open_picture(path, formats, stream) as image:
        yield image


def read_size(path: Path) -> Size:
    """(height, width) from the header."""
    with open_picture(path) as image:
        return image.height, image.width


def _require_upright(image: Image.Image, path: Path) -> None:
    orientation = image.getexif().get(ExifTags.Base.Orientation, 1)
    if orientation not in UPRIGHT:
        raise UserError(
            f"{path}: EXIF orientation {orientation} is not supported; "
            "turn the pixels upright and remove the tag"
        )


def _to_rgb(image: Image.Image) -> Image.Image:
    if image.mode.startswith("I"):  # 16-bit greyscale, which Pillow would clip at 255
        image = Image.fromarray((np.asarray(image) >> 8).astype(np.uint8))
    return image.convert("RGB")


def read_rgb(path: Path) -> PixelArray:
    """(H, W, 3) uint8 RGB of a PNG or JPEG of any colour mode; alpha is dropped."""
    with open_verified(path, IMAGE_FORMATS) as image:
        image.load()
        _require_upright(image, path)
        return np.array(_to_rgb(image))


def _raw_mode(image: Image.Image) -> str:
    """Pillow's name for how the file stores a pixel; known until the pixels are loaded."""
    args = image.tile[0][3]  # type: ignore[attr-defined]
    return str(args if isinstance(args, str) else args[0])


def require_mode(image: Image.Image, modes: tuple[str, ...], path: Path) -> None:
    """Raise a `UserError` unless the label is stored in one of the raw modes."""
    mode = _raw_mode(image)
    if mode not in modes:
        wanted = " or ".join(MODE_NAMES[name] for name in modes)
        raise UserError(f"{path}: label is {MODE_NAMES.get(mode, mode)}, must be {wanted}")


def read_label_size(path: Path, modes: tuple[str, ...]) -> Size:
    """(height, width) of a label from its header, which must have one of the raw modes."""
    with open_picture(path, LABEL_FORMATS) as image:
        require_mode(image, modes, path)
        return image.height, image.width


def read_index(path: Path) -> PixelArray:
    """(H, W) uint8 grey values or palette indices of a PNG."""
    content = _read_bytes(path, LABEL_FORMATS)
    with open_verified(path, LABEL_FORMATS, content) as image:
        require_mode(image, INDEX_MODES, path)
        if _is_large(image):
            from cbda.datasets.png import decode_index

            return decode_index(content, image.height, image.width)
        return np.array(image)


def _is_large(image: Image.Image) -> bool:
    """Whether a decoder of our own, whose compiler takes half a second to import, pays."""
    is_plain = _raw_mode(image) in ("L", "P") and not image.info.get("interlace")
    return is_plain and image.width * image.height >= LARGE_PX
