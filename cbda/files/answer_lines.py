"""Lines of an answer file: what they say, and whether it can be."""

import json
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass, fields
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from cbda.datasets.ids import VOID
from cbda.errors import UserError, require_choice
from cbda.files.json_files import parse_json
from cbda.files.queries import Place, QuerySet, clip_window

FORMAT, VERSION = "cbda.answers", 1
BEGIN = f'{{"format": "{FORMAT}"'.encode()  # of a file
TORN = b" (torn)"  # what ends a line that was torn, which counts for nothing
ANSWERED, VOID_WINDOW, SKIPPED, UNSURE, UNDONE = "answered", "void", "skipped", "unsure", "undone"
STATES = (ANSWERED, VOID_WINDOW, SKIPPED, UNSURE, UNDONE)
OPEN = "open"  # of a query without an answer
NUMBER = (int, float)
MAX_SECONDS = 10**9  # at a query, so that sums stay numbers
ANSWER_TYPES = {"image": str, "row": int, "column": int, "state": str, "pixels": list,
                "seconds": NUMBER, "who": str, "proposal": str, "answer_id": str,
                "image_sha256": str}  # fmt: skip
ASKED_TYPES = {"queries": str, "round": int, "radius": int, "height": int, "width": int,
               "classes": list}  # fmt: skip


@dataclass(frozen=True)
class Answer:
    """What a person said to one query.

    Attributes:
        state: one of `STATES`; undone takes the answer before it back.
        pixels: classes of the window row by row, 255 void; empty unless answered.
        seconds: how long the query was looked at.
        who: a name, or empty.
        proposal: what became of the model's: accepted, shown or hidden; or empty.
        answer_id: what the page calls it: given twice, it counts once.
        image_sha256: of the file of the image, by its queries; empty if they don't know it.
    """

    image: str
    row: int
    column: int
    state: str
    pixels: tuple[int, ...] = ()
    seconds: float = 0.0
    who: str = ""
    proposal: str = ""
    answer_id: str = ""
    image_sha256: str = ""


@dataclass(frozen=True)
class Asked:
    """Which queries the answers of a digest belong to."""

    queries: str  # digest
    round: int
    radius: int  # of a window, in px
    height: int
    width: int
    classes: tuple[str, ...]

    @classmethod
    def of(cls, queries: QuerySet) -> "Asked":
        """What an answer file says of a set of queries."""
        facts = {item.name: getattr(queries, item.name) for item in fields(cls)[1:]}
        return cls(queries.digest, **facts)


@dataclass(frozen=True)
class Given:
    """An answer, and which queries it belongs to."""

    answer: Answer
    asked: Asked

    @property
    def place(self) -> Place:
        """Image id, row, column and radius of the window."""
        return self.answer.image, self.answer.row, self.answer.column, self.asked.radius


def parse_line(line: bytes) -> dict[str, Any]:
    """A line as JSON; a `UserError` without a place unless it is an object."""
    try:
        content = parse_json(line)
    except (ValueError, RecursionError) as error:
        raise UserError(f"is not JSON ({error})") from error
    if not isinstance(content, dict):
        raise UserError("is not a JSON object")
    return content


def require_own(path: Path, is_own: bool) -> None:
    """Raise a `UserError` unless a file is said to begin as one of answers does."""
    if not is_own:
        begin = f"must be new, or empty, or begin with {BEGIN.decode()}"
        raise UserError(f"{path}: is no file of answers, and nothing is added to it: {begin}")


def begins_file(line: bytes) -> bool:
    """Whether a line is one with which a file of answers begins, torn or not."""
    if line.startswith(BEGIN) or is_torn(line):  # what else is wrong with it is told by line
        return is_begun(line.removesuffix(TORN))
    with suppress(UserError):
        return bool(parse_line(line).get("format") == FORMAT)
    return False


