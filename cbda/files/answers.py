"""Answer files: what people said to queries, one line of JSON each.

The file is the user's. It only grows: a line is on the disk before it is acknowledged, and what is
taken back is a line of its own. Lines name their queries by the digest, and a line before the first
of them says which round, classes and sizes those are, so that answers outlive the file of
the queries. Several processes may read and write it at a time. Whoever finds that the file was
moved, replaced or cut off since it was read neither goes on nor begins another.
"""

import fcntl
import hashlib
import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import replace
from pathlib import Path
from typing import IO

from cbda.datasets.digest import describe_state, require_regular
from cbda.errors import UserError
from cbda.files.answer_lines import (
    FORMAT,
    OPEN,
    TORN,
    UNDONE,
    Answer,
    Asked,
    Given,
    answer_line,
    asked_line,
    begins_file,
    finished_line,
    is_begun,
    is_torn,
    is_whole,
    parse_answer,
    parse_asked,
    parse_line,
    require_own,
    require_sound,
)
from cbda.files.atomic import explained_write, unreadable
from cbda.files.durable import sync
from cbda.files.queries import Place, QuerySet

UTF_16 = (b"\xff\xfe", b"\xfe\xff", b"{\0", b"\0{")  # what such a file begins with
AGAIN = "put it back, or end what has read it, such as `cbda annotate`, and start that again"


