"""Score files: a score map and a prediction per image of the pool."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from itertools import chain, islice
from pathlib import Path
from typing import Any

import h5py
import numpy as np
from numpy.typing import NDArray

from cbda.datasets.ids import MAX_CLASSES
from cbda.errors import UserError
from cbda.files.hdf5 import Layout, create_hdf5, named_errors, write_attributes
from cbda.files.maps import MapFile, create_maps, read_texts, write_maps, write_texts

# Of one image: score and prediction, (H,W) each, and then what is kept beside them.
ScoreMaps = tuple[NDArray[Any], ...]

SHA256 = "image_sha256"
SCORES = Layout(
    "cbda.scores",
    {"score": ("f4", "NHW"), "prediction": ("u1", "NHW"), "image_id": ("S", "N")},
    {"num_classes": ("i", ""), "radius": ("i", ""), "score": ("S", "")},
    {"predicted_px": ("i", "C")},
    {"features": ("f2", "NDhw"), "void": ("u1", "NHW"), SHA256: ("S", "N")},
)
PACKED = {"void": {"compression": "gzip", "compression_opts": 1}}


class ScoreFile(MapFile):
    """An open score file, which any thread may read from."""

    layout = SCORES

    def __init__(self, path: Path) -> None:
        super().__init__(path)
        self.path = path
        self.num_classes: int = self._attributes["num_classes"]
        self.radius: int = self._attributes["radius"]  # k, in px
        self.score: str = self._attributes["score"]
        self.predicted_px: NDArray[np.int64] | None = self._attributes.get("predicted_px")
        with named_errors(path):
            self.image_sha256 = read_texts(self._file, SHA256)  # none in files of others
        if not 1 <= self.num_classes <= MAX_CLASSES:
            raise UserError(
                f"{path}: num_classes is {self.num_classes}, must be 1 to {MAX_CLASSES}"
            )

    @staticmethod
    @contextmanager
    def create(
        path: Path,
        image_ids: Sequence[str],
        height: int,
        width: int,
        *,
        num_classes: int,
        radius: int,
        score: str,
        beside: Sequence[str] = (),
        image_sha256: Sequence[str] = (),
    ) -> Iterator[Callable[[Iterable[ScoreMaps]], None]]:
        """Create a score file; what is given takes the maps of all images, in order.

        `beside` names what each has after score and prediction: `features` (D,h,w) float16, `void`
        (H,W) bool. `image_sha256` are of the files of the images, if these are files.
        """
        needed_bytes = len(image_ids) * height * width * (4 + 1)
        with create_hdf5(path, SCORES, needed_bytes) as file:
            write_attributes(file, {"num_classes": num_classes, "radius": radius, "score": score})
            create_maps(file, {"score": "f4", "prediction": "u1"}, image_ids, height, width)
            if image_sha256:
                write_texts(file, SHA256, image_sha256)
            counts = np.zeros(num_classes, np.int64)
            yield partial(_write, file, counts, beside)
            write_attributes(file, {"predicted_px": counts})

    def read(self, index: int) -> tuple[NDArray[np.float32], NDArray[np.uint8]]:
        """Score (H,W) float32, a `UserError` unless finite, and prediction, new arrays."""
        score: NDArray[np.float32] = self._read("score", index)
        num_bad = score.size - int(np.count_nonzero(np.isfinite(score)))
        if num_bad:
            raise UserError(f"{self._where(index)}: {num_bad} scores are NaN or infinite")
        return score, self.read_prediction(index)

    def read_void(self, index: int) -> NDArray[np.bool_] | None:
        """Where the model takes one image for void, (H,W); None if it knows no such class."""
        return self._read("void", index) > 0 if "void" in self._readers else None

    @property
    def num_features(self) -> int:
        """D, channels of the features beside the scores; 0 if there are none."""
        return int(self._file["features"].shape[1]) if "features" in self._readers else 0

    def read_features(self, index: int) -> NDArray[np.float16]:
        """What the network makes of one image, (D,h,w) float16, a `UserError` unless finite."""
        features: NDArray[np.float16] = self._read("features", index)
        if not np.isfinite(features).all():
            raise UserError(f"{self._where(index)}: features are NaN or infinite")
        return features

    def read_prediction(self, index: int) -> NDArray[np.uint8]:
        """Prediction of one image, (H,W) uint8; a `UserError` if it is none of the classes."""
        prediction: NDArray[np.uint8] = self._read("prediction", index)
        highest = prediction.max()
        if highest >= self.num_classes:
            where = self._where(index)
            raise UserError(f"{where}: predicts class {highest}, there are {self.num_classes}")
        return prediction


def _write(
    file: h5py.File, counts: NDArray[np.int64], beside: Sequence[str], images: Iterable[ScoreMaps]
) -> None:
    """Store maps, and count the pixels that are predicted as each class."""
    images = iter(images)
    first = list(islice(images, 1))
    datasets = [file["score"], file["prediction"]]
    for name, values in zip(beside, (values for maps in first for values in maps[2:]), strict=True):
        num_images, shape = len(file["image_id"]), values.shape
        layout = {"chunks": (1, *shape), "fletcher32": True, **PACKED.get(name, {})}
        dtype, _ = SCORES.extra[name]
        datasets.append(file.create_dataset(name, (num_images, *shape), dtype, **layout))

    def counted() -> Iterator[ScoreMaps]:
        for maps in chain(first, images):
            counts[:] += _count(maps[1], len(counts))
            yield maps

    write_maps(datasets, counted())


def _count(prediction: NDArray[Any], num_classes: int) -> NDArray[np.int64]:
    counts = np.bincount(prediction.astype(np.uint8).ravel(), minlength=num_classes)
    return counts[:num_classes].astype(np.int64)
