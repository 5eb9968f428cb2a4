"""The course of the trainings: losses and learning rate over the whole run, rounds marked."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from cbda.report.style import (
    GREY,
    PLAIN,
    REFERENCE_COLOURS,
    TWO_COLUMNS,
    LineStyles,
    Names,
    add_legend,
)
from cbda.results.sheet import NONE, Row

FILE = "history.csv"
PANELS = {
    "loss": "loss",
    "source": "cross entropy of the source",
    "target": "cross entropy of the target",
    "lr": "learning rate of the encoder",
}
NUM_POINTS = 150  # of a line, each the mean over as many iterations


@dataclass(frozen=True)
class Course:
    """All iterations of a run that are known, and the first one of each of its jobs."""

    method: str
    table: pd.DataFrame
    starts: list[int]


def read_courses(rows: list[Row], budget: str) -> list[Course]:
    """Those of the references and of the methods at a budget, where trainings left any.

    The rows of the sample sheet are one of each run.
    """
    courses = []
    for row in rows:
        if row.budget in (NONE, budget):
            files = [path for path in _files(row) if path.is_file()]
            tables = [table for table in map(pd.read_csv, files) if len(table)]
            if tables:
                starts = [int(table["iteration"].iloc[0]) for table in tables]
                courses.append(Course(row.method, pd.concat(tables), starts))
    return courses


def _files(row: Row) -> list[Path]:
    """Histories of the jobs of a run, which lie beside its checkpoints."""
    folder = Path(row.evaluation).parent
    if row.labels == NONE:
        return [folder / FILE]
    rounds = sorted(folder.glob(f"round*/{FILE}"), key=lambda path: int(path.parent.name[5:]))
    replayed = folder / "retrained" / FILE  # beside rounds it is a training of its own
    return [folder.parent.parent / "pretrain" / FILE, *(rounds or [replayed])]


def course_figure(courses: list[Course], line_styles: LineStyles, names: Names = PLAIN) -> Figure:
    """A panel for each loss and one for the rate; a line a run, all of a method alike."""
    figure = Figure(figsize=(TWO_COLUMNS, 5.2))
    panels = figure.subplots(2, 2, sharex=True).flat
    for axes, (name, title) in zip(panels, PANELS.items(), strict=True):
        for start in sorted({start for course in courses for start in course.starts[1:]}):
            axes.axvline(start, color=GREY, linestyle=":", linewidth=0.8)
        for course in courses:
            style = line_styles.get(course.method)
            color = style.color if style else REFERENCE_COLOURS.get(course.method, GREY)
            line = course.table if name == "lr" else thin_out(course.table, name)
            axes.plot(
                line["iteration"], line[name], color=color, label=names[course.method],
                linestyle=style.linestyle if style else "-", linewidth=0.8, alpha=0.8,
            )  # fmt: skip
        axes.set_ylabel(title)
    for axes in figure.axes[2:]:
        axes.set_xlabel("iteration")
    handles, labels = figure.axes[0].get_legend_handles_labels()
    by_name = dict(zip(labels, handles, strict=True))
    add_legend(figure, by_name.values(), by_name)
    return figure


def thin_out(table: pd.DataFrame, name: str) -> pd.DataFrame:
    """Iteration and a column, as means over stretches of equal length."""
    known = table[["iteration", name]].dropna()
    length = max(int(np.ceil(len(known) / NUM_POINTS)), 1)
    return known.groupby(np.arange(len(known)) // length).mean()
