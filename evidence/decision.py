"""Question 2: which candidates go into the confirmation, by the rule of the protocol.

python -m evidence.decision    # prints the decision, and writes confirm.yaml
"""

from pathlib import Path
from typing import Any, NamedTuple

import pandas as pd
import yaml

from cbda.acquisition.catalogue import METHODS
from cbda.acquisition.methods import Method
from evidence.values import DATA, Pair, at, seeds_of

FOLDER = Path(__file__).parent
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
FIRST_SEED, NUM_SEEDS = 100, 16


class Decision(NamedTuple):
    """What is confirmed: the method, the best balanced one, and that without its balance."""

    method: str
    balanced: str
    parent: str

    def pairs(self) -> tuple[Pair, Pair]:
        """The two differences that are tested on each data set."""
        return (self.method, RANDOM), (self.balanced, self.parent)


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
    """By candidate: the mean over seeds on each design set, and over these.

    FileNotFoundError if the runs of one are not done.
    """
    columns = {}
    for data, shown in DATA.items():
        means = at(seeds_of(f"candidates_{data}"), BUDGET).mean(axis=1)
        columns[shown] = (means - means[RANDOM]).drop(RANDOM)
    return pd.DataFrame(columns).assign(both=lambda table: table.mean(axis=1))


def configuration(found: Decision) -> dict[str, Any]:
    """What is given after the data of the confirmation."""
    methods = dict.fromkeys([RANDOM, *found, PLAIN, "random"])
    candidates = yaml.safe_load((FOLDER / "candidates.yaml").read_text())["experiment"]
    custom = candidates["custom_methods"]
    experiment = {
        "seeds": [*range(FIRST_SEED, FIRST_SEED + NUM_SEEDS)],
        "methods": list(methods),
        "custom_methods": {name: custom[name] for name in methods if name in custom},
    }
    tabulate = {"baseline": RANDOM, "comparators": [found.parent]}
    pathvars = {"tables": "<results>/confirm"}
    return {"pathvars": pathvars, "experiment": experiment, "tabulate": tabulate}


def text_of(found: Decision) -> str:
    """The content of confirm.yaml."""
    head = "# Written by decision.py: the confirmation, given after drive.yaml or aerial.yaml.\n"
    return head + yaml.safe_dump(configuration(found), sort_keys=False, width=100)


def main() -> None:
    """Decide, and write what is run then."""
    try:
        differences = mean_differences()
    except FileNotFoundError as error:
        raise SystemExit(f"no {error.filename}: python -m evidence.run candidates") from None
    print(differences.sort_values("both", ascending=False).to_string(float_format="%+.2f"))
    found = decide(differences["both"])
    print(found)
    (FOLDER / "confirm.yaml").write_text(text_of(found))


if __name__ == "__main__":
    main()
