"""Tables of question 2: does a method beat random pixels, and does class balance pay?"""

from itertools import product
from typing import NamedTuple

import numpy as np
import pandas as pd

from cbda.results.correction import SIGNIFICANT, holm
from cbda.results.pairs import PairedTest
from cbda.results.runs import NO_BUDGET
from evidence.cells import cell, p_text, with_spread
from evidence.decision import BUDGET, decide, mean_differences
from evidence.values import Pair, at, differences, paired, seeds_of, seen_from

SETS = {"confirm_drive": "CamVid's other drive", "confirm_aerial": "views from above"}
ASKED = ("A method beats random pixels", "Class balance pays")


class Confirmed(NamedTuple):
    """One of the four tests."""

    pair: Pair
    shown: str  # what the data set is called
    values: "pd.Series[float]"  # differences by seed
    test: PairedTest
    p: float  # corrected over the four

    @property
    def is_shown(self) -> bool:
        """Whether it is above zero, by the rule of the protocol."""
        return self.test.diff_mean > 0 and self.p < SIGNIFICANT


def confirmed() -> list[Confirmed]:
    """The four, of all runs of both data sets; FileNotFoundError if they are not done."""
    pairs = decide(mean_differences()["both"]).pairs()
    sets = {shown: at(seeds_of(name), BUDGET) for name, shown in SETS.items()}
    asked = list(product(pairs, sets))
    tests = [paired(sets[shown], pair) for pair, shown in asked]
    p_values = holm(np.array([test.p_t for test in tests]))
    return [
        Confirmed(pair, shown, differences(sets[shown], pair), test, float(p))
        for (pair, shown), test, p in zip(asked, tests, p_values, strict=True)
    ]


def confirmation() -> pd.DataFrame:
    """The four tests, corrected over the four."""
    rows = {
        f"`{found.pair[0]}` minus `{found.pair[1]}`, {found.shown}": {
            "n": str(len(found.values)),
            "difference": cell(found.test.diff_mean, found.test.detectable_diff, found.p),
            "p, not corrected": p_text(found.test.p_t),
            "seeds above 0": str(int((found.values > 0).sum())),
            "seen from": f"{seen_from(found.test.detectable_diff, len(found.values)):.1f}",
        }
        for found in confirmed()
    }
    return pd.DataFrame.from_dict(rows, orient="index")


def verdict() -> pd.DataFrame:
    """What the protocol has said of these four."""
    found = confirmed()
    answers = {}
    for name, pair in zip(ASKED, dict.fromkeys(each.pair for each in found), strict=True):
        shown = [each.shown for each in found if each.pair == pair and each.is_shown]
        said = ("not shown", "on one of two: ", "on both: ")[len(shown)]
        answers[name] = [f"`{pair[0]}`", f"`{pair[1]}`", said + ", ".join(shown)]
    columns = ["method", "compared with", "shown"]
    return pd.DataFrame.from_dict(answers, orient="index", columns=columns)


def means(*names: str) -> pd.DataFrame:
    """Mean and standard deviation over seeds at 0.2 %, of all methods and references."""
    columns = {}
    for name in names:
        values = seeds_of(name)
        rows = pd.concat([at(values, BUDGET), at(values, NO_BUDGET)])
        columns[f"{SETS.get(name, name)}, n = {values.shape[1]}"] = with_spread(rows)
    return pd.DataFrame(columns).rename_axis(None)
