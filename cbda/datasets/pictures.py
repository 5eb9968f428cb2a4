"""Reads pictures so that a damaged or unexpected file is an error, never other numbers."""

import struct
import warnings
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from io import BytesIO
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import ExifTags, Image, UnidentifiedImageError

from cbda.datasets.digest import require_regular
from cbda.datasets.ids import OtherIdsError
from cbda.errors import UserError

PixelArray = NDArray[np.uint8]
IdArray = NDArray[np.uint8] | NDArray[np.uint16]
Size = tuple[int, int]  # height, width

IMAGE_FORMATS = ("PNG", "JPEG")
LABEL_FORMATS = ("PNG",)
# Greyscale of fewer than 8 bits is left out: decoders stretch 0..3 to 0..255.
INDEX_MODES = ("L", "P", "P;1", "P;2", "P;4")
COLOUR_MODES = ("RGB", "RGBA")
MODE_NAMES = {
    "1": "1-bit greyscale", "L;2": "2-bit greyscale", "L;4": "4-bit greyscale",
    "L": "8-bit greyscale", "I;16B": "16-bit greyscale",
    "LA": "8-bit greyscale with alpha", "LA;16B": "16-bit greyscale with alpha",
    "P;1": "1-bit palette", "P;2": "2-bit palette", "P;4": "4-bit palette", "P": "8-bit palette",
    "RGB": "8-bit RGB", "RGB;16B": "16-bit RGB", "RGBA": "8-bit RGBA", "RGBA;16B": "16-bit RGBA",
}  # fmt: skip
UPRIGHT = (0, 1)
LARGE_PX = 1 << 19
OPAQUE = 255  # alpha
MAX_SIDE_PX = (1 << 16) - 1  # as in JPEG; decoders need many times the memory for longer rows
SCALE_IT = "scale its values to 16 bits, or save it with 8"
MIN_BRIGHTEST = 16  # of the 8 bits that are left of 16; what is darker holds 12 bits at most
READ_ERRORS = (  # SyntaxError is what Pillow raises for a broken PNG
    OSError, SyntaxError, ValueError, EOFError, IndexError, OverflowError, MemoryError,
    struct.error, zlib.error, Image.DecompressionBombError,
)  # fmt: skip
# Two lines for what is below Pillow's limit, and whose sides are judged here.
warnings.simplefilter("ignore", Image.DecompressionBombWarning)


def describe_size(size: Size) -> str:
    """A size in words that leave no doubt which side is which."""
    return f"{size[0]} high {size[1]} wide"


@contextmanager
def _explaining(path: Path, formats: tuple[str, ...]) -> Iterator[None]:
    """Raise a `UserError` that names the file if the block fails to read it."""
    require_regular(path)
    try:
        yield
    except UnidentifiedImageError as error:
        wanted = " or ".join(formats)
        raise UserError(f"{path}: is empty, damaged or no {wanted} picture") from error
    except MemoryError as error:
        raise UserError(f"{path}: cannot be read: its pixels do not fit in memory") from error
    except READ_ERRORS as error:
        words = getattr(error, "strerror", None) or str(error) or type(error).__name__
        raise UserError(f"{path}: cannot be read: {' '.join(str(words).split())}") from error


@contextmanager
def open_picture(
    path: Path, formats: tuple[str, ...] = IMAGE_FORMATS, content: bytes | None = None
) -> Iterator[Image.Image]:
    """Open a picture by its header; whatever fails within is a `UserError` naming the file.

    `content` is that of the file, if it has been read already.
    """
    source = path if content is None else BytesIO(content)
    with _explaining(path, formats), Image.open(source, formats=formats) as image:
        if max(image.size) > MAX_SIDE_PX:
            size = describe_size((image.height, image.width))
            raise UserError(f"{path}: is {size}; allowed are sides of up to {MAX_SIDE_PX:,} px")
        yield image


@contextmanager
def open_verified(path: Path, formats: tuple[str, ...]) -> Iterator[tuple[Image.Image, bytes]]:
    """Open a picture whose checksums are right, and hand out the bytes of the file too.

    Decoding a PNG skips some of them, and a flipped bit must not become a label. The file is
    read once for both.
    """
    with _explaining(path, formats):
        content = path.read_bytes()
    with open_picture(path, formats, content) as image:
        image.verify()
    with open_picture(path, formats, content) as image:
        yield image, content


def read_size(path: Path) -> Size:
    """(height, width) from the header."""
    with open_picture(path) as image:
        return image.height, image.width


