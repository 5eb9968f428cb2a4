"""What became of the queries of a round, and what people spent on them."""

from collections import Counter
from dataclasses import dataclass

from cbda.files.answer_lines import ANSWERED, OPEN, SKIPPED, UNSURE, VOID_WINDOW
from cbda.files.answers import AnswerFile
from cbda.files.queries import QuerySet

STATES = (ANSWERED, VOID_WINDOW, SKIPPED, UNSURE, OPEN)
MINUTE_S = 60.0


@dataclass(frozen=True)
class RoundCounts:
    """Queries of a round by their state, windows by their classes, and minutes of people."""

    round: int
    queries: int
    answered: int
    void: int
    skipped: int
    unsure: int
    open: int
    one_class: int  # of those answered, with one class in all pixels
    mixed: int
    minutes: float

    def __str__(self) -> str:
        """In words, what is nowhere left out."""
        states = {name: getattr(self, name) for name in STATES}
        counts = [f"{number} {name}" for name, number in states.items() if number]
        words = [f"{self.queries} queries: {', '.join(counts) or 'none'}"]
        words += [f"{self.one_class} windows of one class, {self.mixed} mixed"]
        return "; ".join([*words, f"{self.minutes:.1f} minutes"])


def count_round(queries: QuerySet, answers: AnswerFile) -> RoundCounts:
    """Count what people have answered so far."""
    places = [queries.place(index) for index in range(len(queries))]
    given = [answers.latest[place].answer for place in places if place in answers.latest]
    states = Counter(answers.state(place) for place in places)
    num_pure = sum(len(set(answer.pixels)) == 1 for answer in given)
    return RoundCounts(
        round=queries.round,
        queries=len(queries),
        **{name: states[name] for name in STATES},
        one_class=num_pure,
        mixed=states[ANSWERED] - num_pure,
        minutes=sum(answer.seconds for answer in given) / MINUTE_S,
    )
