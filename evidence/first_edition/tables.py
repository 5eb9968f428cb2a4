"""Writes the tables of README.md from the CSV files beside it.

python -m evidence.first_edition.tables          # from the files that are there
python -m evidence.first_edition.tables results  # of runs of one's own, copied first
"""

import re
import shutil
import sys
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.optimize import brentq

from cbda.acquisition.catalogue import REFERENCES
from cbda.report.curves import entropy_figure, result_figure
from cbda.report.style import LineStyles, drawing, method_line_styles, write
from cbda.results.metrics import normalised_entropy
from cbda.results.pairs import ALL_BUDGETS, ENTROPY, PairedTest, differences_to, paired_test
from cbda.results.runs import NO_BUDGET

DATA = Path(__file__).parent
PAGE_PATH = DATA / "README.md"
EXPERIMENTS = {
    "generated": "evidence",
    "balance": "evidence/balance",
    "camvid": "evidence_camvid",
    "camvid_outer": "evidence_camvid/outer",
    "camvid_exact": "evidence_camvid/exact",
    "camvid_diagnosis": "evidence_camvid/diagnosis",
    "camvid_small_budgets": "evidence_camvid/small_budgets",
    "camvid_exact_diagnosis": "evidence_camvid/exact_diagnosis",
}
RESULTS_DRAWN = ("generated", "camvid")
ENTROPY_DRAWN = ("generated", "camvid_diagnosis+camvid_small_budgets")
FILES = ("table_mIoU.csv", "comparisons.csv", "class_iou.csv", "diagnosis.csv")
BLOCK = re.compile(r"(<!-- table (.+) -->\n)(?:.*\n)*?(<!-- end -->)")
NUMBER = re.compile(r"\d[\d.e-]*")
SIGNIFICANT = 0.05
KEYS = ["method", "budget"]
POOL = "the pool"


def copy_tables(results: Path) -> None:
    """Take the tables of all experiments that were run."""
    for name, folder in EXPERIMENTS.items():
        for file in FILES:
            if (results / folder / file).exists():
                (DATA / name).mkdir(parents=True, exist_ok=True)
                shutil.copyfile(results / folder / file, DATA / name / file)


def draw_results(folder: Path) -> None:
    """The figure of the report of mIoU against the budget, as SVG."""
    table = _read(folder, "table_mIoU")
    write(result_figure(table, "mIoU", "mIoU in %", _line_styles(table)), folder / "mIoU.svg")


def draw_entropy(folder: Path) -> None:
    """The entropy of the acquired classes, mean over seeds, against the budget."""
    table = _read(folder, "diagnosis")
    line_styles = _line_styles(table)
    seeds = _entropies(table).loc[list(line_styles)]
    columns = {"acquired_entropy": seeds.mean(axis=1), "acquired_entropy_std": seeds.std(axis=1)}
    figure = entropy_figure(pd.DataFrame(columns).reset_index(), None, line_styles)
    first, *_ = folder.name.split("+")
    write(figure, folder.with_name(first) / "entropy.svg")


def _line_styles(table: pd.DataFrame) -> LineStyles:
    return method_line_styles([name for name in table["method"].unique() if name not in REFERENCES])


def page(text: str) -> str:
    """The page with every table written anew."""
    return BLOCK.sub(lambda match: match[1] + _table(*match[2].split()) + match[3], text)


def _table(kind: str, folder: str, *words: str) -> str:
    return _markdown(KINDS[kind](DATA / folder, *words))


def results(folder: Path, metric: str) -> pd.DataFrame:
    """Mean and standard deviation over seeds; a reference has one result for all budgets."""
    table = _read(folder, "table_mIoU")
    pairs = zip(table[f"{metric}_mean"], table[f"{metric}_std"], strict=True)
    cells = pd.Series([_spread(*pair, digits=1) for pair in pairs])
    wide = cells.set_axis(pd.MultiIndex.from_frame(table[KEYS])).unstack()
    if NO_BUDGET in wide:
        shared = wide.pop(NO_BUDGET)
        wide = wide.apply(lambda column: column.fillna(shared))
    return _in_order(table, wide)


def differences(folder: Path, metric: str, other: str) -> pd.DataFrame:
    """Paired differences: mean, standard deviation, p of the t-test; bold if p < 0.05."""
    tests = _tests(folder, metric, other)
    found = tests[list(PairedTest._fields)].itertuples(index=False, name=None)
    digits = 3 if metric == ENTROPY else 1
    cells = [_tested(PairedTest(*test), digits) for test in found]
    wide = pd.Series(cells, index=pd.MultiIndex.from_frame(tests[KEYS])).unstack()
    return _in_order(tests, wide)


