"""Tables of what there is, and of what it cost."""

import pandas as pd

from evidence.run import TABLES
from evidence.values import kept, table_path

QUESTIONS = {
    "1 the parts": ("parts", "budgets", "arms", "images", "labels", "queries"),
    "2 a method": ("candidates", "confirm"),
    "3 the paper's geometry": ("large",),
    "4 other trainings": ("ranking",),
}
HOUR_S = 3600


def of_questions() -> dict[str, list[str]]:
    """Tables by question."""
    return {
        title: [name for name in TABLES if name.startswith(starts)]
        for title, starts in QUESTIONS.items()
    }


def state() -> pd.DataFrame:
    """How many tables of every question there are."""
    rows = {}
    for title, names in of_questions().items():
        made = sum(table_path(name).exists() for name in names)
        said = {0: "planned; no table yet", len(names): "done"}.get(made, "begun")
        rows[title] = [f"{made} of {len(names)}", said]
    return pd.DataFrame.from_dict(rows, orient="index", columns=["tables", "state"])


def costs(name: str) -> pd.DataFrame:
    """Jobs of a table by rule, what one takes, the memory of the largest."""
    table = pd.read_csv(table_path(name, "costs.csv")).set_index("rule")
    columns = {
        "jobs": table["jobs"].astype(str),
        "seconds, median": table["median_s"].map("{:.1f}".format),
        "longest": table["longest_s"].map("{:.1f}".format),
        "peak memory, MiB": table["peak_mib"].map("{:.0f}".format),
    }
    return pd.DataFrame(columns)


def spent(by: str) -> pd.DataFrame:
    """What the jobs cost, by `question` or `table`, of all tables that are there."""
    files = kept({f"{name}/costs.csv": name for name in TABLES})
    tables = {name: pd.read_csv(table_path(file)) for file, name in files.items()}
    jobs = pd.concat(tables, names=["table"]).reset_index(level="table")
    titles = {name: title for title, names in of_questions().items() for name in names}
    jobs = jobs.assign(question=jobs["table"].map(titles))
    groups = [*jobs.groupby(by, sort=by == "question"), ("all", jobs)]
    return pd.DataFrame.from_dict({str(name): _sums(group) for name, group in groups}, "index")


def _sums(jobs: pd.DataFrame) -> dict[str, str]:
    usual_s = (jobs["jobs"] * jobs["median_s"]).sum()
    return {
        "tables": str(jobs["table"].nunique()),
        "jobs": f"{jobs['jobs'].sum():,}",
        "core-hours": f"{jobs['total_s'].sum() / HOUR_S:.1f}",
        "jobs times median": f"{usual_s / HOUR_S:.1f}",
        "peak memory, MiB": f"{jobs['peak_mib'].max():.0f}",
    }
