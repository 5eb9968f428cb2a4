"""Question 2: which candidates go into the confirmation, by the rule of the protocol.

python -m evidence.decision
"""

from typing import NamedTuple

import pandas as pd

from cbda.acquisition.catalogue import METHODS
from cbda.acquisition.methods import Method
from evidence.page import DATA, at, seeds_of

BUDGET = "0.002"
RANDOM = "random_pixel"
PLAIN = "margin_pixel"
TIE = 0.05  # points of mIoU
PARENTS = {  # what a balanced candidate is without its balance
    "cb_margin_pixel": "margin_pixel",
    "cb_margin_pixel_power": "margin_pixel_power",
    "cbda_margin_pixel": "da_margin_pixel",
    "cbda_margin_pixel_power": "da_margin_pixel_power",
    "cbda_margin_pixel_consumed": "da_margin_pixel",
}


class Decision(NamedTuple):
    """What is confirmed: the method, the best balanced one, and that without its balance."""

    method: str
    balanced: str
    parent: str


def decide(differences: "pd.Series[float]") -> Decision:
    """By every candidate's mean difference to random pixels."""
    balanced = _best(differences.loc[[*PARENTS]])
    return Decision(_best(differences), balanced, PARENTS[balanced])


def _best(differences: "pd.Series[float]") -> str:
    """The highest; of those that tie with it the one with the fewest parts of its own."""
    near = differences[differences > differences.max() - TIE]
    ranked = sorted(near.items(), key=lambda item: (num_parts(str(item[0])), -float(item[1])))
    return str(ranked[0][0])


def num_parts(name: str) -> int:
    """Parts in which a candidate differs from pixels by margin."""
    if name in PARENTS:
        return 1 + num_parts(PARENTS[name])
    own, plain = METHODS[name], METHODS[PLAIN]
    return sum(_part(own, part) != _part(plain, part) for part in ("allocation", "sampling"))


def _part(method: Method, name: str) -> str:
    return method.choice.sampling if name == "sampling" else str(getattr(method, name))


def mean_differences() -> pd.DataFrame:
    """By candidate: the mean over seeds on each design set, and over these."""
    columns = {}
    for data, shown in DATA.items():
        means = at(seeds_of(f"candidates_{data}"), BUDGET).mean(axis=1)
        columns[shown] = (means - means[RANDOM]).drop(RANDOM)
    return pd.DataFrame(columns).assign(both=lambda table: table.mean(axis=1))


if __name__ == "__main__":
    found = mean_differences()
    print(found.sort_values("both", ascending=False).to_string(float_format="%+.2f"))
    print(decide(found["both"]))
