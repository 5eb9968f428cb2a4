"""Reads a dataset with several processes."""

import multiprocessing
import os
import signal
import sys
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from typing import Any, TypeVar

from cbda.datasets.dataset import Dataset
from cbda.errors import UserError

Result = TypeVar("Result")
PAIRS_PER_TASK = 16
POLL_S = 0.5
START = "fork" if sys.platform == "linux" else "spawn"  # either has this process as the parent

_work: dict[str, Any] = {}  # of a worker, so that the list of files is sent to it only once


def map_pairs(
    function: Callable[[Dataset, int], Result], dataset: Dataset, num_workers: int
) -> Iterator[Result]:
    """Call a function of the dataset and an index for every pair, in order.

    Args:
        function: defined in a module, as other processes must find it.
        dataset: what to read.
        num_workers: processes; 1 reads in this one.

    Raises:
        UserError: a process was killed.
    """
    if num_workers == 1:
        yield from (function(dataset, index) for index in range(len(dataset)))
        return
    try:
        with ProcessPoolExecutor(
            num_workers,
            mp_context=multiprocessing.get_context(START),
            initializer=_prepare,
            initargs=(function, dataset, os.getpid()),
        ) as workers:
            yield from workers.map(_call, range(len(dataset)), chunksize=PAIRS_PER_TASK)
    except BrokenProcessPool as error:
        raise UserError(
            f"{dataset.root}: one of {num_workers} processes that read it was killed, by hand or"
            " for want of memory; fewer processes (num_workers) need less"
        ) from error


def _prepare(function: Callable[[Dataset, int], Any], dataset: Dataset, parent: int) -> None:
    _work.update(function=function, dataset=dataset)
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # ctrl-c is the parent's to answer
    end_with(parent)


def end_with(parent: int) -> None:
    """End this process when its parent is gone: a worker would wait for work for ever."""

    def watch() -> None:
        while os.getppid() == parent:
            time.sleep(POLL_S)
        os._exit(1)

    threading.Thread(target=watch, daemon=True).start()


def _call(index: int) -> Any:
    return _work["function"](_work["dataset"], index)
