"""Cells of the pages' tables: effects and differences as text."""

import re
from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd

from cbda.results.correction import SIGNIFICANT, holm
from cbda.results.pairs import PairedTest
from evidence.values import Pair, paired

SMALLEST_P = 0.0001
SHOWN = {
    "unit": "pixels, not windows",
    "noise": "power noise",
    "start": "first round at random",
    "allocation": "over the whole pool",
    "balance": "class balance",
}


def cell(estimate: float, half_width: float, p: float, decimals: int = 1) -> str:
    """Estimate ± half its interval, and the corrected p; bold if that is below 0.05."""
    text = f"{estimate:+.{decimals}f} ± {half_width:.{decimals}f}, {p_text(p)}"
    return f"**{text}**" if p < SIGNIFICANT else text


def p_text(p: float) -> str:
    """A p in two digits, as far as it is worth them."""
    return f"{p:.2g}" if p >= SMALLEST_P else f"<{SMALLEST_P}"


def cells_of(effects: pd.DataFrame) -> list[str]:
    """Of rows of effects."""
    numbers = effects[["estimate", "half_width", "p_holm"]].to_numpy(dtype=np.float64)
    return [cell(float(value), float(width), float(p)) for value, width, p in numbers]


def corrected(tests: Mapping[str, PairedTest], decimals: int = 1) -> "pd.Series[str]":
    """Of tests by their names, corrected over all of them."""
    p = holm(np.array([test.p_t for test in tests.values()]))
    texts = [
        cell(test.diff_mean, test.detectable_diff, value, decimals)
        for test, value in zip(tests.values(), p, strict=True)
    ]
    return pd.Series(texts, index=list(tests), dtype=object)


def compared(
    values: pd.DataFrame, pairs: Mapping[str, Pair], decimals: int = 1
) -> "pd.Series[str]":
    """Of differences between methods (rows) paired by seed (columns), corrected over all pairs."""
    tests = {shown: paired(values, pair) for shown, pair in pairs.items()}
    return corrected(tests, decimals)


def with_spread(values: pd.DataFrame, decimals: int = 1) -> "pd.Series[str]":
    """Mean and standard deviation over seeds (columns)."""
    form = f"{{:.{decimals}f}}".format
    return values.mean(axis=1).map(form) + " ± " + values.std(axis=1).map(form)


def percent(budget: str) -> str:
    """A budget as people write it."""
    return f"{100 * float(budget):g} %"


def in_words(effect: str) -> str:
    """An effect in words."""
    words = [SHOWN.get(word, word) for word in re.split(" x |, ", effect)]
    return " x ".join(words)


def with_n(frame: pd.DataFrame, values: pd.DataFrame) -> pd.DataFrame:
    """A table whose first cell says how many seeds (columns of values) it is of."""
    frame.index.name = f"n = {values.shape[1]}"
    return frame


def markdown(frame: pd.DataFrame) -> str:
    """A table; its index is the first column."""
    head = [str(frame.index.name or ""), *map(str, frame.columns)]
    rows = [[str(name), *map(str, cells)] for name, *cells in frame.itertuples()]
    lines: Sequence[Sequence[str]] = [head, ["---"] * len(head), *rows]
    return "".join(f"| {' | '.join(cells)} |\n" for cells in lines)
