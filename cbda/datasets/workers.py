"""Reads a dataset with several processes."""

from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from typing import Any, TypeVar

from cbda.datasets.dataset import Dataset

Result = TypeVar("Result")
PAIRS_PER_TASK = 16

_work: dict[str, Any] = {}  # of a worker, so that the list of files is sent to it only once


def map_pairs(
    function: Callable[[Dataset, int], Result], dataset: Dataset, num_workers: int
) -> Iterator[Result]:
    """Call a function for every pair, in order.

    Args:
        function: of the dataset and an index, defined in a module.
        dataset: what to read.
        num_workers: processes; 1 reads in this one.
    """
    if num_workers == 1:
        yield from (function(dataset, index) for index in range(len(dataset)))
        return
    with ProcessPoolExecutor(
        num_workers, initializer=_prepare, initargs=(function, dataset)
    ) as workers:
        yield from workers.map(_call, range(len(dataset)), chunksize=PAIRS_PER_TASK)


def _prepare(function: Callable[[Dataset, int], Any], dataset: Dataset) -> None:
    _work.update(function=function, dataset=dataset)


def _call(index: int) -> Any:
    return _work["function"](_work["dataset"], index)