def is_begun(content: bytes) -> bool:
    """Whether something is the start of such a line, be it as short as can be."""
    return content[: len(BEGIN)] == BEGIN[: len(content)]


def is_torn(line: bytes) -> bool:
    """Whether a line was marked as torn by whoever wrote the next one."""
    return line.endswith(TORN) and not is_whole(line)


def is_whole(line: bytes) -> bool:
    """Whether a line holds all of a JSON object, whatever follows it: then it was not torn."""
    try:
        found, _ = json.JSONDecoder().raw_decode(line.decode("utf-8-sig").lstrip())
    except (ValueError, RecursionError):
        return False
    return isinstance(found, dict)


def parse_asked(content: dict[str, Any]) -> Asked:
    """The line before the first answer to some queries."""
    if content.get("version") != VERSION:
        raise UserError(f"is of version {content.get('version')}, must be {VERSION}")
    kept = _typed(content, ASKED_TYPES, tuple(ASKED_TYPES))
    return Asked(**{**kept, "classes": tuple(kept["classes"])})


def parse_answer(content: dict[str, Any], asked: Asked) -> Answer:
    """The line of an answer to queries."""
    kept = _typed(content, ANSWER_TYPES, ("image", "row", "column", "state"))
    answer = Answer(**{**kept, "pixels": tuple(kept.get("pixels", ()))})
    require_sound(answer, asked)
    return answer


def require_sound(answer: Answer, asked: Asked) -> None:
    """Raise a `UserError` without a place unless an answer fits its queries."""
    require_choice("state", answer.state, STATES)
    if not 0 <= answer.seconds <= MAX_SECONDS:
        raise UserError(f"seconds are {str(answer.seconds)[:20]}, must be 0 to {MAX_SECONDS}")
    size = asked.height, asked.width
    if not (0 <= answer.row < size[0] and 0 <= answer.column < size[1]):
        raise UserError(f"row {answer.row}, column {answer.column} lie outside of the image")
    window = clip_window(answer.row, answer.column, asked.radius, size)
    wanted = window.num_px if answer.state == ANSWERED else 0
    if len(answer.pixels) != wanted:
        raise UserError(f"has {len(answer.pixels)} pixels, must have {wanted}")
    allowed = {*range(len(asked.classes)), VOID}
    unknown = sorted({str(v) for v in answer.pixels if type(v) is not int or v not in allowed})
    if unknown:
        names = f"0 to {len(asked.classes) - 1}, and {VOID} for void"
        raise UserError(f"class {', '.join(unknown)} is unknown; allowed: {names}")


def asked_line(asked: Asked) -> bytes:
    """The line before the first answer to some queries."""
    return _line({"format": FORMAT, "version": VERSION, **asdict(asked)})


def answer_line(answer: Answer, asked: Asked) -> bytes:
    """The line of an answer."""
    said = {name: value for name, value in asdict(answer).items() if value not in ("", ())}
    return _line({"queries": asked.queries, **said, "time": _now()})


def finished_line(asked: Asked, who: str) -> bytes:
    """The line that says that what is open stays without an answer."""
    return _line({"queries": asked.queries, "finished": True, "who": who, "time": _now()})


def _typed(content: dict[str, Any], types: dict[str, Any], needed: Sequence[str]) -> dict[str, Any]:
    """The entries that have a type, if they are of it and all that are needed are there."""
    missing = [name for name in needed if name not in content]
    if missing:
        raise UserError(f"lacks {', '.join(missing)}")
    kept = {name: content[name] for name in types if name in content}
    for name, value in kept.items():
        if not isinstance(value, types[name]) or isinstance(value, bool):
            raise UserError(f"{name} is {value!r}")
        if isinstance(value, str) and value.encode(errors="ignore").decode() != value:
            raise UserError(f"{name} holds half a character: {value!r}")
    return kept


def _line(content: dict[str, Any]) -> bytes:
    return json.dumps(content, ensure_ascii=False).encode() + b"\n"


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="seconds")
