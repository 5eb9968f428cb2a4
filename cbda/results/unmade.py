"""Files that a sample sheet lists and of which nothing tells that they were ever made."""

import csv
from collections.abc import Iterator, Sequence
from pathlib import Path

from cbda.files.records import GONE, Record
from cbda.results.agreement import ACQUIRING, READ
from cbda.results.lineage import TEMPORARY, Ledger, results_digest
from cbda.results.sheet import NONE, Row

Run = tuple[str, ...]
COLUMNS = ("evaluation", "labels")  # of files that are missed; diagnoses are made on demand
TELLING = {"class_iou.csv": "evaluation", "acquisition.csv": "labels", "answers.csv": "labels"}
KEYS = ("method", "budget", "seed", "round")


def listed_files(rows: Sequence[Row], columns: Sequence[str] = COLUMNS) -> set[Path]:
    """Files that a sheet names in some columns."""
    names = {getattr(row, column) for row in rows for column in columns}
    return {Path(name) for name in names if name != NONE}


def find_unmade(sheet: Path, rows: Sequence[Row], ledger: Ledger) -> set[Path]:
    """Listed files that were not made yet.

    Neither they nor records of them are there, and no result was made from them: no table beside
    this sheet, and nothing of their run.
    """
    unknown = listed_files(rows) - ledger.records.keys()
    absent = {path for path in unknown if ledger.problem(path) == GONE}
    if not absent:
        return absent
    by_tables = {*_used_by_tables(sheet, rows, ledger), *_told_by_tables(sheet, rows, ledger)}
    return absent - by_tables - {*_used_by_runs(rows, ledger)}


def _used_by_tables(sheet: Path, rows: Sequence[Row], ledger: Ledger) -> Iterator[Path]:
    """What tables of a sheet were made from that is more than what has records now."""
    made_from = ledger.records[sheet].sha256
    beside = [r for path, r in ledger.records.items() if sheet.parent in path.parents]
    tables = [record for record in beside if record.inputs.get("runs") == made_from]
    for read, columns in READ.items():
        now = results_digest(rows, ledger, columns)
        if any(table.inputs.get(read, now) != now for table in tables):
            yield from listed_files(rows, columns)


def _told_by_tables(sheet: Path, rows: Sequence[Row], ledger: Ledger) -> Iterator[Path]:
    """What tables beside a sheet tell of by name, though it may have had other rows then.

    That of answers knows rounds alone, of the one run that it is of.
    """
    for name, column in TELLING.items():
        table = sheet.with_name(name)
        if table not in ledger.records or ledger.problem(table):
            continue
        with table.open(newline="", encoding="utf-8") as file:
            told = {tuple(map(row.get, KEYS)) for row in csv.DictReader(file)}
        for row in rows:
            if told & {(*row[:3], None), row[:4], (None, None, None, row.round)}:
                yield from listed_files([row], (column,))


def _used_by_runs(rows: Sequence[Row], ledger: Ledger) -> Iterator[Path]:
    """Labels of runs up to the last round that anything was made from."""
    runs: dict[Run, list[Path]] = {}
    places: dict[Path, tuple[Run, int]] = {}  # 0 in place of a round: of the run
    for row in (row for row in rows if row.labels != NONE):
        labels = runs.setdefault(row[:3], [])
        labels.append(Path(row.labels))
        evaluations = listed_files([row], ("evaluation",))
        for folder in (labels[-1].parents[1], *(path.parent for path in evaluations)):
            places.setdefault(folder, (row[:3], 0))
        places[labels[-1].parent] = row[:3], len(labels)
    for path, record in ledger.records.items():
        run, number = next((places[p] for p in path.parents if p in places), ((), 0))
        labels = runs.get(run, [])
        yield from labels[: _num_used(record, number, labels, ledger)]


def _num_used(record: Record, number: int, labels: list[Path], ledger: Ledger) -> int:
    """Rounds whose labels a result of a round was made from, or one of the run if it is 0."""
    if number:
        return number - (record.command in (TEMPORARY, *ACQUIRING))
    digest = record.inputs.get("labels", record.inputs.get("checkpoint.labels"))
    if digest is None:
        return 0
    known = [labels.index(p) + 1 for p in ledger.by_digest.get(digest, []) if p in labels]
    return max(known, default=len(labels))