class AnswerFile:
    """An answer file as far as it has been read; `refresh` reads what came since.

    Attributes:
        latest: place to the last answer given there, the one given last at the end; none of those
            that were taken back.
        places: where anything was ever said, and be it taken back.
        finished: digests of queries that someone has declared done.
        seconds: time of all answers, those taken back and those given again included.
        num_torn: lines that end too early, and so count for nothing.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.latest: dict[Place, Given] = {}
        self.places: set[Place] = set()
        self.finished: set[str] = set()
        self.seconds = 0.0
        self.num_torn = 0
        self._asked: dict[str, Asked] = {}
        self._known_ids: set[str] = set()
        self._offset = self._line_number = 0
        self._read_bytes = hashlib.sha256()  # up to the offset
        self._state = ""  # of the file that holds them
        self.refresh()

    def state(self, place: Place) -> str:
        """One of the states of answers, or `OPEN`."""
        given = self.latest.get(place)
        return OPEN if given is None else given.answer.state

    def knows(self, answer_id: str) -> bool:
        """Whether an answer is in the file already."""
        return answer_id in self._known_ids

    def refresh(self) -> list[Given]:
        """Answers that came since the last read; a `UserError` names a line that can't be.

        A line that was torn while it was written, and so never acknowledged, is passed over: the
        last one if it has no end, or one that was marked as torn by whoever wrote the next.
        """
        if self.path.exists():
            require_regular(self.path)
        try:
            with self.path.open("rb") as file, _locked(file, fcntl.LOCK_SH):
                return self._read(file)
        except FileNotFoundError:
            self._require_unread()
            return []
        except OSError as error:
            raise unreadable(self.path, "answer file", error) from error

    def append(self, queries: QuerySet, answers: Sequence[Answer]) -> list[Given]:
        """Have the disk hold answers to queries; those that came since the last read, these too.

        An answer whose `answer_id` is in the file already is left out. A `UserError` if one does
        not fit its query, or if the disk won't take them.
        """
        asked = Asked.of(queries)
        for answer in answers:
            require_sound(answer, asked)
        with self._appending(asked) as (lines, news):
            fresh = (item for item in answers if not self.knows(item.answer_id))
            known = queries.known_images
            of_image = (replace(a, image_sha256=known.get(a.image, "")) for a in fresh)
            lines += [answer_line(item, asked) for item in of_image]
        return news + self.refresh()

    def finish(self, queries: QuerySet, who: str = "") -> None:
        """Have the disk hold that what is open of some queries stays without an answer."""
        asked = Asked.of(queries)
        with self._appending(asked) as (lines, _):
            lines.append(finished_line(asked, who))
        self.refresh()

    @contextmanager
    def _appending(self, asked: Asked) -> Iterator[tuple[list[bytes], list[Given]]]:
        """Lines to write at the end of the file, once others' lines have been read."""
        with explained_write(self.path):
            self.path.parent.mkdir(parents=True, exist_ok=True)
            is_new = not self.path.exists()
            if is_new:
                self._require_unread()
            with self._open_to_append() as file, _locked(file, fcntl.LOCK_EX):
                news = self._read(file)
                lines: list[bytes] = []
                yield lines, news
                self._write(file, lines, asked)
                self._require_in_place(file)
            if is_new:
                sync(self.path.parent)

    def _open_to_append(self) -> IO[bytes]:
        """The file, which is made only if nothing has been read of it."""
        flags = os.O_RDWR | os.O_APPEND | (0 if self._offset else os.O_CREAT)
        return os.fdopen(os.open(self.path, flags, 0o666), "r+b")

    def _require_unread(self) -> None:
        """Raise a `UserError` if a file that is not there has been read."""
        if self._offset:
            raise UserError(f"{self.path}: is gone, and the answers in it: {AGAIN}")

    def _require_in_place(self, file: IO[bytes]) -> None:
        """Raise a `UserError` unless an open file is still the one of this name."""
        with suppress(FileNotFoundError):
            if os.path.samestat(self.path.stat(), os.fstat(file.fileno())):
                return
        raise UserError(f"{self.path}: was moved while an answer was written: {AGAIN}")

    def _require_same(self, file: IO[bytes]) -> None:
        """Raise a `UserError` unless a file begins with what was read."""
        state = describe_state(file.fileno())
        if state != self._state:
            file.seek(0)
            if hashlib.sha256(file.read(self._offset)).digest() != self._read_bytes.digest():
                raise UserError(f"{self.path}: holds other answers than those read before: {AGAIN}")
            self._state = state

    def _write(self, file: IO[bytes], lines: list[bytes], asked: Asked) -> None:
        if not lines:
            return
        if asked.queries not in self._asked:
            lines = [asked_line(asked), *lines]
        end = file.seek(0, os.SEEK_END)
        file.seek(max(end - 1, 0))
        has_end = file.read(1) in (b"", b"\n")
        closing = b"" if has_end else (TORN if end > self._offset else b"") + b"\n"
        file.write(closing + b"".join(lines))
        file.flush()
        os.fsync(file.fileno())
        self._state = describe_state(file.fileno())

    def _read(self, file: IO[bytes]) -> list[Given]:
        """Take in the lines from where the last read ended."""
        file.seek(0)
        if file.read(2) in UTF_16:  # also if an editor saved it just now
            raise UserError(f"{self.path}: is UTF-16, as some editors save it; save it as UTF-8")
        self._require_same(file)
        file.seek(self._offset)
        *lines, tail = file.read().split(b"\n")
        found = []
        for line in lines:
            found += self._take(line)
            self._pass(line + b"\n")
            self._line_number += 1
        if is_whole(tail):
            found += self._take(tail)
            self._pass(tail)
        elif not self._offset:  # else torn: whoever writes next ends it
            require_own(self.path, is_begun(tail))
        return found

    def _pass(self, content: bytes) -> None:
        """Count some bytes as read."""
        self._offset += len(content)
        self._read_bytes.update(content)

    def _take(self, line: bytes) -> list[Given]:
        """Take in a line; the answer in it, if there is one."""
        if not self._offset:
            require_own(self.path, begins_file(line))
        if is_torn(line) or not line.strip():
            self.num_torn += is_torn(line)
            return []
        try:
            return self._take_whole(line)
        except UserError as error:
            raise UserError(f"{self.path}: line {self._line_number + 1}: {error}") from error

    def _take_whole(self, line: bytes) -> list[Given]:
        content = parse_line(line)
        if content.get("format") == FORMAT:
            asked = parse_asked(content)
            self._asked[asked.queries] = asked
            return []
        return self._take_answer(content, str(content.get("queries")))

    def _take_answer(self, content: dict[str, object], digest: str) -> list[Given]:
        if digest not in self._asked:
            raise UserError("names queries that no line before it describes")
        if content.get("finished"):
            self.finished.add(digest)
            return []
        given = Given(parse_answer(content, self._asked[digest]), self._asked[digest])
        if self.knows(given.answer.answer_id):
            return []
        self._known_ids |= {given.answer.answer_id} - {""}
        self.seconds += given.answer.seconds
        self.places.add(given.place)
        self.latest.pop(given.place, None)
        if given.answer.state != UNDONE:
            self.latest[given.place] = given
        return [given]


@contextmanager
def _locked(file: IO[bytes], kind: int) -> Iterator[None]:
    """Hold the lock of an open file, among threads and processes; it ends with the file."""
    with suppress(OSError):  # a disk without such locks
        fcntl.flock(file, kind)
    yield
