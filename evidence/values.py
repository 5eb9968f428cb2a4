"""The kept tables as values by method, budget and seed, and what is paired of them."""

from collections.abc import Mapping
from pathlib import Path

import numpy as np
import pandas as pd
from scipy.stats import t as student

from cbda.results.metrics import normalised_entropy
from cbda.results.pairs import PairedTest, paired_test
from cbda.results.runs import NO_BUDGET

TABLES = Path(__file__).with_name("tables")
DATA = {"generated": "streets", "camvid": "CamVid"}  # that methods are designed on
RARE = {
    *("pole", "sign", "fence", "pedestrian", "bicyclist"),
    *("railway", "vehicle", "pool", "solar", "boat"),  # of views from above
}
OF_LABELS = ("balance", "pure")
RUN = ["method", "budget", "seed"]
Pair = tuple[str, str]  # a method, and the one that it is compared with


def table_path(*names: str) -> Path:
    """Where a table is kept, or one of its files."""
    return TABLES.joinpath(*names)


def kept(names: Mapping[str, str]) -> dict[str, str]:
    """Those of some tables that are there, by what they are called; FileNotFoundError if none."""
    found = {name: shown for name, shown in names.items() if table_path(name).exists()}
    if not found:
        raise FileNotFoundError(f"{TABLES} has none of {', '.join(names)}")
    return found


def read_measures(folder: Path) -> pd.DataFrame:
    """A row per run of a table: method, budget, seed, and its measures in points."""
    return measure(pd.read_csv(folder / "class_iou.csv", dtype={"budget": str}))


def measure(classes: pd.DataFrame) -> pd.DataFrame:
    """The same, of IoU by class."""
    runs = classes.groupby(RUN, sort=False)["IoU"]
    rare = classes[classes["class"].isin(RARE)].groupby(RUN, sort=False)["IoU"]
    means = {"mIoU": runs.mean(), "rare": rare.mean(), "worst": runs.min()}
    return pd.DataFrame(means).loc[runs.mean().index].reset_index()


def read_labels(folder: Path) -> pd.DataFrame:
    """A row per run that was diagnosed: method, budget, seed, and what it asked for.

    That is the balance of classes, 1 if they are alike, and the percent of windows of one class.
    """
    table = pd.read_csv(folder / "diagnosis.csv", dtype={"budget": str})
    runs = table.groupby(RUN, sort=False)
    by_class = table.groupby([*RUN, "class"], sort=False)["acquired_px"].sum()
    counts = by_class.groupby(level=RUN, sort=False)
    balance = counts.agg(lambda values: normalised_entropy(values.to_numpy()))
    pure = 100 * runs["pure_queries"].sum() / runs["queries"].sum()
    return pd.DataFrame({"balance": balance, "pure": pure}).reset_index()


def seeds_of(name: str, measured: str = "mIoU") -> pd.DataFrame:
    """A measure of a kept table: rows are methods and budgets, as in it, columns seeds."""
    read = read_labels if measured in OF_LABELS else read_measures
    table = read(table_path(name))
    order = pd.MultiIndex.from_frame(table[["method", "budget"]].drop_duplicates())
    values: pd.DataFrame = table.pivot(index=order.names, columns="seed", values=measured)
    return values.loc[order]


def at(values: pd.DataFrame, budget: str) -> pd.DataFrame:
    """The methods of a budget."""
    return values[values.index.get_level_values("budget") == budget].droplevel("budget")


def budgets_of(values: pd.DataFrame) -> list[str]:
    """The budgets of some values, the smallest first; that of references is none."""
    names = set(values.index.unique("budget"))
    return sorted((name for name in names if name != NO_BUDGET), key=float)


def differences(values: pd.DataFrame, pair: Pair) -> "pd.Series[float]":
    """By seed, of the seeds (columns) that both methods (rows) have."""
    both = values.loc[[*pair]].dropna(axis="columns").T
    found: pd.Series[float] = both[pair[0]] - both[pair[1]]
    return found


def paired(values: pd.DataFrame, pair: Pair) -> PairedTest:
    """The test of one method against another."""
    return paired_test(np.asarray(differences(values, pair), np.float64))


def seen_from(half_width: float, num: int) -> float:
    """The least mean of n differences that is seen with a power of 80 % at an uncorrected 5 %."""
    quantile = student.ppf(0.975, num - 1)
    return float(half_width * (1 + student.ppf(0.8, num - 1) / quantile))
