"""Feature files: what a frozen encoder makes of every image of a data set."""

import hashlib
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from cbda.errors import UserError
from cbda.files.hdf5 import Layout, create_hdf5, named_errors, open_hdf5, write_attributes
from cbda.files.maps import MapFile, read_texts, write_image_ids, write_maps, write_texts

Features = list[NDArray[Any]]  # of one image, (C,h,w) each, from the finest scale to the coarsest
Encoded = tuple[str, Features]  # SHA-256 of the file of an image, and its features
Shape = tuple[int, int, int]  # channels, height and width of a scale

SHA256 = "image_sha256"
TEXTS = ("encoder", "weights_sha256", "precision", "dtype", "interpolation")
FEATURES = Layout(
    "cbda.features",
    {"image_id": ("S", "N"), SHA256: ("S", "N")},
    {
        **dict.fromkeys((*TEXTS, "content_sha256"), ("S", "")),
        **dict.fromkeys(("height", "width", "mirrored"), ("i", "")),
        **dict.fromkeys(("strides", "channels"), ("i", "K")),
    },
)


@dataclass(frozen=True)
class Encoding:
    """What made features; all sets of an experiment have the same."""

    encoder: str
    weights_sha256: str
    precision: str  # in which the encoder computed
    dtype: str  # of the features, wherever they are: float16 or float32
    interpolation: str  # by which images were brought to its size
    strides: tuple[int, ...]  # image px per px of each scale, rising
    channels: tuple[int, ...]  # of each scale

    @property
    def scales(self) -> dict[int, int]:
        """Channels by stride."""
        return dict(zip(self.strides, self.channels, strict=True))


class FeatureFile(MapFile):
    """An open feature file, which any thread may read from."""

    layout = FEATURES

    def __init__(self, path: Path) -> None:
        super().__init__(path, _full_layout(path))
        self.path = path
        found = self._attributes
        strides, channels = (tuple(map(int, found[name])) for name in ("strides", "channels"))
        texts = {name: found[name] for name in TEXTS}
        self.encoding = Encoding(**texts, strides=strides, channels=channels)
        self.image_size: tuple[int, int] = (found["height"], found["width"])  # as encoded, px
        self.has_mirrored = bool(found["mirrored"])
        self.digest: str = found["content_sha256"]
        with named_errors(path):
            self.image_sha256 = read_texts(self._file, SHA256)

    @staticmethod
    @contextmanager
    def create(
        path: Path,
        image_ids: Sequence[str],
        encoding: Encoding,
        image_size: tuple[int, int],
        shapes: Mapping[int, Shape],
        *,
        mirrored: bool,
    ) -> Iterator[Callable[[Iterable[Encoded]], None]]:
        """Create a feature file; what is given takes all images, in order.

        Features of an image are those of all scales, and then those of the mirrored image if they
        are wanted, in the dtype of the encoding. Shapes are by stride.
        """
        dtype = encoding.dtype
        needed_bytes = feature_bytes(len(image_ids), shapes, dtype, mirrored)
        with create_hdf5(path, FEATURES, needed_bytes) as file:
            height, width = image_size
            facts = {"height": height, "width": width, "mirrored": int(mirrored)}
            write_attributes(file, {**asdict(encoding), **facts})
            write_image_ids(file, image_ids)
            datasets = [
                file.create_dataset(
                    name, (len(image_ids), *shape), dtype, chunks=(1, *shape), fletcher32=True
                )
                for name, shape in _named(shapes, mirrored).items()
            ]

            def write(images: Iterable[Encoded]) -> None:
                digest, made_of = hashlib.sha256(), list[str]()
                write_maps(datasets, _digested(images, digest, made_of))
                write_texts(file, SHA256, made_of)
                write_attributes(file, {"content_sha256": digest.hexdigest()})

            yield write

    def read(self, index: int, mirrored: bool = False) -> Features:
        """Features of one image, or of the mirrored one: (C,h,w) each, the finest scale first."""
        if mirrored and not self.has_mirrored:
            raise UserError(f"{self.path}: has no features of mirrored images")
        names = _named(dict.fromkeys(self.encoding.strides), mirrored)
        wanted = list(names)[-len(self.encoding.strides) :]
        return [self._read(name, index) for name in wanted]


def feature_bytes(num_images: int, shapes: Mapping[int, Shape], dtype: str, mirrored: bool) -> int:
    """Size of a feature file."""
    values = sum(int(np.prod(shape)) for shape in shapes.values())
    return num_images * values * np.dtype(dtype).itemsize * (1 + mirrored)


def _named(by_stride: Mapping[int, Any], mirrored: bool) -> dict[str, Any]:
    """The names of datasets, in the order of writing."""
    plain = {f"stride{stride}": value for stride, value in by_stride.items()}
    return plain | (
        {f"mirrored/{name}": value for name, value in plain.items()} if mirrored else {}
    )


def _digested(images: Iterable[Encoded], digest: Any, made_of: list[str]) -> Iterator[Features]:
    """Features, which a digest takes in, as a list does the digests of their images."""
    for image, maps in images:
        made_of.append(image)
        for values in maps:
            digest.update(values.tobytes())
        yield maps


def _full_layout(path: Path) -> Layout:
    """The layout of a file with the scales that it says it has."""
    file, attributes = open_hdf5(path, FEATURES)
    file.close()
    strides = map(int, attributes["strides"])
    sizes = {stride: ("f", "N" + _letters(place)) for place, stride in enumerate(strides)}
    maps = _named(sizes, bool(attributes["mirrored"]))
    return Layout(FEATURES.format, {**FEATURES.datasets, **maps}, FEATURES.attributes)


def _letters(place: int) -> str:
    """Three letters for the sizes of a scale, of which no other scale has any."""
    return "".join(chr(ord("a") + 3 * place + axis) for axis in range(3))
