"""Tables as spreadsheets save them: CSV, separated by commas, semicolons or tabs."""

import codecs
import csv
from collections.abc import Iterator, Sequence
from io import StringIO
from pathlib import Path

from cbda.datasets.digest import require_regular
from cbda.errors import UserError
from cbda.files.atomic import unreadable

SEPARATORS = ",;\t"
UTF_16 = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)


def read_table(path: Path, columns: Sequence[str]) -> Iterator[tuple[str, dict[str, str]]]:
    """The rows of a table, and where each is, for messages.

    A `UserError` if it lacks some of the columns or has one twice, or for a row of more or fewer
    fields.
    """
    rows = _read_rows(path, _read_text(path), columns)
    _, names = next(rows, ("", []))
    missing = [name for name in columns if name not in names]
    if missing:
        found = f"; its first line: {', '.join(names)[:200]!r}" if names else "; it is empty"
        raise UserError(f"{path}: lacks column {', '.join(missing)}{found}")
    twice = sorted({name for name in names if name and names.count(name) > 1})
    if twice:
        raise UserError(f"{path}: has column {', '.join(twice)} twice")
    for where, row in rows:
        if len(row) != len(names):
            raise UserError(f"{where}: has {len(row)} fields, the first line {len(names)}")
        yield where, dict(zip(names, row, strict=True))


def _read_text(path: Path) -> str:
    require_regular(path)
    try:
        content = path.read_bytes()
        return content.decode("utf-16" if content.startswith(UTF_16) else "utf-8-sig")
    except UnicodeDecodeError as error:
        raise UserError(f"{path}: is not UTF-8 ({error.reason}); save it as CSV UTF-8") from error
    except OSError as error:
        raise unreadable(path, "table", error) from error


def _read_rows(path: Path, text: str, columns: Sequence[str]) -> Iterator[tuple[str, list[str]]]:
    """The rows that hold anything, with the separator by which the first one has all columns."""
    line = 1
    try:
        reader = csv.reader(
            StringIO(text, newline=""), delimiter=_separator(text, columns), strict=True
        )
        for row in reader:
            if row:
                yield f"{path}: line {line}", row
            line = reader.line_num + 1
    except csv.Error as error:
        raise UserError(f"{path}: line {line}: is not CSV ({error})") from error


def _separator(text: str, columns: Sequence[str]) -> str:
    """The one by which the first line has all columns; a comma if there is none."""
    first = text.splitlines()[:1]
    named = {mark: next(csv.reader(first, delimiter=mark), []) for mark in SEPARATORS}
    return next((mark for mark in SEPARATORS if {*columns} <= {*named[mark]}), SEPARATORS[0])
