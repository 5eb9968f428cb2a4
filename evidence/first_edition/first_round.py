"""What a first round acquires if balance goes by another class than the most probable one.

    python -m evidence.first_edition.first_round OUT.csv RADIUS ROUNDS KIND ROOT SPLIT CHECKPOINT...

A rare class that the model never predicts gives class balance nothing to lift. Does it help to
take, in place of the argmax of p_c, that of p_c / prior_c, or of p_c over its root, the prior
being the mean of p_c over the pool? Or to spend a part of the queries at random? No training: the
checkpoints are those that a run starts from, one a seed. Writes pixels acquired by true class.
"""

import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pandas as pd
import torch
from numpy.typing import NDArray

from cbda.acquisition.catalogue import METHODS
from cbda.acquisition.scoring import compute_score
from cbda.datasets.catalogue import create_dataset
from cbda.datasets.dataset import Dataset
from cbda.datasets.ids import VOID
from cbda.models.checkpoints import load_model
from cbda.models.inference import predict_logits
from cbda.selection.allocation import choose_dynamic
from cbda.selection.querying import num_at_random, random_map
from cbda.selection.quota import choose_quota
from cbda.selection.units import (
    FloatArray,
    Mask,
    Queries,
    centres_by_image,
    paint,
    queries_per_image,
    query_px,
    suppression_radius,
)

BUDGETS = (0.01, 0.05, 0.2)
POWERS = {"quota": 0.0, "quota_root_prior": 0.5, "quota_prior": 1.0}
REGION = "region"


class FirstRound:
    """The score maps of a pool, and what would be chosen from them."""

    def __init__(self, checkpoint: Path, pool: Dataset, radius: int, rounds: int) -> None:
        saved, model = load_model(checkpoint)
        self._pool, self._radius, self._rounds = pool, radius, rounds
        images = (pool.read_image(index) for index in range(len(pool)))
        resizing, device = saved.resizing, torch.device("cpu")
        scores, probabilities = [], []
        for logits in predict_logits(model, images, resizing, device):
            score, _ = compute_score("ripu", REGION, logits, radius, torch.Generator())
            scores.append(score.numpy())
            probabilities.append(logits.softmax(dim=0).half().numpy())
        self._score, self._probability = np.stack(scores), np.stack(probabilities)
        self._prior = self._probability.mean(axis=(0, 2, 3), dtype=np.float64)
        self._maps = {name: self._classes(power) for name, power in POWERS.items()}
        fraction = METHODS["cbda_explore"].random_fraction
        self._fractions = {"da": 0.0, "da_explore": fraction, "random": 1.0}
        self._suppression_radius = suppression_radius(radius, REGION)

    def choices(self, budget: float, seed: int) -> Iterator[tuple[str, Queries]]:
        """Every way to choose the queries of round 1, by name."""
        height, width = self._score.shape[1:]
        per_image = queries_per_image(height, width, budget, self._rounds, self._radius, REGION)
        num_queries = per_image * len(self._pool)
        for name, classes in self._maps.items():
            yield name, self._quota(classes, num_queries, budget)
        for name, fraction in self._fractions.items():
            yield name, self._dynamic(num_queries, fraction, seed)

    def count(self, queries: Queries) -> NDArray[np.int64]:
        """Pixels acquired of each true class, (C,)."""
        counts = np.zeros(len(self._prior), np.int64)
        for index, centres in enumerate(centres_by_image(queries, len(self._pool))):
            mask = np.zeros(self._score.shape[1:], bool)
            paint(mask, centres, self._radius)
            label = self._pool.read_label(index)[mask]
            counts += np.bincount(label[label != VOID], minlength=len(counts))
        return counts

    def _classes(self, power: float) -> NDArray[np.uint8]:
        divisor = (self._prior**power).astype(np.float32)[:, None, None]
        maps = [(p / divisor).argmax(axis=0) for p in self._probability]
        return np.stack(maps).astype(np.uint8)

    def _quota(self, classes: NDArray[np.uint8], num_queries: int, budget: float) -> Queries:
        def read(index: int) -> tuple[FloatArray, NDArray[np.uint8], Mask]:
            return self._score[index], classes[index], np.zeros(classes.shape[1:], bool)

        num_classes = len(self._prior)
        share_px = np.full(num_classes, budget * classes.size / num_classes)
        spent = query_px(self._radius, REGION, classes.shape[1:]), share_px, np.zeros(num_classes)
        return choose_quota(read, self._score.shape, num_queries, self._suppression_radius, *spent)

    def _dynamic(self, num_queries: int, random_fraction: float, seed: int) -> Queries:
        shape, radius = self._score.shape, self._suppression_radius
        num_random = num_at_random(num_queries, random_fraction)

        def read_best(index: int) -> tuple[FloatArray, Mask]:
            return self._score[index], np.zeros(shape[1:], bool)

        best = choose_dynamic(read_best, shape, num_queries - num_random, radius)
        centres = centres_by_image(best, len(self._pool))

        def read(index: int) -> tuple[FloatArray, Mask]:
            excluded = np.zeros(shape[1:], bool)
            paint(excluded, centres[index], radius)
            return random_map(seed, 1, index, shape[1:]), excluded

        return np.concatenate([best, choose_dynamic(read, shape, num_random, radius)])


def main(out: str, radius: str, rounds: str, kind: str, root: str, split: str, *paths: str) -> None:
    """Write one row per seed, budget, choice and class."""
    rows = []
    for seed, path in enumerate(paths):
        classes = load_model(Path(path))[0].classes
        pool = create_dataset(kind, Path(root), split, classes)
        first = FirstRound(Path(path), pool, int(radius), int(rounds))
        for budget in BUDGETS:
            for name, queries in first.choices(budget, seed):
                counts = zip(classes, first.count(queries).tolist(), strict=True)
                rows += [(seed, budget, name, *count) for count in counts]
    pd.DataFrame(rows, columns=["seed", "budget", "choice", "class", "num_px"]).to_csv(
        out, index=False
    )


if __name__ == "__main__":
    torch.set_num_threads(1)
    main(*sys.argv[1:])
