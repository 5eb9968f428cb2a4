"""Builders of toy datasets in every layout; each returns image id to label ids as written."""

import struct
import zlib
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

Pixels = NDArray[np.uint8]
Labels = dict[str, Pixels]

PNG_SIGNATURE = b"\x89PNG\r\n\x1a\n"
FILTER_NONE, FILTER_SUB, FILTER_UP = 0, 1, 2


def random_ids(height: int, width: int, num_ids: int, rng: np.random.Generator) -> Pixels:
    """(H, W) label ids in which every id occurs if there is room."""
    ids = np.arange(height * width) % num_ids
    return rng.permutation(ids).reshape(height, width).astype(np.uint8)


def picture_of(ids: Pixels, rng: np.random.Generator) -> Pixels:
    """(H, W, 3) picture with a colour per id, so that the ids can be learned from it."""
    colours = np.random.default_rng(0).integers(30, 220, size=(256, 3))
    return (colours[ids] + rng.integers(-20, 20, size=(*ids.shape, 3))).astype(np.uint8)


def save(path: Path, pixels: Pixels) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(pixels).save(path)


def save_palette(path: Path, ids: Pixels) -> None:
    """A palette PNG whose colours have nothing to do with the indices."""
    path.parent.mkdir(parents=True, exist_ok=True)
    image = Image.fromarray(ids)
    image.putpalette(bytes(255 - value // 3 for value in range(768)))
    image.save(path)


def png_chunk(name: bytes, content: bytes) -> bytes:
    checksum = zlib.crc32(name + content)
    return struct.pack(">I", len(content)) + name + content + struct.pack(">I", checksum)


def png_bytes(width: int, height: int, depth: int, colour_type: int, rows: bytes) -> bytes:
    header = struct.pack(">IIBBBBB", width, height, depth, colour_type, 0, 0, 0)
    chunks = ((b"IHDR", header), (b"IDAT", zlib.compress(rows)), (b"IEND", b""))
    return PNG_SIGNATURE + b"".join(png_chunk(*chunk) for chunk in chunks)


def _filter_rows(rows: Pixels, filter_type: int, pixel_bytes: int) -> Pixels:
    """(H, bytes) rows as the PNG filter leaves them."""
    before = np.zeros_like(rows)
    if filter_type == FILTER_SUB:
        before[:, pixel_bytes:] = rows[:, :-pixel_bytes]
    elif filter_type == FILTER_UP:
        before[1:] = rows[:-1]
    return rows - before


def save_rgb16(path: Path, pixels: NDArray[np.uint16], filter_type: int = FILTER_SUB) -> None:
    """(H, W, 3) uint16 as a 16-bit RGB PNG, written without help from a picture library."""
    height, width, _ = pixels.shape
    rows = np.frombuffer(pixels.astype(">u2").tobytes(), np.uint8).reshape(height, width * 6)
    marks = np.full((height, 1), filter_type, np.uint8)
    filtered = np.hstack([marks, _filter_rows(rows, filter_type, 6)])
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(png_bytes(width, height, 16, 2, filtered.tobytes()))


def make_folder(
    root: Path, num: int, height: int, width: int, num_classes: int, rng: np.random.Generator
) -> Labels:
    labels = {f"{i:03}": random_ids(height, width, num_classes, rng) for i in range(num)}
    for image_id, ids in labels.items():
        save(root / "images" / f"{image_id}.png", picture_of(ids, rng))
        save(root / "labels" / f"{image_id}.png", ids)
    return labels


def make_cityscapes(
    root: Path,
    num: int,
    height: int,
    width: int,
    rng: np.random.Generator,
    split: str = "train",
    cities: tuple[str, ...] = ("ulm", "aachen"),
) -> Labels:
    """`num` images in every city."""
    labels = {}
    for city in cities:
        for i in range(num):
            image_id, ids = f"{city}_{i:06}_000019", random_ids(height, width, 34, rng)
            stem = Path(split, city, image_id)
            save(root / "leftImg8bit" / f"{stem}_leftImg8bit.png", picture_of(ids, rng))
            save(root / "gtFine" / f"{stem}_gtFine_labelIds.png", ids)
            save(root / "gtFine" / f"{stem}_gtFine_instanceIds.png", ids)
            labels[image_id] = ids
    return labels


def make_gtav(root: Path, num: int, height: int, width: int, rng: np.random.Generator) -> Labels:
    """The second image and every second one after it is a row higher."""
    labels = {}
    for i in range(num):
        image_id, ids = f"{i + 1:05}", random_ids(height + i % 2, width, 35, rng)
        save(root / "images" / f"{image_id}.png", picture_of(ids, rng))
        save_palette(root / "labels" / f"{image_id}.png", ids)
        labels[image_id] = ids
    return labels


def make_synthia(root: Path, num: int, height: int, width: int, rng: np.random.Generator) -> Labels:
    """The second channel holds instance numbers, beyond 8 bits."""
    labels = {}
    for i in range(num):
        image_id, ids = f"{i:07}", random_ids(height, width, 23, rng)
        save(root / "RGB" / f"{image_id}.png", picture_of(ids, rng))
        channels = np.zeros((height, width, 3), np.uint16)
        channels[:, :, 0] = ids
        channels[:, :, 1] = rng.integers(0, 2**16, size=(height, width))
        save_rgb16(root / "GT" / "LABELS" / f"{image_id}.png", channels)
        labels[image_id] = ids
    return labels


def make_camvid(
    root: Path, num: int, height: int, width: int, rng: np.random.Generator, split: str = "train"
) -> Labels:
    labels = {f"0016E5_{i:05}": random_ids(height, width, 12, rng) for i in range(num)}
    for image_id, ids in labels.items():
        save(root / split / f"{image_id}.png", picture_of(ids, rng))
        save(root / f"{split}annot" / f"{image_id}.png", ids)
    return labels
