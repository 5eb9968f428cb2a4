"""A job that waits for people is no failure: what Snakemake says of it is one line, at the end.

Of a job that exits with 75 after the message of `cbda ask`, it would tell as of a crash.
"""

import logging
from collections.abc import Iterable
from pathlib import Path

RULE = "ask"
CALLED = (f"{RULE}.smk", "exit status 75")
CRASH = ("Exiting because a job execution failed", "At least one job did not complete")


class Waiting(logging.Filter):
    """A filter of Snakemake's messages.

    Attributes:
        lines: what waits, in the words of the jobs.
        num_failed: jobs that failed, and don't wait.
    """

    def __init__(self) -> None:
        super().__init__()
        self.lines: dict[str, None] = {}
        self.num_failed = 0

    def filter(self, record: logging.LogRecord) -> bool:
        """Whether a message is shown; the last one of a run that waits becomes what waits."""
        text = record.getMessage()
        if hasattr(record, "rule_name") and record.levelno >= logging.ERROR:
            return self._is_failure(record.rule_name, getattr(record, "log", None) or ())
        if all(word in text for word in CALLED):
            return False
        if not self.lines or self.num_failed or not any(word in text for word in CRASH):
            return True
        record.msg, record.args = "\n".join(self.lines), ()
        return CRASH[1] in text

    def _is_failure(self, rule: str, logs: Iterable[str]) -> bool:
        found = [line for path in logs if rule == RULE for line in [waiting_line(Path(path))]]
        self.lines |= dict.fromkeys(filter(None, found))
        self.num_failed += not any(found)
        return not any(found)


def waiting_line(log: Path) -> str:
    """What waits according to the log of a job; empty if nothing does."""
    start = f"cbda {RULE}: "
    try:
        *_, last = log.read_text(encoding="utf-8").splitlines()
    except (OSError, ValueError):
        return ""
    return last.removeprefix(start) if last.startswith(f"{start}round ") else ""


def show_waiting() -> None:
    """Have this run of Snakemake tell what waits for people."""
    from snakemake.logging import logger

    logger.addFilter(Waiting())
