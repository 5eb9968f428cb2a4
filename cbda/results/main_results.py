"""The main results as a paper prints them: methods by budget, and what their labels cost."""

from collections.abc import Mapping
from typing import NamedTuple

import pandas as pd

from cbda.results.correction import SIGNIFICANT
from cbda.results.curves import WHOLE
from cbda.results.pairs import ALL_BUDGETS, comparison_table
from cbda.results.runs import NO_BUDGET, PERCENT, Run
from cbda.results.tabulate import summary_table

LATEX = {"_": r"\_", "%": r"\%", "&": r"\&", "#": r"\#", "$": r"\$"}
LATEX |= {"{": r"\{", "}": r"\}", "~": r"\textasciitilde{}", "^": r"\textasciicircum{}"}
COSTS = ("queries", "mixed_queries", "clicks")


class Cell(NamedTuple):
    """A mean and its spread in points; both may be empty."""

    mean: str = ""
    spread: str = ""
    is_better: bool = False  # than the baseline, by the corrected test


class MainResults(NamedTuple):
    """A row of cells by method, a column by budget, and notes below."""

    columns: list[str]
    rows: dict[str, list[Cell]]
    notes: list[str]


def main_results(
    runs: list[Run], curve: pd.DataFrame, baseline: str, saturated: Mapping[str, float]
) -> MainResults:
    """The mIoU of every method at every budget, and the costs of the labels at the largest.

    A result is marked if it is above the baseline with a p of the paired t-test below 0.05 after
    Holm's correction over all methods and budgets.
    """
    table, better = summary_table(runs, baseline), _better(runs, baseline)
    budgets = sorted({run.budget for run in runs} - {NO_BUDGET}, key=float)
    cells: dict[str, dict[str, Cell]] = {}
    for row in table.to_dict("records"):
        method, budget = str(row["method"]), str(row["budget"])
        mean, spread = (_text(row[f"mIoU_{name}"]) for name in ("mean", "std"))
        cell = Cell(mean, spread, (method, budget) in better)
        cells.setdefault(method, {}).update(
            dict.fromkeys(budgets, cell) if budget == NO_BUDGET else {budget: cell}
        )
    costs = _costs(curve, budgets[-1]) if budgets else {}
    rows = {
        method: [by_budget.get(budget, Cell()) for budget in budgets]
        + [Cell(text) for text in costs.get(method, [""] * len(COSTS))]
        for method, by_budget in cells.items()
    }
    return MainResults(_headings(budgets, saturated), rows, _notes(baseline, budgets, saturated))


def _better(runs: list[Run], baseline: str) -> set[tuple[str, str]]:
    """Methods and budgets that beat the baseline."""
    table = comparison_table(runs, baseline, ())
    found = table[
        (table["metric"] == "mIoU")
        & (table["compared_with"] == baseline)
        & (table["budget"] != ALL_BUDGETS)
        & (table["diff_mean"] > 0)
        & (table["p_t_holm"] < SIGNIFICANT)
    ]
    return {(str(m), str(b)) for m, b in zip(found["method"], found["budget"], strict=True)}


def _costs(curve: pd.DataFrame, budget: str) -> dict[str, list[str]]:
    """What the labels of every method cost at a budget, means over seeds."""
    rows = curve[(curve["class"] == WHOLE) & (curve["budget"] == budget)]
    last = rows[rows["round"] == rows.groupby(["method", "seed"])["round"].transform("max")]
    means = last.groupby("method", sort=False)[list(COSTS)].mean()
    return {str(method): [f"{v:.0f}" for v in values] for method, *values in means.itertuples()}


def _headings(budgets: list[str], saturated: Mapping[str, float]) -> list[str]:
    names = [f"{PERCENT * float(b):g} %{' *' if b in saturated else ''}" for b in budgets]
    return ["method", *names, *(name.replace("_", " ") for name in COSTS)]


def _notes(baseline: str, budgets: list[str], saturated: Mapping[str, float]) -> list[str]:
    notes = [
        "mIoU in percent, mean ± standard deviation over seeds, by budget in percent of the pool's"
        f" pixels. Bold: above {baseline} with p < 0.05 in the paired t-test, corrected by Holm's"
        " method for all methods and budgets."
    ]
    if budgets:
        largest = f"{PERCENT * float(budgets[-1]):g} %"
        notes.append(f"Queries, those of several classes, and clicks: at {largest}.")
    if saturated:
        words = ", ".join(f"{v:.3f} at {PERCENT * float(b):g} %" for b, v in saturated.items())
        notes.append(f"* Saturated: random reaches {words} of full supervision.")
    return notes


def _text(value: float) -> str:
    return "" if pd.isna(value) else f"{value:.1f}"


def as_markdown(results: MainResults) -> str:
    """The table in Markdown."""
    lines = [results.columns, ["---", *["---:"] * (len(results.columns) - 1)]]
    for method, cells in results.rows.items():
        lines.append([method, *(_join(cell, "**{}**", " ± ") for cell in cells)])
    table = "\n".join(f"| {' | '.join(line)} |" for line in lines)
    return "\n\n".join([table, *results.notes]) + "\n"


def as_latex(results: MainResults) -> str:
    """The table in LaTeX, for the package booktabs."""
    lines = [rf"\begin{{tabular}}{{l{'r' * (len(results.columns) - 1)}}}", r"\toprule"]
    lines += [" & ".join(map(_escape, results.columns)) + r" \\", r"\midrule"]
    for method, cells in results.rows.items():
        texts = (_join(cell, r"\textbf{{{}}}", r" $\pm$ ") for cell in cells)
        lines.append(" & ".join([_escape(method), *texts]) + r" \\")
    notes = [f"% {_escape(note)}" for note in results.notes]
    return "\n".join([*notes, *lines, r"\bottomrule", r"\end{tabular}"]) + "\n"


def _join(cell: Cell, bold: str, between: str) -> str:
    mean = bold.format(cell.mean) if cell.is_better else cell.mean
    return f"{mean}{between}{cell.spread}" if cell.spread else mean


def _escape(text: str) -> str:
    return "".join(LATEX.get(sign, sign) for sign in text.replace("\\", "/"))
