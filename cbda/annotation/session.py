"""A round being answered: which query comes next, what is known of it, how far people are."""

import statistics
import threading
from collections import Counter, deque
from collections.abc import Collection
from dataclasses import asdict
from typing import Any

from cbda.annotation.claims import Claims
from cbda.files.answer_lines import ANSWERED, OPEN, UNDONE, Answer, Given
from cbda.files.answers import AnswerFile
from cbda.files.queries import Place, QuerySet

NUM_RECENT = 50  # answers by whose seconds the time that is left is estimated


class TakenError(Exception):
    """Someone else has answered a query in the meantime."""


class Session:
    """The queries of a round and their answers, for any number of people at a time.

    Queries are asked image by image, images in the order of their first query.
    """

    def __init__(self, queries: QuerySet, answers: AnswerFile, claims: Claims) -> None:
        self.queries = queries
        self._answers, self._claims = answers, claims
        self._lock = threading.Lock()
        first: dict[int, int] = {}
        for index, image in enumerate(queries.queries[:, 0].tolist()):
            first.setdefault(image, index)
        images = queries.queries[:, 0].tolist()
        self._order = sorted(range(len(queries)), key=lambda index: (first[images[index]], index))
        self._position = {index: position for position, index in enumerate(self._order)}
        self._index: dict[Place, int] = {queries.place(i): i for i in range(len(queries))}
        self._states = [answers.state(queries.place(index)) for index in range(len(queries))]
        self._recent: deque[float] = deque(maxlen=NUM_RECENT)
        for given in answers.latest.values():
            self._note(given)

    def next(self, client: str, without: Collection[int] = ()) -> dict[str, Any] | None:
        """Claim the next open query for a client, beside what it has; None if none is free."""
        with self._lock:
            self._refresh()
            left = (n for n in self._order if self._states[n] == OPEN and n not in without)
            index = self._claims.take(client, without, left)
            return None if index is None else self._describe(index)

    def hold(self, client: str) -> None:
        """Have the queries that a client looks at be nobody else's for longer.

        A `UserError` if answers can't be read any more.
        """
        with self._lock:
            self._refresh()
        self._claims.renew(client)

    def leave(self, client: str) -> None:
        """Have the queries that a client looked at be anybody's."""
        self._claims.release(client)

    def at(self, position: int) -> dict[str, Any] | None:
        """What is known of the query at a place of the order; None beyond either end."""
        with self._lock:
            self._refresh()
            is_inside = 0 <= position < len(self._order)
            return self._describe(self._order[position]) if is_inside else None

    def answer(self, index: int, answer: Answer, again: bool) -> None:
        """Have the disk hold an answer.

        Raises:
            TakenError: the query has an answer already, and this is not meant to replace it.
        """
        with self._lock:
            self._refresh()
            is_sent_twice = self._answers.knows(answer.answer_id)
            if self._states[index] != OPEN and not again and not is_sent_twice:
                raise TakenError
            self._note_all(self._answers.append(self.queries, [answer]))

    def finish(self, who: str) -> None:
        """Declare that what is open stays without an answer."""
        with self._lock:
            self._answers.finish(self.queries, who)

    def progress(self) -> dict[str, Any]:
        """Queries by state, and an estimate of the seconds that are left, if there is one."""
        with self._lock:
            self._refresh()
            states = Counter(self._states)
            seconds = statistics.median(self._recent) if self._recent else None
            left_s = None if seconds is None else seconds * states[OPEN]
            is_finished = self.queries.digest in self._answers.finished
        total = len(self.queries)
        return {"total": total, "states": states, "left_s": left_s, "finished": is_finished}

    def _refresh(self) -> None:
        self._note_all(self._answers.refresh())

    def _note_all(self, news: list[Given]) -> None:
        for given in news:
            self._note(given)

    def _note(self, given: Given) -> None:
        index = self._index.get(given.place)
        if index is not None:
            state = given.answer.state
            self._states[index] = OPEN if state == UNDONE else state
            if state != UNDONE and given.answer.seconds > 0:
                self._recent.append(given.answer.seconds)

    def _describe(self, index: int) -> dict[str, Any]:
        place = self.queries.place(index)
        given = self._answers.latest.get(place)
        is_answered = given is not None and given.answer.state == ANSWERED
        return {
            "index": index,
            "position": self._position[index],
            "image": place[0],
            "row": place[1],
            "column": place[2],
            "window": asdict(self.queries.window(index)),
            "proposal": self.queries.proposal(index),
            "state": self._states[index],
            "pixels": list(given.answer.pixels) if given is not None and is_answered else [],
        }
