import numpy as np
import pytest

from cbda.datasets import create_dataset
from cbda.datasets.statistics import pair_counts
from cbda.datasets.workers import map_pairs
from tests.datasets.layouts import make_folder


@pytest.mark.parametrize("num_workers", [1, 2])
def test_pairs_come_in_order(tmp_path, num_workers):
    labels = make_folder(tmp_path, 40, 6, 8, 3, np.random.default_rng(0))
    labels["000"][:] = 255
    dataset = create_dataset("folder", tmp_path, classes=("a", "b", "c"))
    rows = list(map_pairs(pair_counts, dataset, num_workers))
    assert [row.tolist() for row in rows] == [[16, 16, 16, 0]] * 40
