"""Reports of data checks outlive a run that fails: Snakemake deletes what its jobs are to make.

To it, a data set whose report is gone has changed, and so has all that was made from it: a mistyped
folder would cost every training. So a run keeps the reports that it makes again, and at its end,
or at the start of the next one if it was killed, those that are gone come back as they were.
"""

import hashlib
import os
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple

from cbda.errors import UserError
from cbda.files.json_files import read_json, write_json
from cbda.files.records import read_record
from cbda.workflow.start import Notes

NAME = "cbda.reports.{}.json"


class Report(NamedTuple):
    """What a check of a data set found, and Snakemake's note of how that was made."""

    path: str
    text: str
    modified_ns: int
    note: str

    @property
    def is_lost(self) -> bool:
        """Whether it is gone, and its record is still that of the same bytes."""
        with suppress(UserError):
            record = None if os.path.lexists(self.path) else read_record(Path(self.path))
            return record is not None and record.sha256 == _sha256(self.text)
        return False


def _sha256(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


def keep_reports(folder: Path, paths: Iterable[str]) -> None:
    """Keep those of some reports that are there, in Snakemake's folder `.snakemake`."""
    notes = Notes(folder)
    reports = [_read(path, notes.read(path)) for path in paths if os.path.isfile(path)]
    if reports:
        write_json(folder / NAME.format(os.getpid()), reports)


def _read(path: str, note: str) -> Report:
    return Report(path, Path(path).read_text("utf-8"), os.stat(path).st_mtime_ns, note)


def put_back_reports(folder: Path, run: object = "") -> list[str]:
    """Put back what a run kept and has lost, and keep it no longer; the paths of that.

    A run is a process id, the own one if it is left out, or * for all that are dead.
    """
    lost: list[Report] = []
    for place in folder.glob(NAME.format(run or os.getpid())):
        with suppress(UserError, TypeError):  # of another version
            lost += [report for item in read_json(place) if (report := Report(*item)).is_lost]
        place.unlink()
    for report in lost:
        _put_back(report, Notes(folder))
    return [report.path for report in lost]


def _put_back(report: Report, notes: Notes) -> None:
    path = Path(report.path)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(report.text, "utf-8")
    os.utime(path, ns=(report.modified_ns, report.modified_ns))
    notes.replace(report.path, report.note)


def describe_kept(paths: list[str]) -> str:
    """What to know of reports that were put back; empty if there are none."""
    what = "as before this run, whose check failed: what was made from the data is kept"
    return f"put back, {what}: {', '.join(paths)}" if paths else ""
