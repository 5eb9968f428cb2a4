import time

import numpy as np
import pytest

from cbda.datasets.statistics import pair_counts
from cbda.datasets.workers import map_pairs
from tests.pools import make_pool


def slow_to_start(dataset, index):
    """Whoever reads the first pair is overtaken."""
    time.sleep(0.2 if index == 0 else 0)
    return pair_counts(dataset, index)


@pytest.mark.parametrize("num_workers", [1, 2])
def test_pairs_come_in_order(tmp_path, num_workers):
    labels = {f"{i:03}": (np.arange(48) < i).reshape(6, 8).astype(np.uint8) for i in range(40)}
    for label in labels.values():
        label[-1, -1] = 255
    dataset = make_pool(tmp_path, labels, 3)
    rows = list(map_pairs(slow_to_start, dataset, num_workers))
    assert [row.tolist() for row in rows] == [[47 - i, i, 0, 1] for i in range(40)]