def detectable(folder: Path, metric: str, other: str) -> pd.DataFrame:
    """The smallest mean of paired differences that the test would tell from zero."""
    tests = _tests(folder, metric, other)
    wide = tests.pivot_table(index="method", columns="budget", values="detectable_diff")
    return _in_order(tests, wide.map("{:.1f}".format))


def _tests(folder: Path, metric: str, other: str) -> pd.DataFrame:
    table = _read(folder, "comparisons")
    return table[(table["metric"] == metric) & (table["compared_with"] == other)]


def one_class(folder: Path, name: str, other: str = "") -> pd.DataFrame:
    """IoU of a class, mean and standard deviation over seeds, and p against another method."""
    table = _read(folder, "class_iou")
    return _mean_iou(table[table["class"] == name], other)


def class_differences(folder: Path, budget: str, other: str) -> pd.DataFrame:
    """Paired differences of the IoU of every class to another method, at one budget."""
    table = _at(_read(folder, "class_iou"), budget)
    values = table.set_index(["method", "class", "seed"])["IoU"].unstack("seed")
    return _in_order(table, _differences(values, other)[list(table["class"].unique())])


def other_classes(folder: Path, name: str, other: str) -> pd.DataFrame:
    """Mean IoU over all classes but one, and p of the paired t-test against another method."""
    table = _read(folder, "class_iou")
    return _mean_iou(table[table["class"] != name], other)


def against(folder: Path, other: str, *classes: str) -> pd.DataFrame:
    """Paired differences of mIoU, over all classes or some, to another method of any kind.

    A reference has one result for all budgets.
    """
    table = _read(folder, "class_iou")
    if classes:
        table = table[table["class"].isin(classes)]
    acquired = table[table["budget"] != NO_BUDGET]
    if acquired["budget"].nunique() > 1:
        acquired = pd.concat([acquired, acquired.assign(budget=ALL_BUDGETS)])
    references = table[table["budget"] == NO_BUDGET]
    values = _seed_means(pd.concat([acquired, references]))
    return _in_order(acquired, _differences(values, other))


def _mean_iou(table: pd.DataFrame, other: str) -> pd.DataFrame:
    means = _seed_means(table).drop(index=NO_BUDGET, level="budget", errors="ignore")
    return _in_order(table, _compared(means, other))


def _seed_means(table: pd.DataFrame) -> pd.DataFrame:
    """Mean IoU over the classes of a table, one column per seed."""
    return table.groupby([*KEYS, "seed"], sort=False)["IoU"].mean().unstack("seed")


def entropy(folder: Path, other: str) -> pd.DataFrame:
    """Normalised entropy of the acquired classes, and the highest that the pool allows.

    The change over the budgets is tested, and how it differs from another method's.
    """
    table = _read(folder, "diagnosis")
    values = _entropies(table)
    frame = _in_order(table, _compared(values, "", digits=3))
    budgets = _budgets(table)
    first, last = budgets[0], budgets[-1]
    highest = {_percent(name): f"{_highest_entropy(table, name):.3f}" for name in budgets}
    if first != last:
        apart = differences_to(values, other)
        for name, rows in {"change": values, f"change, against `{other}`": apart}.items():
            change = _change(rows, first, last).loc[frame.index]
            frame[name] = [_tested(paired_test(row), digits=3) for row in change.to_numpy()]
        frame.loc[other, f"change, against `{other}`"] = ""
    frame.loc["highest possible"] = pd.Series(highest)
    return frame.fillna("")


def entropy_steps(folder: Path) -> pd.DataFrame:
    """Paired changes of the entropy from each budget to the next, and p."""
    table = _read(folder, "diagnosis")
    values = _entropies(table)
    budgets = _budgets(table)
    steps = {}
    for first, last in pairwise(budgets):
        change = _change(values, first, last)
        tests = [_tested(paired_test(row), digits=3) for row in change.to_numpy()]
        name = f"{_percent(first).removesuffix(' %')} to {_percent(last)}"
        steps[name] = pd.Series(tests, index=change.index)
    return _in_order(table, pd.DataFrame(steps))


