"""What figures show, in words and numbers, for those who can't see them."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd

from cbda.report.budgets import FRACTION, BudgetUnit
from cbda.report.classes import shares_by_round
from cbda.report.courses import Course
from cbda.report.style import Names
from cbda.results.curves import Curve
from cbda.results.runs import NO_BUDGET


def ranking(values: Mapping[Any, float], names: Names, form: str = "{:.1f}") -> str:
    """Names with their numbers, the highest first."""
    known = sorted(((v, name) for name, v in values.items() if not np.isnan(v)), reverse=True)
    return ", ".join(f"{names[str(name)]} {form.format(value)}" for value, name in known)


def at_budgets(
    table: pd.DataFrame,
    name: str,
    names: Names,
    form: str = "{:.1f}",
    unit: BudgetUnit = FRACTION,
) -> str:
    """A column of a table at the smallest and the largest budget, and that of references."""
    budgets = sorted(set(table["budget"]) - {NO_BUDGET}, key=float)
    parts = []
    for budget in dict.fromkeys([*budgets[:1], *budgets[-1:]]):
        values = table[table["budget"] == budget].groupby("method", sort=False)[name].mean()
        parts.append(
            f"at a budget of {unit.phrase(budget)}: {ranking(values.to_dict(), names, form)}"
        )
    references = table[table["budget"] == NO_BUDGET].set_index("method")[name].dropna()
    if len(references):
        parts.append(f"references: {ranking(references.to_dict(), names, form)}")
    return "; ".join(parts)


def from_to(
    curves: Mapping[tuple[str, str, int], Curve], names: Names, unit: BudgetUnit = FRACTION
) -> str:
    """The first and the last mean of the learning curves of every method, by budget."""
    ends: dict[str, dict[str, list[tuple[float, float]]]] = {}
    for (method, budget, _), curve in curves.items():
        both = float(curve.miou[0]), float(curve.miou[-1])
        ends.setdefault(budget, {}).setdefault(method, []).append(both)
    texts = []
    for budget, methods in ends.items():
        means = {names[method]: np.mean(pairs, axis=0) for method, pairs in methods.items()}
        shown = (f"{name} from {first:.1f} to {last:.1f}" for name, (first, last) in means.items())
        where = f"budget {unit.phrase(budget)}" if budget[0].isdigit() else "from budget to budget"
        texts.append(f"{where}: {', '.join(shown)}")
    return "; ".join(texts)


def extremes(differences: pd.DataFrame, names: Names, unit: BudgetUnit = FRACTION) -> str:
    """The largest gain and loss of a heat map of differences, and how many cells are gains."""
    cells: dict[Any, float] = differences.stack().dropna().to_dict()
    if not cells:
        return "no cell has a number"
    ends = []
    for word, find in (("highest", max), ("lowest", min)):
        budget, method, name = place = find(cells, key=cells.__getitem__)
        where = f"{name} with {names[method]} at {unit.phrase(budget)}"
        ends.append(f"{word}: {cells[place]:+.1f} points, {where}")
    num_above = sum(value > 0 for value in cells.values())
    return f"{'; '.join(ends)}; {num_above} of {len(cells)} cells are above 0"


def most_and_least(acquisition: pd.DataFrame, budget: str, names: Names) -> str:
    """The classes of the largest and smallest share of every method's last round."""
    texts = []
    for method in dict.fromkeys(acquisition[acquisition["budget"] == budget]["method"]):
        last = shares_by_round(acquisition, method, budget).iloc[-1]
        ends = (f"{last.idxmax()} {last.max():.1f} %", f"{last.idxmin()} {last.min():.1f} %")
        texts.append(f"{names[method]}: most {ends[0]}, least {ends[1]}")
    return "; ".join(texts)


def last_losses(courses: list[Course], names: Names) -> str:
    """The mean loss over the last tenth of the iterations of every method."""
    losses: dict[str, list[float]] = {}
    for course in courses:
        known = course.table["loss"].dropna()
        losses.setdefault(course.method, []).append(float(known.tail(len(known) // 10 + 1).mean()))
    return ranking({name: float(np.mean(of)) for name, of in losses.items()}, names, "{:.3f}")
