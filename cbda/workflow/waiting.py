"""What Snakemake says at its end of jobs that failed, and of those that wait for people.

The last lines repeat why jobs failed, which stands in their logs. A job that waits is no failure:
of one that exits with 75 after the message of `cbda ask`, it would tell as of a crash.
"""

import logging
import re
import shlex
from collections.abc import Iterable
from pathlib import Path
from typing import NamedTuple

from cbda.datasets.digest import describe_irregular
from cbda.datasets.listing import shown_name

RULE = "ask"
NUM_NAMED = 5  # of jobs that failed
CALLED = (f"{RULE}.smk", "exit status 75")
CRASH = ("Exiting because a job execution failed", "At least one job did not complete")


PAGE = re.compile(r"`(cbda annotate --queries .+)`, then")


class Waiting(logging.Filter):
    """A filter of Snakemake's messages.

    Attributes:
        lines: what waits, in the words of the jobs.
        num_failed: jobs that failed, and don't wait.
        failures: their rules, and the last words of each.
    """

    def __init__(self) -> None:
        super().__init__()
        self.lines: dict[str, None] = {}
        self.num_failed = 0
        self.failures: dict[str, None] = {}

    def filter(self, record: logging.LogRecord) -> bool:
        """Whether a message is shown; the last one of a run that waits becomes what waits."""
        text = record.getMessage()
        if hasattr(record, "rule_name") and record.levelno >= logging.ERROR:
            return self._is_failure(record.rule_name, getattr(record, "log", None) or ())
        if all(word in text for word in CALLED):
            return False
        if self.failures and CRASH[1] in text:
            record.msg, record.args = "\n".join([text, *self._reasons()]), ()
        if not self.lines or self.num_failed or not any(word in text for word in CRASH):
            return True
        record.msg, record.args = "\n".join(self.lines), ()
        return CRASH[1] in text

    def _is_failure(self, rule: str, logs: Iterable[str]) -> bool:
        found = [line for path in logs if rule == RULE for line in [waiting_line(Path(path))]]
        self.lines |= dict.fromkeys(filter(None, found))
        self.num_failed += not any(found)
        if not any(found):
            self.failures[f"{rule}: {last_words(logs)}"] = None
        return not any(found)

    def _reasons(self) -> list[str]:
        """What failed and why, some of it if that is much."""
        named = [f"failed: {failure}" for failure in list(self.failures)[:NUM_NAMED]]
        more = len(self.failures) - len(named)
        return [*named, *([f"and {more} more jobs failed, see above"] if more else [])]


def last_words(logs: Iterable[str]) -> str:
    """The last line of the log of a job that failed, and where the log is."""
    for path in logs:
        line = _last_line(Path(path))
        last = f"it was stopped; its last words: {line!r}" if line else "it was stopped in silence"
        return f"{line.partition(': error: ')[2] or last} (log: {path})"
    return "it has no log"


def waiting_line(log: Path) -> str:
    """What waits according to the log of a job; empty if nothing does."""
    start, last = f"cbda {RULE}: ", _last_line(log)
    return last.removeprefix(start) if last.startswith(f"{start}round ") else ""


def _last_line(log: Path) -> str:
    """The last line of a log; empty if there is none, or what has its name is no file."""
    if describe_irregular(log):
        return ""
    try:
        *_, last = log.read_text(encoding="utf-8", errors="replace").splitlines()
    except (OSError, ValueError):
        return ""
    return last


class Page(NamedTuple):
    """What opens the page of a round."""

    text: str  # the command
    queries: Path
    answers: Path


def page_of(line: str) -> Page | None:
    """What opens the page on which people answer what waits; None if nothing does."""
    found = PAGE.search(line)
    if found is None:
        return None
    try:
        words = shlex.split(found[1])
        files = [Path(words[words.index(option) + 1]) for option in ("--queries", "--answers")]
    except (ValueError, IndexError):  # a log that was edited
        return None
    return Page(shown_name(found[1]), *files)


def show_waiting() -> None:
    """Have this run of Snakemake tell what waits for people."""
    from snakemake.logging import logger

    logger.addFilter(Waiting())
