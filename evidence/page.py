"""Writes the tables of docs/evidence.md from the CSV files in tables/.

python -m evidence.page
"""

import re
from collections.abc import Callable, Iterable
from pathlib import Path

import numpy as np
import pandas as pd
from scipy.stats import kendalltau

from cbda.results.correction import holm
from cbda.results.metrics import normalised_entropy
from cbda.results.pairs import PairedTest, paired_test
from cbda.results.runs import NO_BUDGET
from evidence.design import FACTORS
from evidence.effects import TABLES, read_measures

PAGE_PATH = Path(__file__).parents[1] / "docs/evidence.md"
BLOCK = re.compile(r"(<!-- table (.+) -->\n)(?:.*\n)*?(<!-- end -->)")
SIGNIFICANT = 0.05
DATA = {"generated": "streets", "camvid": "CamVid"}
SCORES = ("ripu_exact", "entropy", "margin")
PLAIN = "_per_image_none"
Pair = tuple[str, str]  # a method, and the one that it is compared with
LARGE: tuple[Pair, ...] = (
    *(("random", "ra"), ("cbda", "ra")),
    *(("cbda", "cbda_exact"), ("ra", "ra_exact")),
)
RANKED: tuple[Pair, ...] = (("margin_pixel", "random_pixel"), ("random", "ra_exact"))
VARIANTS = (
    *("ranking_generated", "ranking_camvid", "ranking_rounds"),
    *("ranking_retrain", "ranking_small", "ranking_encoder"),
)
SHOWN = {
    "unit": "pixels, not windows",
    "noise": "power noise",
    "start": "first round at random",
    "allocation": "over the whole pool",
    "balance": "class balance",
}


def page(text: str) -> str:
    """The page with every table written anew."""
    return BLOCK.sub(lambda match: match[1] + _markdown(_made(*match[2].split())) + match[3], text)


def _made(kind: str, *words: str) -> pd.DataFrame:
    return KINDS[kind](*words)


def effects(measure: str, *families: str) -> pd.DataFrame:
    """Effects on a measure on both design sets, with what could have been seen."""
    columns = {}
    for data, shown in DATA.items():
        table = pd.read_csv(TABLES / f"effects_{data}.csv")
        chosen = table["measure"].eq(measure) & table["family"].isin(families)
        table = table[chosen].set_index("effect")
        columns[shown] = pd.Series(_cells(table), index=table.index)
        columns[f"seen from, {shown}"] = table["detectable"].map("{:.1f}".format)
    return pd.DataFrame(columns).rename(index=in_words)


def by_score(measure: str) -> pd.DataFrame:
    """The effect of every factor with each score, on both design sets."""
    columns: dict[str, pd.Series[str]] = {}
    for data, shown in DATA.items():
        table = pd.read_csv(TABLES / f"effects_{data}.csv")
        table = table[table["measure"].eq(measure) & table["family"].eq("by score")]
        names = table["effect"].str.split(", ", expand=True)
        wide = pd.Series(_cells(table), index=pd.MultiIndex.from_frame(names)).unstack()
        columns |= {f"`{score}`, {shown}": wide[score] for score in SCORES}
    return pd.DataFrame(columns).loc[[*FACTORS]].rename(index=in_words)


def budgets(data: str) -> pd.DataFrame:
    """Differences to random of the same unit at every budget; Holm over those of a budget."""
    values = seeds_of(f"budgets_{data}")
    pairs = [
        (f"{score}_{unit}_{noise}{PLAIN}", f"random_{unit}_best{PLAIN}")
        for score in SCORES
        for unit in ("region", "pixel")
        for noise in ("best", "power")
    ]
    names = sorted(values.index.unique("budget"), key=float)
    columns = {f"{100 * float(name):g} %": _compared(at(values, name), pairs) for name in names}
    return pd.DataFrame(columns).rename(index=lambda name: name.removesuffix(PLAIN))


def against(name: str, budget: str, other: str) -> pd.DataFrame:
    """Means at a budget, and differences of all methods to one of them, corrected by Holm."""
    values = seeds_of(name)
    values = at(values, budget)
    pairs = [(method, other) for method in map(str, values.index) if method != other]
    means = values.mean(axis=1).map("{:.1f}".format)
    columns = {"mIoU": means, f"minus `{other}`": _compared(values, pairs)}
    return pd.DataFrame(columns).fillna("")


