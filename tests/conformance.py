"""What the published RIPU code (arXiv 2111.12940) computed, in tests/data."""

from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from cbda.acquisition.scoring import find_score

DATA = Path(__file__).parent / "data"
CASES = ("ripu_case0", "ripu_case1", "ripu_case2", "ripu_case3")
PREFIXES = {"region": "ra", "pixel": "pa"}


@dataclass(frozen=True)
class Case:
    """One image over several rounds.

    Attributes:
        arrays: by name; `ra_...` is of regions, `pa_...` of pixels, the number is the round's.
    """

    arrays: dict[str, NDArray[Any]]

    @property
    def num_classes(self) -> int:
        return int(self.arrays["num_classes"])

    @property
    def radius(self) -> int:
        return int(self.arrays["radius"])

    @property
    def rounds(self) -> range:
        return range(int(self.arrays["rounds"]))

    def read(self, name: str, unit: str, round_number: int) -> NDArray[Any]:
        return self.arrays[f"{PREFIXES[unit]}_{name}_{round_number}"]


@cache
def load_case(name: str) -> Case:
    with np.load(DATA / f"{name}.npz") as file:
        return Case(dict(file))


@cache
def our_score(name: str, unit: str, round_number: int) -> NDArray[np.float32]:
    """Our `ripu` score of the published logits, (H,W)."""
    import torch

    case = load_case(name)
    logits = torch.from_numpy(case.arrays[f"logits_{round_number}"])
    return find_score("ripu", unit)(logits, case.radius)[0].numpy()
