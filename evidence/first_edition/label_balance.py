r"""Which classes every class balance acquires from the same models.

    python -m evidence.first_edition.label_balance OUT.csv RADIUS KIND ROOT SPLIT FEATURES \
        CHECKPOINT...

FEATURES is the file of a frozen encoder, or empty. The checkpoints are those of one seed that the
rounds start from, in their order, such as those of `random`: no method trains a model of its own,
so that methods differ by their choice alone, and all of them together cost little more than one.
Appends a row per method, budget, round and class.
"""

import sys
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from cbda.acquisition.catalogue import METHODS
from cbda.acquisition.methods import Method
from cbda.cli import main as cbda
from cbda.files.labels import LabelFile
from cbda.files.records import forget
from cbda.models.checkpoints import load_model

BUDGETS = (0.05, 0.1, 0.2)
NAMES = ("random", "ra", "da", "cb", "cb_literal", "cbda", "cbda_consumed", "cbda_literal")
CHOICES = {
    **{name: METHODS[name] for name in (*NAMES, "cbda_exact")},
    "cbda_ratio": Method(allocation="dynamic", balance="ratio"),
}


class Rounds:
    """The score maps of all rounds, and what is acquired by them."""

    def __init__(
        self, folder: Path, radius: str, place: list[str], features: list[str], paths: list[str]
    ) -> None:
        self._folder, self._radius, self._place, self._num = folder, radius, place, len(paths)
        checkpoint, _ = load_model(Path(paths[0]))
        self.classes, self._seed = list(checkpoint.classes), str(checkpoint.configuration["seed"])
        for score in {method.score for method in CHOICES.values()}:
            for number, path in enumerate(paths, start=1):
                words = ["score", "--checkpoint", path, *self._dataset("target"), *features]
                words += ["--method-score", score, "--method-unit", "region"]
                words += ["--round", str(number)]
                forget(self._run(words, f"{score}{number}.h5"))  # the models are of another run

    def acquire(self, method: Method, budget: float) -> NDArray[np.int64]:
        """Pixels acquired of every class and, at last, of void, in every round, (R,C+1)."""
        shared = ["--method-unit", "region", "--method-allocation", method.allocation]
        shared += ["--method-balance", method.balance, "--budget", str(budget)]
        shared += ["--rounds", str(self._num), *self._dataset("oracle"), "--classes", *self.classes]
        previous: list[str] = []
        for number in range(1, self._num + 1):
            scores = ["--scores", str(self._folder / f"{method.score}{number}.h5")]
            words = ["acquire", *scores, *previous, *shared, "--round", str(number)]
            labels = self._run(words, f"labels{number}.h5")
            previous = ["--labels", str(labels)]
        with LabelFile.open(labels) as file:
            return np.column_stack([file.summary.class_counts, file.summary.void_counts])

    def _dataset(self, name: str) -> list[str]:
        options = (f"--{name}-kind", f"--{name}-root", f"--{name}-split")
        return [word for pair in zip(options, self._place, strict=True) for word in pair]

    def _run(self, words: list[str], name: str) -> Path:
        out = self._folder / name
        shared = ["--radius", self._radius, "--seed", self._seed, "--threads", "1"]
        shared += ["--out", str(out)]
        if status := cbda([*words, *shared]):
            sys.exit(status)
        return out


def main(
    out: str, radius: str, kind: str, root: str, split: str, features: str, *paths: str
) -> None:
    """Score with every model, let every method choose, and append the counts."""
    rows = []
    with TemporaryDirectory() as folder:
        given = ["--target-features", features] if features else []
        rounds = Rounds(Path(folder), radius, [kind, root, split], given, list(paths))
        for name, method in CHOICES.items():
            for budget in BUDGETS:
                counts = rounds.acquire(method, budget)
                for (index, place), num_px in np.ndenumerate(counts):
                    label = [*rounds.classes, "void"][place]
                    rows.append((paths[0], name, budget, index + 1, label, num_px))
    columns = ["model", "method", "budget", "round", "class", "num_px"]
    table, is_new = pd.DataFrame(rows, columns=columns), not Path(out).exists()
    table.to_csv(out, index=False, mode="a", header=is_new)


if __name__ == "__main__":
    main(*sys.argv[1:])
