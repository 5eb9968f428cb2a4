"""Answers from files: a table with a class per query, or masks."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from cbda.annotation.export import PICTURES, TABLE
from cbda.annotation.labelmap import label_id
from cbda.annotation.masks import Ids, read_masks
from cbda.annotation.spreadsheet import read_table
from cbda.datasets.ids import UNKNOWN, VOID
from cbda.errors import UserError
from cbda.files.answer_lines import ANSWERED, OPEN, SKIPPED, UNSURE, VOID_WINDOW, Answer
from cbda.files.answers import AnswerFile
from cbda.files.queries import QuerySet

COLUMNS = ("image", "row", "column", "class")
MAX_DIGITS = 9
OTHER_STATES = (SKIPPED, UNSURE)
LABELLED = (ANSWERED, VOID_WINDOW)


@dataclass
class Findings:
    """Answers that were found, and what became of all other queries."""

    source: Path | None = None  # the file or folder that says so
    answers: list[Answer] = field(default_factory=list)
    lacking: dict[int, str] = field(default_factory=dict)  # queries told of in part, and what lacks
    partial: list[str] = field(default_factory=list)  # these in words, if they stay open
    num_kept: int = 0  # queries that have an answer already, which stays
    num_open: int = 0  # queries that have none, and get none


def find_answers(path: Path, queries: QuerySet, answers: AnswerFile) -> Findings:
    """What a CSV or masks say to queries; a `UserError` names what does not belong.

    Of a folder that has the table of an export too, table or masks count, whichever says all that
    the other says; if neither does, it is an error.
    """
    if path.suffix.lower() == ".csv":
        return _find_in_table(path, queries, answers)
    table = path / TABLE
    filled = _find_in_table(table, queries, answers) if table.is_file() else Findings()
    if filled.answers and not _has_masks(path):
        return filled
    masked = _find_in_masks(path, queries, answers)
    if all(answer in masked.answers for answer in filled.answers):
        return masked
    if all(answer in filled.answers for answer in masked.answers):
        return filled
    raise UserError(
        f"{path}: open queries are answered in {TABLE}, {len(filled.answers)} of them, and"
        f" otherwise in the masks, {len(masked.answers)}; give --source {table}, or move that file"
        " away to have the masks taken"
    )


def _has_masks(folder: Path) -> bool:
    """Whether there is more in the folder of an export than the table and its pictures."""
    names = {path.name for path in folder.iterdir() if not path.name.startswith(".")}
    return bool(names - {TABLE, *PICTURES})


def _find_in_table(path: Path, queries: QuerySet, answers: AnswerFile) -> Findings:
    findings = Findings(path)
    return _collect(list(_read_csv(path, queries, findings)), queries, answers, findings)


def _find_in_masks(path: Path, queries: QuerySet, answers: AnswerFile) -> Findings:
    findings = Findings(path)
    return _collect(list(_read_windows(path, queries, findings)), queries, answers, findings)


def _collect(
    found: list[tuple[int, Answer]], queries: QuerySet, answers: AnswerFile, findings: Findings
) -> Findings:
    """Take an answer to every query that has none."""
    still = {i for i in range(len(queries)) if answers.state(queries.place(i)) == OPEN}
    findings.answers = [answer for index, answer in found if index in still]
    lacking = findings.lacking.items()
    findings.partial = [f"{_named(queries, i)}: {what}" for i, what in lacking if i in still]
    findings.num_kept = len(queries) - len(still)
    findings.num_open = len(still) - len(findings.answers)
    return findings


def _read_csv(path: Path, queries: QuerySet, findings: Findings) -> Iterator[tuple[int, Answer]]:
    places = {queries.place(index)[:3]: index for index in range(len(queries))}
    seen: set[int] = set()
    for where, row in read_table(path, COLUMNS):
        state = _state(row, where)
        if row["class"] or state:
            place = row["image"], _number(row["row"], where), _number(row["column"], where)
            if place not in places:
                raise UserError(f"{where}: {place} (image, row, column) is no query")
            if places[place] in seen:
                raise UserError(f"{where}: {place} (image, row, column) is there twice")
            _require_radius(row, queries, where)
            seen.add(places[place])
            if row["class"]:
                answer = _whole(queries, places[place], row["class"], where)
                _require_agreement(state, answer, row["class"], where)
                yield places[place], answer
            elif state == ANSWERED:
                findings.lacking[places[place]] = (
                    "has several classes, which masks can hold and a table can't"
                )
            else:
                yield places[place], _answer(queries, places[place], state)


def _state(row: dict[str, str], where: str) -> str:
    """What the export says of a query beside a class; empty if it is open, or isn't told."""
    state = row.get("state", "").strip()
    allowed = OPEN, ANSWERED, VOID_WINDOW, *OTHER_STATES
    if state and state not in allowed:
        raise UserError(f"{where}: state {state!r} is unknown; allowed: {', '.join(allowed)}")
    return "" if state == OPEN else state


