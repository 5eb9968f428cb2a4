"""What a first round acquires if balance goes by another class than the most probable one.

    python docs/first_round.py OUT.csv RADIUS ROUNDS KIND ROOT SPLIT CHECKPOINT...

A rare class that the model never predicts gives class balance nothing to lift. Does it help to
take, in place of the argmax of p_c, that of p_c / prior_c, or of p_c over its root, the prior
being the mean of p_c over the pool? Or to spend a part of the queries at random? No training: the
checkpoints are those that a run starts from, one a seed. Writes pixels acquired by true class.
"""

import sys
from collections.abc import Callable, Iterator
from functools import partial
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
from cbda.selection.allocation import Chosen, Pool, choose_queries
from cbda.selection.exploring import Explored, random_map, split_round
from cbda.selection.quota import ClassPool, choose_quota
from cbda.selection.units import FloatArray, Mask, block_radius, paint, queries_per_image, query_px

BUDGETS = (0.01, 0.05, 0.2)
POWERS = {"quota": 0.0, "quota_root_prior": 0.5, "quota_prior": 1.0}
REGION = "region"


class FirstRound:
    """The score maps of a pool, and what would be chosen from them."""

    def __init__(self, checkpoint: Path, pool: Dataset, radius: int, rounds: int) -> None:
        content, model = load_model(checkpoint)
        self._pool, self._radius, self._rounds = pool, radius, rounds
        images = (pool.read_image(index) for index in range(len(pool)))
        size, device = tuple(content["image_size"]), torch.device("cpu")
        scores, probabilities = [], []
        for logits in predict_logits(model, images, size, device):
            score, _ = compute_score("ripu", REGION, logits, radius, torch.Generator())
            scores.append(score.numpy())
            probabilities.append(logits.softmax(dim=0).half().numpy())
        self._score, self._probability = np.stack(scores), np.stack(probabilities)
        self._prior = self._probability.mean(axis=(0, 2, 3), dtype=np.float64)
        self._maps = {name: self._classes(power) for name, power in POWERS.items()}
        explored = METHODS["cbda_explore"].explore
        self._shares = {"da": 0.0, "da_explore": explored, "random": 1.0}
        self._reach = block_radius(radius, REGION)

    def choices(self, budget: float, seed: int) -> Iterator[tuple[str, Chosen | Explored]]:
        """Every way to choose the queries of round 1, by name."""
        height, width = self._score.shape[1:]
        per_image = queries_per_image(height, width, budget, self._rounds, self._radius, REGION)
        num_queries = per_image * len(self._pool)
        for name, classes in self._maps.items():
            yield name, self._quota(classes, num_queries, budget)
        for name, explore in self._shares.items():
            yield name, self._explore(num_queries, explore, seed)

    def count(self, chosen: Chosen | Explored) -> NDArray[np.int64]:
        """Pixels acquired of each true class, (C,)."""
        counts = np.zeros(len(self._prior), np.int64)
        for index in range(len(self._pool)):
            mask = np.zeros(self._score.shape[1:], bool)
            paint(mask, chosen.centres(index), self._radius)
            label = self._pool.read_label(index)[mask]
            counts += np.bincount(label[label != VOID], minlength=len(counts))
        return counts

    def _classes(self, power: float) -> NDArray[np.uint8]:
        divisor = (self._prior**power).astype(np.float32)[:, None, None]
        maps = [(p / divisor).argmax(axis=0) for p in self._probability]
        return np.stack(maps).astype(np.uint8)

    def _quota(self, classes: NDArray[np.uint8], num_queries: int, budget: float) -> Chosen:
        def read(index: int) -> tuple[FloatArray, NDArray[np.uint8], Mask]:
            return self._score[index], classes[index], np.zeros(classes.shape[1:], bool)

        num_classes = len(self._prior)
        pool = ClassPool(self._pool.image_ids, classes.shape[1:], num_classes, read)
        share_px = np.full(num_classes, budget * classes.size / num_classes)
        spent_px = query_px(self._radius, REGION)
        return choose_quota(
            pool, num_queries, self._reach, spent_px, share_px, np.zeros(num_classes)
        )

    def _explore(self, num_queries: int, explore: float, seed: int) -> Explored:
        best_portion, rest = split_round(num_queries, explore)
        choose = partial(choose_queries, allocation="dynamic", radius=self._radius, unit=REGION)
        shape = self._score.shape[1:]
        free = self._as_pool(lambda index: (self._score[index], np.zeros(shape, bool)))
        best = choose(free, best_portion)

        def read(index: int) -> tuple[FloatArray, Mask]:
            taken = np.zeros(shape, bool)
            paint(taken, best.centres(index), self._reach)
            return random_map(seed, 1, index, shape), taken

        return Explored(best, choose(self._as_pool(read), rest))

    def _as_pool(self, read: Callable[[int], tuple[FloatArray, Mask]]) -> Pool:
        return Pool(self._pool.image_ids, self._score.shape[1], read)


def main(out: str, radius: str, rounds: str, kind: str, root: str, split: str, *paths: str) -> None:
    """Write one row per seed, budget, choice and class."""
    rows = []
    for seed, path in enumerate(paths):
        classes = load_model(Path(path))[0]["classes"]
        pool = create_dataset(kind, Path(root), split, classes)
        first = FirstRound(Path(path), pool, int(radius), int(rounds))
        for budget in BUDGETS:
            for name, chosen in first.choices(budget, seed):
                counts = zip(classes, first.count(chosen).tolist(), strict=True)
                rows += [(seed, budget, name, *count) for count in counts]
    pd.DataFrame(rows, columns=["seed", "budget", "choice", "class", "num_px"]).to_csv(
        out, index=False
    )


if __name__ == "__main__":
    torch.set_num_threads(1)
    main(*sys.argv[1:])