def _change(values: pd.DataFrame, first: str, last: str) -> pd.DataFrame:
    """From one budget to another, by method and seed."""
    budgets = values.index.get_level_values("budget")
    before, after = (values[budgets == name].droplevel("budget") for name in (first, last))
    return after - before


def entropy_against(folder: Path, other: str) -> pd.DataFrame:
    """Paired differences of the entropy to another method, where comparisons.csv has none."""
    table = _read(folder, "diagnosis")
    return _in_order(table, _differences(_entropies(table), other, digits=3))


def _entropies(table: pd.DataFrame) -> pd.DataFrame:
    """Entropy of all acquired pixels, one column per seed."""
    pixels = table.groupby([*KEYS, "seed", "class"], sort=False)["acquired_px"].sum()
    by_seed = pixels.groupby(level=[*KEYS, "seed"], sort=False)
    return by_seed.agg(lambda counts: normalised_entropy(counts.to_numpy())).unstack("seed")


def _differences(values: pd.DataFrame, other: str, digits: int = 1) -> pd.DataFrame:
    """Cells of paired differences of a frame of seeds to the rows of another method."""
    apart = differences_to(values, other).drop(index=other, level="method")
    cells = [_tested(paired_test(row), digits) for row in apart.to_numpy()]
    return pd.Series(cells, index=apart.index).unstack()


def _highest_entropy(table: pd.DataFrame, budget: str) -> float:
    """Of a budget of the pool's pixels: classes alike, as far as the pool has enough of them."""
    one_round = table.drop_duplicates("class")
    limits = np.array(one_round["pool_px"] / one_round["pool_px"].sum() / float(budget))
    level = brentq(lambda share: np.minimum(limits, share).sum() - 1, 0, 1)
    return normalised_entropy(np.rint(np.minimum(limits, level) * 1e9).astype(np.int64))


def pure_queries(folder: Path) -> pd.DataFrame:
    """Share of the queries on windows of one predicted class, round after round, in percent."""
    return _by_round(_read(folder, "diagnosis"), "budget", "pure_queries", "queries")


def spent_queries(folder: Path) -> pd.DataFrame:
    """Share of the queries on classes whose weight is 0, round after round, in percent."""
    return _by_round(_with_spent(folder), "budget", "spent", "queries")


def pure_share(folder: Path, other: str) -> pd.DataFrame:
    """Share of a run's queries on windows of one predicted class, and p against another method."""
    return _run_shares(_read(folder, "diagnosis"), "pure_queries", "queries", other)


def spent_share(folder: Path, other: str) -> pd.DataFrame:
    """Share of a run's queries on classes whose weight is 0, and p against another method."""
    return _run_shares(_with_spent(folder), "spent", "queries", other)


def concentration(folder: Path, other: str) -> pd.DataFrame:
    """Share of a round's queries on the class most asked for, mean over rounds, and p."""
    table = _read(folder, "diagnosis")
    rounds = table.groupby([*KEYS, "seed", "round"], sort=False)["queries"]
    shares = 100 * rounds.max() / rounds.sum()
    means = shares.groupby(level=[*KEYS, "seed"], sort=False).mean().unstack("seed")
    return _in_order(table, _compared(means, other))


def pure_uncertainty(folder: Path) -> pd.DataFrame:
    """Mean uncertainty of queries, and p against the pool's; last round of the largest budget."""
    table = _last_round(_read(folder, "diagnosis"))
    table = table[table["uncertainty"].notna()]
    columns = {
        "pure queries": ("pure_uncertainty", "pure_queries"),
        "all queries": ("query_uncertainty", "queries"),
        POOL: ("uncertainty", "predicted_px"),
    }
    means = {name: _weighted_means(table, *names) for name, names in columns.items()}
    cells = _compared(pd.concat(means, names=["of"]), POOL, digits=3)
    return _in_order(table, cells.T[list(columns)])


def pure_classes(folder: Path) -> pd.DataFrame:
    """Predicted classes of pure queries, all rounds of the largest budget, in percent."""
    table = _at(_read(folder, "diagnosis"), "")
    counts = _class_sums(table, "pure_queries")
    percent = 100 * counts.div(counts.sum(axis=1), axis=0)
    return _in_order(table, percent.map(lambda value: "" if pd.isna(value) else f"{value:.0f}"))