def _require_agreement(state: str, answer: Answer, label: str, where: str) -> None:
    """Raise a `UserError` if a state says that a window was answered in another way than a class.

    One that was skipped or unsure may have got its class since.
    """
    if state in LABELLED and state != answer.state:
        what = f"state {state!r} and class {label!r} contradict each other"
        raise UserError(f"{where}: {what}; empty the one that is wrong")


def _require_radius(row: dict[str, str], queries: QuerySet, where: str) -> None:
    """Raise a `UserError` if a row is of a window of another size."""
    radius = row.get("radius", "")
    if radius and _number(radius, where) != queries.radius:
        raise UserError(f"{where}: radius is {radius}, that of the queries {queries.radius}")


def _number(text: str, where: str) -> int:
    if not text.isdecimal() or len(text) > MAX_DIGITS:
        raise UserError(f"{where}: {text[:40]!r} is no whole number")
    return int(text)


def _whole(queries: QuerySet, index: int, label: str, where: str) -> Answer:
    """The answer of one class, or of none, to a whole window."""
    if label in OTHER_STATES and label not in queries.classes:
        return _answer(queries, index, label)
    train_id = label_id(label, queries.classes)
    if train_id is None or train_id == UNKNOWN:
        allowed = ", ".join([*queries.classes, "void", *OTHER_STATES])
        raise UserError(f"{where}: class {label!r} is unknown; allowed: {allowed}")
    return _of_pixels(queries, index, [train_id] * queries.window(index).num_px)


def _read_windows(
    path: Path, queries: QuerySet, findings: Findings
) -> Iterator[tuple[int, Answer]]:
    by_image = queries.by_image()
    for image_id, ids in read_masks(path, queries):
        for index in by_image.get(image_id, ()):
            yield from _of_mask(ids, queries, index, findings)


def _of_mask(
    ids: Ids, queries: QuerySet, index: int, findings: Findings
) -> Iterator[tuple[int, Answer]]:
    window = ids[queries.window(index).area]
    num_unknown = int(np.count_nonzero(window == UNKNOWN))
    if not num_unknown:
        yield index, _of_pixels(queries, index, window.ravel().tolist())
    elif num_unknown < window.size:
        findings.lacking[index] = f"{num_unknown} of {window.size} px have no label"


def _named(queries: QuerySet, index: int) -> str:
    image, row, column, _ = queries.place(index)
    return f"{image}, row {row}, column {column}"


def _of_pixels(queries: QuerySet, index: int, pixels: list[int]) -> Answer:
    if set(pixels) == {VOID}:
        return _answer(queries, index, VOID_WINDOW)
    return _answer(queries, index, ANSWERED, tuple(pixels))


def _answer(queries: QuerySet, index: int, state: str, pixels: tuple[int, ...] = ()) -> Answer:
    image, row, column, _ = queries.place(index)
    return Answer(image, row, column, state, pixels)
