"""One global round of acquisition in a process of its own, so that its memory can be told.

Prints one line of JSON.
"""

import argparse
import json
import time
from dataclasses import asdict, dataclass
from itertools import product
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import h5py
import numpy as np
from PIL import Image

from benchmarks.sizes import HEIGHT, NUM_CLASSES, RADIUS, WIDTH
from cbda.acquisition.choice import BEST, Choice
from cbda.acquisition.methods import ResolvedMethod
from cbda.compute.parallel import available_threads
from cbda.datasets.catalogue import create_dataset
from cbda.files.labels import LabelFile
from cbda.files.scores import ScoreFile
from cbda.selection.balance import class_weights
from cbda.selection.greedy import select
from cbda.selection.labelling import write_labels
from cbda.selection.querying import choose, class_statistics
from cbda.selection.round import Round, require_one_run
from cbda.selection.units import queries_per_image

ROUNDS = 5
NUM_SELECTED_ALONE = 25
WARM_UP_SIDE = 1024  # large enough for what is done with large images


@dataclass(frozen=True)
class Measured:
    """What a round took.

    Attributes:
        round_s: reading, weighting, selecting, asking and writing.
        reading_s: reading the score file alone, by the HDF5 library.
        selection_s: selection alone, of as many images one by one on one core.
        peak_mib: resident memory of the process at its peak.
        processor_s: of the round, on all cores together.
    """

    round_s: float
    reading_s: float
    selection_s: float
    peak_mib: float
    processor_s: float


def measure(scores_path: Path, budget: float, num_threads: int, sampling: str) -> Measured:
    """Time a round; what is compiled for the first time is compiled before."""
    choice = Choice(sampling=sampling)
    method = ResolvedMethod(allocation="dynamic", radius=RADIUS, choice=choice)
    round_ = Round(method, budget, ROUNDS, number=1, seed=0, num_classes=NUM_CLASSES)
    _warm_up(round_)
    processor_s = -time.process_time()
    round_s = _time_round(scores_path, round_, num_threads)
    processor_s += time.process_time()
    peak_mib = _peak_mib()
    selection_s = _time_selection(scores_path, budget)
    reading_s = _time_reading(scores_path)
    return Measured(round_s, reading_s, selection_s, peak_mib, processor_s)


def _peak_mib() -> float:
    """Resident memory at its peak; the kernel's other count begins with that of the parent."""
    status = Path("/proc/self/status").read_text()
    return int(status.partition("VmHWM:")[2].split()[0]) / 1024


def _warm_up(round_: Round) -> None:
    """A round over two images of nothing, which loads whatever is compiled."""
    shape = (WARM_UP_SIDE, WARM_UP_SIDE)
    nothing = np.zeros(shape, np.uint8)
    with TemporaryDirectory() as name:
        folder = Path(name)
        about: dict[str, Any] = {"num_classes": NUM_CLASSES, "radius": RADIUS, "score": "ripu"}
        with ScoreFile.create(folder / "scores.h5", ["0", "1"], *shape, **about) as write:
            write([(nothing.astype(np.float32), nothing)] * 2)
        for part, index in product(("images", "labels"), range(2)):
            (folder / part).mkdir(exist_ok=True)
            Image.fromarray(nothing).save(folder / part / f"{index}.png")
        _time_round(folder / "scores.h5", round_, num_threads=1)


def _time_round(scores_path: Path, round_: Round, num_threads: int) -> float:
    classes = [str(label) for label in range(NUM_CLASSES)]
    oracle = create_dataset("folder", scores_path.parent, classes=classes)
    started_s = time.perf_counter()
    with ScoreFile.open(scores_path) as scores, LabelFile.open_previous(None, scores) as labels:
        require_one_run(round_, scores, labels, oracle)
        statistics = class_statistics(round_, scores, labels)
        queries = choose(round_, scores, labels, statistics, num_threads)
        weights = class_weights(round_.method.balance, statistics)
        path = scores_path.with_name("labels.h5")
        write_labels(path, round_, labels, queries, weights, oracle, num_threads)
    return time.perf_counter() - started_s


def _time_selection(scores_path: Path, budget: float) -> float:
    num_queries = queries_per_image(HEIGHT, WIDTH, budget, ROUNDS, RADIUS, "region")
    blocked = np.zeros((HEIGHT, WIDTH), np.bool_)
    total_s = 0.0
    with h5py.File(scores_path) as file:
        num_images = len(file["score"])
        num_timed = min(num_images, NUM_SELECTED_ALONE)
        for index in range(num_timed):
            score = file["score"][index]
            started_s = time.perf_counter()
            select(score, blocked, num_queries, RADIUS, "region")
            total_s += time.perf_counter() - started_s
    return total_s / num_timed * num_images


def _time_reading(scores_path: Path) -> float:
    started_s = time.perf_counter()
    with h5py.File(scores_path) as file:
        for index in range(len(file["score"])):
            file["score"][index], file["prediction"][index]
    return time.perf_counter() - started_s


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--scores", type=Path, required=True)
    parser.add_argument("--budget", type=float, required=True)
    parser.add_argument("--sampling", default=BEST)
    parser.add_argument("--threads", type=int, default=available_threads())
    args = parser.parse_args()
    measured = measure(args.scores, args.budget, args.threads, args.sampling)
    print(json.dumps(asdict(measured)))