def labels(name: str) -> pd.DataFrame:
    """Balance of the acquired labels, 1 for classes alike, and windows of one class, in percent."""
    table = pd.read_csv(TABLES / name / "diagnosis.csv", dtype={"budget": str})
    runs = table.groupby(["method", "budget", "seed"], sort=False)
    sums = table.groupby(["method", "budget", "seed", "class"], sort=False)["acquired_px"].sum()
    by_run = sums.groupby(level=["method", "budget", "seed"], sort=False)
    balance = by_run.agg(lambda counts: normalised_entropy(counts.to_numpy()))
    pure = 100 * runs["pure_queries"].sum() / runs["queries"].sum()
    columns = {}
    for budget in sorted(table["budget"].unique(), key=float):
        shown = f"{100 * float(budget):g} %"
        columns[f"balance, {shown}"] = _mean_by_method(balance, budget, "{:.3f}")
        columns[f"one class, {shown}"] = _mean_by_method(pure, budget, "{:.0f}")
    return pd.DataFrame(columns)


def _mean_by_method(values: "pd.Series[float]", budget: str, form: str) -> "pd.Series[str]":
    wide = values.unstack("seed")
    return at(wide, budget).mean(axis=1).map(form.format)


def large(measure: str) -> pd.DataFrame:
    """Question 3's four differences of a measure at every budget; Holm over those of a budget."""
    values = seeds_of("large", measure)
    names = sorted(set(values.index.unique("budget")) - {NO_BUDGET}, key=float)
    columns = {f"{100 * float(name):g} %": _differences(at(values, name), LARGE) for name in names}
    return pd.DataFrame(columns)


def ranking(budget: str) -> pd.DataFrame:
    """How every variant ranks the six methods, and two differences; Holm over the variants."""
    found = {name: at(seeds_of(name), budget) for name in VARIANTS if (TABLES / name).exists()}
    means = pd.DataFrame({name: values.mean(axis=1) for name, values in found.items()})
    usual = means[VARIANTS[0]]
    columns = {"tau": means.apply(lambda column: f"{kendalltau(column, usual).statistic:.2f}")}
    for pair in RANKED:
        tests = {name: paired(values, *pair) for name, values in found.items()}
        columns[" - ".join(pair)] = _corrected(tests)
    return means.T.map("{:.1f}".format).assign(**columns)


def seeds_of(name: str, measure: str = "mIoU") -> pd.DataFrame:
    """A measure of a kept table: rows are methods and budgets, columns seeds."""
    table = read_measures(TABLES / name)
    values: pd.DataFrame = table.pivot(index=["method", "budget"], columns="seed", values=measure)
    return values


def at(values: pd.DataFrame, budget: str) -> pd.DataFrame:
    """The methods of a budget."""
    return values[values.index.get_level_values("budget") == budget].droplevel("budget")


def _compared(values: pd.DataFrame, pairs: Iterable[Pair]) -> "pd.Series[str]":
    """Cells of paired differences by method, corrected over all pairs."""
    return _corrected({pair[0]: paired(values, *pair) for pair in pairs})


def _differences(values: pd.DataFrame, pairs: Iterable[Pair]) -> "pd.Series[str]":
    """The same, by both methods of a pair."""
    return _corrected({" - ".join(pair): paired(values, *pair) for pair in pairs})


def _corrected(tests: dict[str, PairedTest]) -> "pd.Series[str]":
    """Cells of tests, by their names."""
    corrected = holm(np.array([test.p_t for test in tests.values()]))
    cells = [
        _cell(test.diff_mean, test.detectable_diff, p)
        for test, p in zip(tests.values(), corrected, strict=True)
    ]
    return pd.Series(cells, index=list(tests))


def paired(values: pd.DataFrame, method: str, other: str) -> PairedTest:
    """The test of one method (row) against another over seeds (columns)."""
    differences = values.loc[method].to_numpy() - values.loc[other].to_numpy()
    return paired_test(differences[~np.isnan(differences)])


def _cell(estimate: float, half_width: float, p: float) -> str:
    """Estimate ± half its interval, bold if the corrected p is below 0.05."""
    text = f"{estimate:+.1f} ± {half_width:.1f}, {p:.2g}"
    return f"**{text}**" if p < SIGNIFICANT else text


def _cells(table: pd.DataFrame) -> list[str]:
    """Of rows of effects."""
    numbers = table[["estimate", "half_width", "p_holm"]].to_numpy(dtype=np.float64)
    return [_cell(*map(float, row)) for row in numbers]


def in_words(effect: str) -> str:
    """An effect in words."""
    words = [SHOWN.get(word, word) for word in re.split(" x |, ", effect)]
    return " x ".join(words)


def _markdown(frame: pd.DataFrame) -> str:
    """A table; its index is the first column."""
    head = ["", *map(str, frame.columns)]
    rows = [[str(name), *map(str, cells)] for name, *cells in frame.itertuples()]
    lines = [head, ["---"] * len(head), *rows]
    return "".join(f"| {' | '.join(cells)} |\n" for cells in lines)


KINDS: dict[str, Callable[..., pd.DataFrame]] = {
    function.__name__: function
    for function in (effects, by_score, budgets, against, labels, large, ranking)
}


if __name__ == "__main__":
    PAGE_PATH.write_text(page(PAGE_PATH.read_text(encoding="utf-8")), encoding="utf-8")