def acquired(folder: Path, budget: str) -> pd.DataFrame:
    """Classes of all acquired pixels in percent, and those of the pool."""
    table = _at(_read(folder, "diagnosis"), budget)
    counts = _class_sums(table, "acquired_px")
    first = table[table["method"].eq(counts.index[0]) & table["round"].eq(1)]
    counts.loc[POOL] = first.groupby("class", sort=False)["pool_px"].sum()
    return (100 * counts.div(counts.sum(axis=1), axis=0)).map("{:.1f}".format)


def found(folder: Path, budget: str, *classes: str) -> pd.DataFrame:
    """Pixels of a class that the model of each round finds, in percent of the pool's."""
    return _by_round(_of(folder, budget, classes), "class", "hit_px", "pool_px")[list(classes)]


def recall(folder: Path, budget: str, *classes: str) -> pd.DataFrame:
    """Pixels of a class that are acquired in each round, in percent of the pool's."""
    table = _of(folder, budget, classes)
    return _by_round(table, "class", "acquired_px", "pool_px", digits=1)[list(classes)]


def recall_against(folder: Path, budget: str, other: str, *classes: str) -> pd.DataFrame:
    """Paired differences to another method of what is acquired of a class, in percent of it."""
    table = _of(folder, budget, classes)
    return _class_shares_against(table, "acquired_px", other, classes)


def found_against(folder: Path, budget: str, other: str, *classes: str) -> pd.DataFrame:
    """Paired differences to another method of what the last round's model finds of a class."""
    table = _last_round(_of(folder, budget, classes))
    return _class_shares_against(table, "hit_px", other, classes)


def first_round(folder: Path, other: str, *classes: str) -> pd.DataFrame:
    """Share of some classes in what a first round acquires, and p against another method."""
    table = pd.read_csv(folder / "first_round.csv", dtype={"budget": str})
    table["wanted_px"] = table["num_px"].where(table["class"].isin(classes), 0)
    return _run_shares(table.rename(columns={"choice": "method"}), "wanted_px", "num_px", other)


def _compared(values: pd.DataFrame, other: str, digits: int = 1) -> pd.DataFrame:
    """Cells of a frame of seeds with two levels of rows, of which the second becomes columns.

    Without another method, one of the first level, there is no test.
    """
    apart = differences_to(values, other) if other else values - values
    pairs = zip(values.to_numpy(), apart.to_numpy(), strict=True)
    texts = [_against(found, differences, digits) for found, differences in pairs]
    return pd.Series(texts, index=values.index).unstack()


def _against(values: NDArray[np.float64], differences: NDArray[np.float64], digits: int) -> str:
    values, differences = (array[~np.isnan(array)] for array in (values, differences))
    if len(values) == 0:
        return ""
    std = float(values.std(ddof=1)) if len(values) > 1 else np.nan
    return _with_p(_spread(values.mean(), std, digits), paired_test(differences).p_t)


def _with_spent(folder: Path) -> pd.DataFrame:
    """The diagnosis, and in a column of their own the queries on classes whose weight is 0."""
    table = _read(folder, "diagnosis")
    return table.assign(spent=table["queries"].where(table["class_weight"] == 0, 0))


def _run_shares(table: pd.DataFrame, part: str, whole: str, other: str) -> pd.DataFrame:
    """Percentages of a run, and p against another method."""
    sums = table.groupby([*KEYS, "seed"], sort=False)[[part, whole]].sum()
    percent = (100 * sums[part] / sums[whole]).unstack("seed")
    return _in_order(table, _compared(percent, other))


def _by_round(
    table: pd.DataFrame, columns: str, part: str, whole: str, digits: int = 0
) -> pd.DataFrame:
    """Percentages over all seeds, round after round, by method and what becomes columns."""
    keys = ["method", columns]
    sums = table.groupby([*keys, "round"], sort=False)[[part, whole]].sum()
    percent = (100 * sums[part] / sums[whole]).map(f"{{:.{digits}f}}".format)
    joined = percent.groupby(level=keys, sort=False).agg(" / ".join)
    return _in_order(table, joined.unstack())


def _class_shares_against(
    table: pd.DataFrame, part: str, other: str, classes: tuple[str, ...]
) -> pd.DataFrame:
    """Paired differences of percentages of a class's pixels in the pool."""
    by_seed = table.groupby(["method", "class", "seed"], sort=False)
    percent = 100 * by_seed[part].sum() / by_seed["pool_px"].first()
    differences = _differences(percent.unstack("seed"), other, digits=2)
    return _in_order(table, differences[list(classes)])


