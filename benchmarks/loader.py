"""Loading of training pairs at the sizes of GTAV and Cityscapes, on one core."""

import time
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from benchmarks.tables import Table
from cbda.datasets.catalogue import create_dataset
from cbda.datasets.dataset import Dataset
from cbda.scenes.classes import CLASSES
from cbda.scenes.rendering import render_scene
from cbda.settings.training import TrainingSettings
from cbda.training.loader import create_loader

SIZES = {"source": (1052, 1914), "target": (1024, 2048)}
SETTINGS = TrainingSettings(batch_size=2, image_size=(640, 1280), source_size=(720, 1280))
NUM_IMAGES = 2
NUM_ITERATIONS = 6
NOISE = 3  # standard deviation, so that files are as large as those of photographs


def write_images(folder: Path, domain: str) -> Dataset:
    """Rendered scenes with noise, as PNG."""
    rng = np.random.default_rng(0)
    for index in range(NUM_IMAGES):
        image, label = render_scene(domain, 0, index, *SIZES[domain])
        _save(folder / "images" / f"{index}.png", _add_noise(image, rng))
        _save(folder / "labels" / f"{index}.png", label)
    return create_dataset("folder", folder, classes=CLASSES)


def _add_noise(image: NDArray[np.uint8], rng: np.random.Generator) -> NDArray[np.uint8]:
    return np.clip(image + rng.normal(0, NOISE, image.shape), 0, 255).astype(np.uint8)


def _save(path: Path, pixels: NDArray[np.uint8]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(pixels).save(path)


def loading() -> Table:
    """Images per second of processor time, labels included, as one worker loads them."""
    table = Table(
        "Loading of training pairs, one core", ("source px", "target px", "MB a file", "images/s")
    )
    with TemporaryDirectory() as folder:
        pair = [write_images(Path(folder, domain), domain) for domain in SIZES]
        files = list(Path(folder).glob("*/images/*.png"))
        size_mb = sum(path.stat().st_size for path in files) / len(files) / 1e6
        batches = iter(create_loader(pair[0], pair[1], SETTINGS, 0, 0, NUM_ITERATIONS + 1))
        next(batches)  # imports and compiles what is needed
        started_s = time.process_time()
        num_images = sum(2 * len(batch.source_image) for batch in batches)
        elapsed_s = time.process_time() - started_s
    table.add("1280x720", "1280x640", f"{size_mb:.1f}", f"{num_images / elapsed_s:.1f}")
    return table
