"""Tables of the runs that are there, which a failed run leaves and the next success removes."""

import os
import subprocess
from pathlib import Path

from cbda.results.sheet import MISSING, evaluated, format_rows, list_rows
from cbda.settings.options import to_options
from cbda.workflow.jobs import Jobs
from cbda.workflow.layout import replay_from_tables, results_from_tables

TABLES = {  # of `cbda tabulate`, by option
    "out": "table_mIoU",
    "out-classes": "class_iou",
    "out-acquisition": "acquisition",
    "out-comparisons": "comparisons",
}


def partial_file(jobs: Jobs, name: str) -> Path:
    """A table that a failed run leaves."""
    return Path(jobs.folders["tables"], f"{name}.partial.csv")


def tabulate_finished(jobs: Jobs, due: set[str], program: list[str]) -> str:
    """After a failure, leave tables of the runs that are there, which name those that are not.

    A result that was due counts as missing, though a file of an earlier run may be there. What is
    returned says where the tables are, if there are any.
    """
    from cbda.files.json_files import write_text

    found = [row.evaluation not in due for row in jobs.rows]
    current = [row.evaluation for row in evaluated(jobs.rows) if row.evaluation not in due]
    number = sum(map(os.path.isfile, current))
    if number == 0:
        return ""
    results, replay = results_from_tables(jobs), replay_from_tables(jobs)
    listed = list_rows(**jobs.experiment(), results=results, replay=replay)
    pairs = zip(listed, found, strict=True)
    rows = [row if is_found else row._replace(evaluation=MISSING) for row, is_found in pairs]
    sheet = partial_file(jobs, "runs")
    write_text(sheet, format_rows(rows))
    files = {option: str(partial_file(jobs, name)) for option, name in TABLES.items()}
    words = to_options("", jobs.config.tabulate) + to_options("", {"runs": str(sheet), **files})
    done = subprocess.run([*program, "tabulate", *words], stdout=subprocess.DEVNULL, check=False)
    if done.returncode != 0:
        return ""
    num_runs = len(evaluated(jobs.rows))
    return f"a table of those runs that are done, {number} of {num_runs}: {files['out']}"


def remove_partial_tables(jobs: Jobs) -> None:
    """Remove what a failed run has left."""
    for name in ("runs", *TABLES.values()):
        partial_file(jobs, name).unlink(missing_ok=True)
