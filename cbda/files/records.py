"""The record of a result: the bytes that it had, and what made it.

Beside a result NAME lies `.cbda/NAME.json`, without times, paths or names of hosts, so that equal
jobs have equal records. It is in place before the result: a kill between the two leaves a record
of a result that is not there, which is to be made.

The modification time of a record is no date. It repeats the time of change (ctime) that its
result had when their bytes were last compared, so that whoever starts a run reads only what has
changed since. Copies have other times of change, and nobody can set one.
"""

import hashlib
import json
import os
import stat
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass, field, fields
from pathlib import Path
from typing import Any

from cbda.errors import UserError
from cbda.files.durable import sync

FOLDER, FORMAT, VERSION = ".cbda", "cbda.record", 1
GONE = "gone"
DIGEST = "digest"  # of the record itself
US = 1000  # in ns; disks keep times of change to at least that
Names = dict[str, str]


@dataclass(frozen=True)
class Record:
    """What a result was made as.

    Attributes:
        outputs: names of all results of the job that lie in the same folder.
        configuration: options that decide the content; no paths.
        inputs: option to SHA-256 of the file; `option.option` for the inputs of that file.
        data: option to a digest of a data set.
        code: hashes of the program; of the score too, if there is one.
        machine: processor, instruction sets in use, device.
    """

    name: str
    bytes: int
    sha256: str
    command: str
    outputs: list[str] = field(default_factory=list)
    configuration: dict[str, Any] = field(default_factory=dict)
    inputs: Names = field(default_factory=dict)
    data: Names = field(default_factory=dict)
    code: Names = field(default_factory=dict)
    versions: Names = field(default_factory=dict)
    machine: Names = field(default_factory=dict)
    commit: str = ""


@dataclass
class Origin:
    """What is known of the job at work: the keys of a `Record` that don't depend on the result.

    `circumstances` gives those that are settled only when the work is done, such as the device.
    Files that are `own`, or below folders that are, belong to the user: they have no record.
    """

    facts: dict[str, Any]
    outputs: tuple[Path, ...] = ()
    circumstances: Callable[[], dict[str, Any]] = dict
    inputs: Names = field(default_factory=dict)
    data: Names = field(default_factory=dict)
    own: tuple[Path, ...] = ()

    def is_own(self, path: Path) -> bool:
        """Whether a file is the user's."""
        places = set(map(Path, map(os.path.realpath, self.own)))
        real = Path(os.path.realpath(path))
        return not places.isdisjoint((real, *real.parents))

    def describe(self, temporary: Path, path: Path) -> Record:
        """The record of a finished file that will have another name."""
        size, digest = temporary.stat().st_size, file_sha256(temporary)
        outputs = (Path(os.path.realpath(other)) for other in self.outputs)
        beside = sorted(other.name for other in outputs if other.parent == path.parent)
        known = {**self.facts, "inputs": self.inputs, "data": self.data, **self.circumstances()}
        return Record(path.name, size, digest, outputs=beside, **known)


_at_work: list[Origin] = []


@contextmanager
def recording(origin: Origin) -> Iterator[None]:
    """Have the results that are written in the block recorded as those of a job."""
    _at_work.append(origin)
    try:
        yield
    finally:
        _at_work.pop()


def note_data(name: str, digest: str) -> None:
    """Tell the job at work, if there is one, which data set it reads."""
    for origin in _at_work[-1:]:
        origin.data[name] = digest


def note_input(name: str, digest: str) -> None:
    """Tell the job at work, if there is one, what it reads beside the files that options name."""
    for origin in _at_work[-1:]:
        origin.inputs[name] = digest


@contextmanager
def recorded(temporary: Path, path: Path) -> Iterator[None]:
    """Have the record of a finished file in place, for the block to give the file its name.

    What is no result has none.
    """
    if not is_recorded(path):
        forget(path)
        yield
        return
    place = record_path(path)
    pending = place.with_name(f".{place.name}{temporary.name.rpartition(path.name)[2]}")
    try:
        _write(pending, _format(_at_work[-1].describe(temporary, path)))
        if path.is_file():  # never the old result with the new record
            os.unlink(os.path.realpath(path))
        pending.replace(place)
        sync(place.parent)
    finally:
        with suppress(OSError):
            pending.unlink(missing_ok=True)
    yield
    seal(path)


