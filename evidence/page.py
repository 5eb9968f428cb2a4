"""Writes the tables of docs/evidence.md and of tables.md from the CSV files in tables/.

python -m evidence.page
"""

import os
import re
from collections.abc import Callable
from functools import partial
from pathlib import Path

import pandas as pd

from evidence import confirmation, parts, reach, spending
from evidence.cells import markdown
from evidence.figures import FIGURES, FOLDER

PAGES = (Path(__file__).parents[1] / "docs/evidence.md", Path(__file__).with_name("tables.md"))
BLOCK = re.compile(r"(<!-- (table|figure) (.+) -->\n)(?:.*\n)*?(<!-- end -->)")
NOT_YET = "*Planned; no result yet.*\n"
KINDS: dict[str, Callable[..., pd.DataFrame]] = {
    function.__name__: function
    for function in (
        *(parts.effects, parts.by_score, parts.budgets, parts.arms, parts.against, parts.labels),
        parts.at_equal_queries,
        *(confirmation.confirmation, confirmation.verdict, confirmation.means),
        *(reach.by_budget, reach.large, reach.ranking),
        *(spending.state, spending.costs, spending.spent),
    )
}


def page(path: Path) -> str:
    """A page with every table and figure written anew."""
    return BLOCK.sub(partial(_block, path.parent), path.read_text(encoding="utf-8"))


def _block(folder: Path, found: re.Match[str]) -> str:
    """A table, or the place of a figure; of runs that are not done, that they are not."""
    head, kind, words, end = found.groups()
    try:
        return head + (_figure(folder, words) if kind == "figure" else _table(words)) + end
    except FileNotFoundError:
        return head + NOT_YET + end


def _table(words: str) -> str:
    kind, *arguments = words.split()
    return markdown(KINDS[kind](*arguments))


def _figure(folder: Path, words: str) -> str:
    """A figure whose values are there, drawn or not, with what it shows beside and below it."""
    name, _, caption = words.partition(" ")
    FIGURES[name].read()
    place = os.path.relpath(FOLDER / f"{name}.svg", folder)
    return f"![{caption}]({place})\n\n*{caption}*\n"


if __name__ == "__main__":
    for each in PAGES:
        each.write_text(page(each), encoding="utf-8")