def _class_sums(table: pd.DataFrame, name: str) -> pd.DataFrame:
    """Sums over seeds and rounds, of methods (rows) and classes (columns)."""
    return table.pivot_table(
        index="method", columns="class", values=name, aggfunc="sum", sort=False
    )


def _of(folder: Path, budget: str, classes: tuple[str, ...]) -> pd.DataFrame:
    """The diagnosis of some classes at a budget."""
    table = _at(_read(folder, "diagnosis"), budget)
    return table[table["class"].isin(classes)]


def _at(table: pd.DataFrame, budget: str) -> pd.DataFrame:
    """Rows of a budget; of the largest if it is not given."""
    wanted = budget or max(table["budget"], key=float)
    return table[table["budget"] == wanted]


def _last_round(table: pd.DataFrame) -> pd.DataFrame:
    largest = _at(table, "")
    return largest[largest["round"].eq(largest["round"].max())]


def _tested(test: PairedTest, digits: int = 1) -> str:
    text = _with_p(_spread(test.diff_mean, test.diff_std, digits, "+"), test.p_t)
    return f"**{text}**" if test.p_t < SIGNIFICANT else text


def _with_p(text: str, p: float) -> str:
    return text if np.isnan(p) else f"{text}, {p:.2g}"


def _spread(mean: float, std: float, digits: int, sign: str = "") -> str:
    if np.isnan(mean):
        return ""
    text = f"{mean:{sign}.{digits}f}"
    return text if np.isnan(std) else f"{text} ± {std:.{digits}f}"


def _weighted_means(table: pd.DataFrame, name: str, weight: str) -> pd.DataFrame:
    """Means over classes, of methods (rows) and seeds (columns)."""
    keys = [table["method"], table["seed"]]
    products = (table[name].fillna(0) * table[weight]).groupby(keys).sum()
    totals = table[weight].groupby(keys).sum()
    return (products / totals.where(totals > 0)).unstack("seed")


def _in_order(table: pd.DataFrame, frame: pd.DataFrame) -> pd.DataFrame:
    """Rows and budgets in the order of a table; budgets in percent, gaps empty."""
    frame = frame.loc[[name for name in table["method"].unique() if name in frame.index]]
    budgets = [name for name in _budgets(table) if name in frame.columns]
    ordered: pd.DataFrame = frame[budgets or list(frame.columns)].fillna("")
    return ordered.rename(columns=_percent)


def _budgets(table: pd.DataFrame) -> list[str]:
    """From small to large; those that are no numbers last."""
    names = table["budget"].unique()
    return sorted(names, key=lambda name: float(name) if NUMBER.fullmatch(name) else np.inf)


def _percent(name: str) -> str:
    return f"{100 * float(name):g} %" if NUMBER.fullmatch(name) else name


def _read(folder: Path, name: str) -> pd.DataFrame:
    """A table of an experiment; `a+b` has the rows of both."""
    paths = [folder.with_name(part) / f"{name}.csv" for part in folder.name.split("+")]
    tables = [pd.read_csv(path, dtype={"budget": str}) for path in paths]
    return pd.concat(tables, ignore_index=True).drop_duplicates()


def _markdown(frame: pd.DataFrame) -> str:
    """A table; its index is the first column, in code font."""
    head = ["", *map(str, frame.columns)]
    rows = [[f"`{name}`", *map(str, cells)] for name, *cells in frame.itertuples()]
    lines = [head, ["---"] * len(head), *rows]
    return "".join(f"| {' | '.join(cells)} |\n" for cells in lines)


KINDS: dict[str, Callable[..., pd.DataFrame]] = {
    function.__name__: function
    for function in (
        results,
        differences,
        detectable,
        against,
        one_class,
        class_differences,
        other_classes,
        entropy,
        entropy_against,
        entropy_steps,
        pure_queries,
        spent_queries,
        pure_share,
        spent_share,
        concentration,
        pure_uncertainty,
        pure_classes,
        acquired,
        found,
        recall,
        recall_against,
        found_against,
        first_round,
    )
}


if __name__ == "__main__":
    for argument in sys.argv[1:]:
        copy_tables(Path(argument))
    with drawing():
        for name in RESULTS_DRAWN:
            draw_results(DATA / name)
        for name in ENTROPY_DRAWN:
            draw_entropy(DATA / name)
    PAGE_PATH.write_text(page(PAGE_PATH.read_text(encoding="utf-8")), encoding="utf-8")
