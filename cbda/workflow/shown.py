"""Messages of Snakemake that lack what a user needs: a mistake in one line, and where results are.

What a function of a rule raises is shown as a crash, with wildcards and a traceback; and a run that
finds all made ends without its hooks.
"""

import logging
import re
from collections.abc import Callable

CRASH = "InputFunctionException"
# Of such a message: what the user is to read, if it is a mistake of the user's.
MISTAKE = re.compile(
    r"Error:\n  (?:(?:UserError|WorkflowError):\s+|\w+Error: (?=\[Errno ))(.+?)\nWildcards:", re.S
)


class Shown(logging.Filter):
    """A filter of Snakemake's messages, which adds where results are once all is made."""

    def __init__(self, describe_results: Callable[[], str]) -> None:
        super().__init__()
        self._describe_results = describe_results

    def filter(self, record: logging.LogRecord) -> bool:
        """Have a message say more, or less; it is shown in any case."""
        from snakemake.common import NOTHING_TO_BE_DONE_MSG

        text = record.getMessage()
        if getattr(record, "exception", "") == CRASH and (mistake := MISTAKE.search(text)):
            record.msg, record.args = f"WorkflowError:\n{mistake[1]}", ()
        elif text == NOTHING_TO_BE_DONE_MSG and (results := self._describe_results()):
            record.msg, record.args = f"{text}\n{results}", ()
        return True


def show_plainly(describe_results: Callable[[], str]) -> None:
    """Have this run of Snakemake show its messages so."""
    from snakemake.logging import logger

    logger.addFilter(Shown(describe_results))
