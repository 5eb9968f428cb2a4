"""Tables of questions 3 and 4: the geometry of the paper, other networks and trainings."""

import pandas as pd
from scipy.stats import kendalltau

from cbda.results.runs import NO_BUDGET
from evidence.cells import compared, corrected, percent, with_n, with_spread
from evidence.decision import BUDGET
from evidence.values import Pair, at, budgets_of, kept, paired, seeds_of

MEASURES = {  # of question 3, and how many decimals they are shown with
    "balance": ("balance of the labels", 3),
    "pure": ("queries of one class, %", 1),
    "mIoU": ("mIoU", 1),
    "worst": ("lowest IoU of a class", 1),
}
PAPER: tuple[Pair, ...] = (
    *(("cbda", "ra"), ("cbda", "cbda_exact")),
    *(("ra", "ra_exact"), ("random", "ra")),
)
RANKED: tuple[Pair, ...] = (("margin_pixel", "random_pixel"), ("random", "ra_exact"))
VARIANTS = {
    "ranking_generated": "streets",
    "ranking_camvid": "CamVid",
    "ranking_rounds": "six rounds",
    "ranking_retrain": "trained anew",
    "ranking_small": "small network",
    "ranking_encoder": "larger encoder",
    "ranking_redundant": "frames alike",
}


def by_budget(name: str, measured: str) -> pd.DataFrame:
    """Mean and standard deviation over seeds of a measure by budget; in the first, references."""
    values, (_, decimals) = seeds_of(name, measured), MEASURES[measured]
    first, *others = budgets_of(values)
    rows = pd.concat([at(values, first), at(values, NO_BUDGET)])
    columns = {percent(first): with_spread(rows, decimals)}
    columns |= {percent(each): with_spread(at(values, each), decimals) for each in others}
    return with_n(pd.DataFrame(columns).loc[rows.index].fillna(""), values)


def large(*measures: str) -> pd.DataFrame:
    """Four differences at every budget, paired; Holm over those of a measure and budget."""
    blocks = []
    for measured in measures:
        title, decimals = MEASURES[measured]
        values = seeds_of("large", measured)
        pairs = {f"{title}: `{method}` - `{other}`": (method, other) for method, other in PAPER}
        names = budgets_of(values)
        columns = {percent(name): compared(at(values, name), pairs, decimals) for name in names}
        blocks.append(pd.DataFrame(columns))
    return with_n(pd.concat(blocks), values)


def variants() -> dict[str, pd.DataFrame]:
    """The trainings that are done, by what they are called: values by method and seed."""
    return {shown: at(seeds_of(name), BUDGET) for name, shown in kept(VARIANTS).items()}


def ranking() -> pd.DataFrame:
    """How every variant ranks the six methods, and two differences; Holm over the variants."""
    found = variants()
    means = pd.DataFrame({shown: values.mean(axis=1) for shown, values in found.items()})
    usual = means.iloc[:, 0]
    columns = {"τ": means.apply(lambda column: f"{kendalltau(column, usual).statistic:.2f}")}
    for method, other in RANKED:
        tests = {shown: paired(values, (method, other)) for shown, values in found.items()}
        columns[f"`{method}` - `{other}`"] = corrected(tests)
    table: pd.DataFrame = means.T.map("{:.1f}".format).assign(**columns)
    return with_n(table, next(iter(found.values())))
