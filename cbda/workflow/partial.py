"""Tables of the runs that are there, which a failed run leaves and the next success removes."""

import os
import subprocess
from pathlib import Path

from cbda.results.sheet import MISSING, format_rows, list_rows
from cbda.settings.options import to_options
from cbda.workflow.jobs import Jobs

TABLES = {  # of `cbda tabulate`, by option
    "out": "table_mIoU",
    "out-classes": "class_iou",
    "out-acquisition": "acquisition",
    "out-comparisons": "comparisons",
}


def partial_file(jobs: Jobs, name: str) -> Path:
    """A table that a failed run leaves."""
    return Path(jobs.folders["tables"], f"{name}.partial.csv")


def tabulate_finished(jobs: Jobs, due: set[str], program: list[str]) -> None:
    """After a failure, leave tables of the runs that are there, which name those that are not.

    A result that was due counts as missing, though a file of an earlier run may be there.
    """
    from cbda.files.json_files import write_text

    found = [row.evaluation not in due for row in jobs.rows]
    if not any(map(os.path.isfile, (r.evaluation for r in jobs.rows if r.evaluation not in due))):
        return
    results, replay = jobs.results_from_tables, jobs.replay_from_tables
    listed = list_rows(**jobs.experiment(), results=results, replay=replay)
    pairs = zip(listed, found, strict=True)
    rows = [row if is_found else row._replace(evaluation=MISSING) for row, is_found in pairs]
    sheet = partial_file(jobs, "runs")
    write_text(sheet, format_rows(rows))
    files = {option: str(partial_file(jobs, name)) for option, name in TABLES.items()}
    words = to_options("", jobs.config.tabulate) + to_options("", {"runs": str(sheet), **files})
    subprocess.run([*program, "tabulate", *words], stdout=subprocess.DEVNULL, check=False)


def remove_partial_tables(jobs: Jobs) -> None:
    """Remove what a failed run has left."""
    for name in ("runs", *TABLES.values()):
        partial_file(jobs, name).unlink(missing_ok=True)