def read_depth(path: Path) -> bool:
    """Whether a file stores 16 bits a channel, from its header."""
    with open_picture(path) as image:
        return "16" in _raw_mode(image)


def read_rgb(path: Path, opaque: bool = False) -> PixelArray:
    """(H, W, 3) uint8 RGB of a PNG or JPEG of any colour mode; alpha is dropped, unless `opaque`.

    Of 16 bits the upper 8 are read. A picture that holds 12 bits or fewer in 16 is an error, and
    so is a transparent pixel if it is to be opaque.
    """
    with open_verified(path, IMAGE_FORMATS) as (image, _):
        is_deep = "16" in _raw_mode(image)
        image.load()
        if opaque:
            _require_opaque(image, path)
        orientation = image.getexif().get(ExifTags.Base.Orientation, 1)
        if orientation not in UPRIGHT:
            raise UserError(
                f"{path}: EXIF orientation {orientation} is not supported; "
                "turn the pixels upright and remove the tag"
            )
        if image.mode.startswith("I"):  # 16-bit greyscale, which Pillow would clip at 255
            image = Image.fromarray((np.asarray(image) >> 8).astype(np.uint8))
        pixels = np.array(image.convert("RGB"))
    if is_deep and pixels.max() < MIN_BRIGHTEST:
        raise UserError(
            f"{path}: is a 16-bit picture without a value above {256 * MIN_BRIGHTEST - 1:,}, of"
            f" which the upper 8 bits are read: {SCALE_IT}"
        )
    return pixels


def read_mask(path: Path) -> NDArray[np.bool_]:
    """(H, W) bool: where a PNG or JPEG is not black.

    Raises:
        UserError: a pixel is transparent, or its palette has black elsewhere than at index 0, as
            optimisers leave it: colours and indices say the opposite of each other.
    """
    with open_verified(path, IMAGE_FORMATS) as (image, _):
        _require_opaque(image, path)
        has_alpha = image.mode in ("LA", "RGBA")
        pixels = np.array(image.convert("RGB") if has_alpha else image)
        shown = np.array(image.convert("RGB")) if image.mode == "P" else pixels
    mask, seen = (values.reshape(*values.shape[:2], -1).any(axis=2) for values in (pixels, shown))
    if (mask != seen).any():
        raise UserError(f"{path}: mask has a palette whose black is not index 0; save it in grey")
    return np.asarray(mask)


def _require_opaque(image: Image.Image, path: Path) -> None:
    """Raise a `UserError` if the colour of a pixel says nothing, as it is transparent."""
    has_alpha = image.mode in ("LA", "PA", "RGBA") or "transparency" in image.info
    if has_alpha and np.asarray(image.convert("RGBA"))[..., 3].min() < OPAQUE:
        raise UserError(f"{path}: has transparent pixels, whose colour says nothing: fill them")


def _raw_mode(image: Image.Image) -> str:
    """Pillow's name for how the file stores a pixel; known until the pixels are loaded."""
    args = image.tile[0][3]  # type: ignore[attr-defined]
    return str(args if isinstance(args, str) else args[0])


def require_mode(image: Image.Image, modes: tuple[str, ...], path: Path) -> None:
    """Raise a `UserError` unless the label is stored in one of the raw modes."""
    mode = _raw_mode(image)
    if mode not in modes:
        wanted = " or ".join(MODE_NAMES[name] for name in modes)
        kind = OtherIdsError if mode in COLOUR_MODES else UserError
        raise kind(f"{path}: label is {MODE_NAMES.get(mode, mode)}, must be {wanted}")


def read_label_header(path: Path, modes: tuple[str, ...]) -> tuple[Size, bytes]:
    """(height, width) of a label of one of some raw modes; its palette, RGB by index, if any."""
    with open_picture(path, LABEL_FORMATS) as image:
        require_mode(image, modes, path)
        palette = bytes(image.palette.palette) if image.palette else b""
        return (image.height, image.width), palette[: len(palette) // 3 * 3]


def read_index(path: Path) -> PixelArray:
    """(H, W) uint8 grey values or palette indices of a PNG."""
    with open_verified(path, LABEL_FORMATS) as (image, content):
        require_mode(image, INDEX_MODES, path)
        is_plain = _raw_mode(image) in ("L", "P") and not image.info.get("interlace")
        if not is_plain or image.width * image.height < LARGE_PX:
            return np.array(image)
        # A decoder of our own, whose compiler takes half a second to import, pays.
        from cbda.datasets.png import decode_index

        return decode_index(content, image.height, image.width)
