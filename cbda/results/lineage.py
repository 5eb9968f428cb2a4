"""The records of an experiment: what lies below some folders, and what was made from what."""

import hashlib
import os
from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

from cbda.errors import UserError
from cbda.files.records import FOLDER, GONE, Record, file_sha256, find_problem, load_record
from cbda.results.sheet import Row, result_paths

ORIGINS = ("checkpoint", "labels", "scores")  # inputs that are results of the same run
TEMPORARY = "score"  # the command whose results are deleted once used
NO_RECORD = "unrecorded: made by hand, or by cbda 0.1.0"


@dataclass
class Ledger:
    """The records below some folders.

    Attributes:
        records: path of a result to its record.
        unreadable: path of a result to what is wrong with its record.
        trust_times: whether files that were not written since they were compared count as sound.
    """

    records: dict[Path, Record] = field(default_factory=dict)
    unreadable: dict[Path, str] = field(default_factory=dict)
    trust_times: bool = False
    _problems: dict[Path, str] = field(default_factory=dict)

    @classmethod
    def read(cls, folders: Iterable[Path], trust_times: bool = False) -> "Ledger":
        """All records below folders; a folder that can't be read is among the unreadable."""
        ledger = cls(trust_times=trust_times)
        for place in _find(folders, ledger.unreadable):
            path = place.parent.parent / place.stem
            try:
                record = load_record(place)
                if record is not None:
                    ledger.records[path] = record
            except UserError as error:
                ledger.unreadable[path] = f"unrecorded: {error}"
        return ledger

    @cached_property
    def by_digest(self) -> dict[str, list[Path]]:
        """SHA-256 to the results that were made with this content."""
        found: dict[str, list[Path]] = {}
        for path, record in self.records.items():
            found.setdefault(record.sha256, []).append(path)
        return found

    def problem(self, path: Path) -> str:
        """What is wrong with a result: nothing, or a word for its state and a reason."""
        if path not in self._problems:
            self._problems[path] = self._look(path)
        return self._problems[path]

    def _look(self, path: Path) -> str:
        if path not in self.records:
            there = NO_RECORD if os.path.lexists(path) else GONE
            return self.unreadable.get(path, there)
        record = self.records[path]
        if record.name != path.name:
            return f"foreign: is the {record.name} of another place"
        problem = find_problem(path, record, self.trust_times)
        others = []
        if problem.startswith("damaged") and path.is_file():
            others = self.by_digest.get(file_sha256(path), [])
        return f"foreign: is {others[0]}" if others else problem

    def is_used_up(self, path: Path) -> bool:
        """Whether a result that is not there was deleted because nothing needs it any more."""
        return path in self.records and self.records[path].command == TEMPORARY

    def origin(self, path: Path, name: str) -> Path | None:
        """Where an input of a result is recorded, nearest to it; None if it is nowhere."""
        paths = self.by_digest.get(self.records[path].inputs[name], [])
        return max(paths, key=lambda other: _num_shared(other, path), default=None)

    def trace(self, path: Path) -> Iterator[Path]:
        """A recorded result, and all recorded results of its run that it was made from."""
        seen, waiting = {path}, [path]
        while waiting:
            current = waiting.pop()
            yield current
            found = (self.origin(current, name) for name in self.origins(current))
            new = [origin for origin in found if origin is not None and origin not in seen]
            seen.update(new)
            waiting += new

    def origins(self, path: Path) -> list[str]:
        """Names of the inputs of a result that are results of its run."""
        return [name for name in ORIGINS if name in self.records[path].inputs]


def _num_shared(one: Path, other: Path) -> int:
    """Folders that two paths have in common."""
    return len(os.path.commonpath([one.absolute(), other.absolute()]))


def _find(folders: Iterable[Path], unreadable: dict[Path, str]) -> Iterator[Path]:
    def complain(error: OSError) -> None:
        unreadable[Path(error.filename)] = f"unreadable: {error.strerror}"

    for folder in folders:
        for place, names, files in os.walk(folder, onerror=complain):
            names[:] = sorted(name for name in names if name == FOLDER or name[0] != ".")
            if Path(place).name == FOLDER:
                files = sorted(name for name in files if name[0] != "." and name.endswith(".json"))
                yield from (Path(place, name) for name in files)


def results_digest(rows: Iterable[Row], ledger: Ledger, columns: Iterable[str]) -> str:
    """What tells the results of a sheet from others, by row and by the columns that name files."""
    digest = hashlib.sha256()
    for row in rows:
        paths = [Path(getattr(row, column)) for column in columns]
        found = [ledger.records[path].sha256 if path in ledger.records else "" for path in paths]
        digest.update(f"{row[:4]} {found}\n".encode())
    return digest.hexdigest()


def results_folders(rows: Collection[Row]) -> set[Path]:
    """Folders that hold all results of the runs of a sample sheet."""
    folders = set()
    for row in rows:
        for path in result_paths(row):
            run = path.parent
            named = [folder.parent for folder in run.parents if folder.name == f"seed{row.seed}"]
            folders.add(named[0] if named else run)
    return folders