def is_recorded(path: Path) -> bool:
    """Whether a file that the job at work writes gets a record."""
    return bool(_at_work) and is_result(path) and not _at_work[-1].is_own(path)


def is_result(path: Path) -> bool:
    """Whether a file is one: not a hidden one, a state of a training or a table of a failed run."""
    return not path.name.startswith(".") and not {".resume", ".partial"} & {*path.suffixes}


def record_path(path: Path) -> Path:
    """Where the record of a result lies: beside the file, not beside a link to it."""
    folder, name = os.path.split(os.path.realpath(path))
    return Path(folder, FOLDER, f"{name}.json")


def forget(path: Path) -> None:
    """Remove the record of a result."""
    with suppress(FileNotFoundError, NotADirectoryError):
        record_path(path).unlink()


def read_record(path: Path) -> Record | None:
    """The record of a result, None if it has none; `UserError` if it is damaged or unreadable."""
    return load_record(record_path(path))


def load_record(place: Path) -> Record | None:
    """The same, by the path of the record."""
    try:
        text = place.read_text(encoding="utf-8")
    except (FileNotFoundError, NotADirectoryError):
        return None
    except OSError as error:
        raise UserError(f"{place}: cannot be read: {error.strerror}") from error
    except ValueError as error:
        raise UserError(f"{place}: this record is damaged") from error
    try:
        content = json.loads(text)
        is_sound = content.pop(DIGEST) == _digest(content)
        record = Record(**{item.name: content[item.name] for item in fields(Record)})
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise UserError(f"{place}: this record is damaged") from error
    if not is_sound or (content["format"], content["version"]) != (FORMAT, VERSION):
        raise UserError(f"{place}: this record is damaged")
    return record


def _format(record: Record) -> str:
    content = {"format": FORMAT, "version": VERSION, **asdict(record)}
    return json.dumps({**content, DIGEST: _digest(content)}, indent=1, sort_keys=True) + "\n"


def _digest(content: dict[str, Any]) -> str:
    return hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()


def find_problem(path: Path, record: Record, trust_times: bool = False) -> str:
    """What is wrong with the bytes of a result; nothing if they are those of its record.

    With `trust_times`, a file that has not been written since its bytes were last compared counts
    as unchanged.
    """
    try:
        status = path.stat()
        if not stat.S_ISREG(status.st_mode):
            return "damaged: no file"
        if not status.st_mode & 0o444:
            return "unreadable: nobody has the permission"
        if status.st_size != record.bytes:
            return f"damaged: {status.st_size:,} bytes in place of {record.bytes:,}"
        if trust_times and _is_sealed(path, status):
            return ""
        if file_sha256(path) != record.sha256:
            return "damaged: other bytes than when it was made"
    except (FileNotFoundError, NotADirectoryError):
        return GONE
    except OSError as error:
        return f"unreadable: {error.strerror}"
    seal(path, status)
    return ""


def file_sha256(path: Path) -> str:
    """SHA-256 of a file's bytes."""
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def seal(path: Path, status: os.stat_result | None = None) -> None:
    """Note the time of change of a result whose bytes are those of its record."""
    with suppress(OSError):  # another user's: it will be read again
        changed_ns = (status or path.stat()).st_ctime_ns
        os.utime(record_path(path), ns=(changed_ns, changed_ns))


def _is_sealed(path: Path, status: os.stat_result) -> bool:
    return record_path(path).stat().st_mtime_ns // US == status.st_ctime_ns // US


def _write(path: Path, text: str) -> None:
    path.parent.mkdir(exist_ok=True)
    path.write_text(text, encoding="utf-8")
    sync(path)
