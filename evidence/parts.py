"""Tables of question 1: which parts of an acquisition make a queried pixel valuable."""

import pandas as pd

from evidence.cells import cells_of, compared, in_words, percent, with_n
from evidence.decision import BUDGET
from evidence.design import FACTORS
from evidence.effects import SCORES
from evidence.values import DATA, Pair, at, budgets_of, kept, seeds_of, table_path

PLAIN = "_per_image_none"
PIXEL = f"random_pixel_best{PLAIN}"
UNITS = {"region": "windows", "pixel": "pixels"}
NOISES = {"best": "", "power": ", noise"}
IMAGES_BUDGET = "0.05"
WINDOW_PX = 9
QUERIED = (("random", "best"), ("margin", "best"), ("margin", "power"))  # scores and noises
ARMS: dict[str, Pair] = {  # each with random queries of the same unit
    "windows of radius 1": (f"margin_region_best{PLAIN}", f"random_region_best{PLAIN}"),
    "windows of radius 2": ("margin_radius_2", "random_radius_2"),
    "superpixels": ("margin_superpixel_4", "random_superpixel_4"),
    "pixels": (f"margin_pixel_best{PLAIN}", PIXEL),
    "pixels among the highest 5 %": ("margin_pixel_top", PIXEL),
    "pixels 8 px apart": ("margin_pixel_apart", PIXEL),
    "pixels, `quota` over the pool": ("margin_pixel_quota", PIXEL),
    "whole images, at 5 %": ("margin_image", "random_image"),
}


def read_effects() -> dict[str, pd.DataFrame]:
    """The effects on the design sets that are done, by what these are called."""
    files = kept({f"effects_{data}.csv": shown for data, shown in DATA.items()})
    return {shown: pd.read_csv(table_path(file)) for file, shown in files.items()}


def effects(measure: str, *families: str) -> pd.DataFrame:
    """Effects on a measure on both design sets, with what could have been seen."""
    columns = {}
    for shown, table in read_effects().items():
        chosen = table["measure"].eq(measure) & table["family"].isin(families)
        rows = table[chosen].set_index("effect")
        columns[shown] = pd.Series(cells_of(rows), index=rows.index)
        seen_from = rows["detectable"].map("{:.1f}".format)
        columns[f"{shown}, seen from (n)"] = seen_from + " (" + rows["n"].astype(str) + ")"
    return pd.DataFrame(columns).rename(index=in_words).rename_axis(None)


def by_score(measure: str) -> pd.DataFrame:
    """The effect of every factor with each score, on both design sets."""
    columns: dict[str, pd.Series[str]] = {}
    for shown, table in read_effects().items():
        rows = table[table["measure"].eq(measure) & table["family"].eq("by score")]
        names = rows["effect"].str.split(", ", expand=True)
        wide = pd.Series(cells_of(rows), index=pd.MultiIndex.from_frame(names)).unstack()
        columns |= {f"`{score}`, {shown}": wide[score] for score in SCORES}
    return pd.DataFrame(columns).loc[[*FACTORS]].rename(index=in_words).rename_axis(None)


def of_same_unit() -> dict[str, Pair]:
    """Every score with and without noise, and random queries of the same unit."""
    return {
        f"{score}, {shown}{noisy}": (f"{score}_{unit}_{noise}{PLAIN}", f"random_{unit}_best{PLAIN}")
        for unit, shown in UNITS.items()
        for score in SCORES
        for noise, noisy in NOISES.items()
    }


def budgets(data: str) -> pd.DataFrame:
    """Differences to random of the same unit at every budget; Holm over those of a budget."""
    values, pairs = seeds_of(f"budgets_{data}"), of_same_unit()
    columns = {percent(name): compared(at(values, name), pairs) for name in budgets_of(values)}
    return with_n(pd.DataFrame(columns), values)


def at_equal_queries() -> pd.DataFrame:
    """Pixels minus windows by as many queries; Holm over the three of a data set and budget.

    Columns are budgets of the pixels; the windows label nine times as much.
    """
    blocks = []
    for data, shown in DATA.items():
        pixels, windows = seeds_of(f"budgets_{data}"), seeds_of(f"queries_{data}")
        pairs = {
            f"{score}{NOISES[noise]}, {shown}": (
                f"{score}_pixel_{noise}{PLAIN}",
                f"{score}_region_{noise}{PLAIN}",
            )
            for score, noise in QUERIED
        }
        columns = {}
        for budget in budgets_of(windows):
            narrow = f"{float(budget) / WINDOW_PX:g}"
            both = at(windows, budget).combine_first(at(pixels, narrow))
            columns[percent(narrow)] = compared(both, pairs)
        blocks.append(pd.DataFrame(columns))
    return with_n(pd.concat(blocks), windows)


def arms(data: str) -> pd.DataFrame:
    """Margin with other units and spreads, minus random of the same unit; Holm over all."""
    plain = at(seeds_of(f"budgets_{data}"), BUDGET).loc[[PIXEL]]
    images = at(seeds_of(f"images_{data}"), IMAGES_BUDGET)
    values = pd.concat([at(seeds_of(f"arms_{data}"), BUDGET), plain, images])
    means = {shown: f"{values.loc[method].mean():.1f}" for shown, (method, _) in ARMS.items()}
    columns = {"mIoU": pd.Series(means), "minus random": compared(values, ARMS)}
    return with_n(pd.DataFrame(columns), values)


def against(name: str, budget: str, other: str) -> pd.DataFrame:
    """Means at a budget, and differences of all methods to one of them, corrected by Holm."""
    values = at(seeds_of(name), budget)
    pairs = {method: (method, other) for method in map(str, values.index) if method != other}
    means = values.mean(axis=1).map("{:.1f}".format)
    columns = {"mIoU": means, f"minus `{other}`": compared(values, pairs)}
    return with_n(pd.DataFrame(columns).loc[values.index].fillna(""), values)


def labels(name: str) -> pd.DataFrame:
    """Balance of the acquired labels, 1 for classes alike, and windows of one class, in percent."""
    balance, pure = (seeds_of(name, measured) for measured in ("balance", "pure"))
    columns = {}
    for budget in budgets_of(balance):
        shown = percent(budget)
        columns[f"balance, {shown}"] = at(balance, budget).mean(axis=1).map("{:.3f}".format)
        columns[f"one class, {shown}"] = at(pure, budget).mean(axis=1).map("{:.0f}".format)
    return with_n(pd.DataFrame(columns), balance)
