"""Work on many images at a time, with results in order and bounded memory."""

import os
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from itertools import islice
from typing import TypeVar

Item = TypeVar("Item")
Result = TypeVar("Result")
AHEAD_PER_THREAD = 2


def available_threads() -> int:
    """CPU cores that this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def ordered_map(
    function: Callable[[Item], Result], items: Iterable[Item], num_threads: int
) -> Iterator[Result]:
    """Results in the order of the items; at most a few wait to be taken.

    An error is raised where its result would have come, so that it does not depend on the
    number of threads either.
    """
    waiting: deque[Future[Result]] = deque()
    remaining = iter(items)
    with ThreadPoolExecutor(num_threads) as executor:
        try:
            for item in islice(remaining, AHEAD_PER_THREAD * num_threads):
                waiting.append(executor.submit(function, item))
            while waiting:
                yield waiting.popleft().result()
                for item in islice(remaining, 1):
                    waiting.append(executor.submit(function, item))
        finally:
            for future in waiting:
                future.cancel()
