import os
import signal
import subprocess
import sys
import time

import numpy as np
import psutil
import pytest

from cbda.datasets.dataset import pair_counts
from cbda.datasets.workers import map_pairs
from cbda.errors import UserError
from tests.pools import make_pool


def slow_to_start(dataset, index):
    """Whoever reads the first pair is overtaken."""
    time.sleep(0.2 if index == 0 else 0)
    return pair_counts(dataset, index)


def killed(dataset, index):
    os.kill(os.getpid(), signal.SIGKILL)


def never_done(dataset, index):
    time.sleep(600)


@pytest.fixture
def dataset(tmp_path):
    labels = {f"{i:03}": (np.arange(48) < i).reshape(6, 8).astype(np.uint8) for i in range(40)}
    for label in labels.values():
        label[-1, -1] = 255
    return make_pool(tmp_path / "pool", labels, 3)


@pytest.mark.parametrize("num_workers", [1, 2])
def test_pairs_come_in_order(dataset, num_workers):
    rows = list(map_pairs(slow_to_start, dataset, num_workers))
    assert [row.tolist() for row in rows] == [[47 - i, i, 0, 1] for i in range(40)]


def test_killed_worker_is_one_line(dataset):
    with pytest.raises(UserError, match=r"pool: one of 2 processes that read it was killed"):
        list(map_pairs(killed, dataset, 2))


PROGRAM = """
import sys
from pathlib import Path
from cbda.datasets.catalogue import create_dataset
from cbda.datasets.workers import map_pairs
from tests.datasets.test_workers import never_done
dataset = create_dataset("folder", Path(sys.argv[1]), classes="abc")
list(map_pairs(never_done, dataset, 2))
"""


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM])
def test_workers_end_with_a_killed_parent(dataset, number):
    parent = subprocess.Popen([sys.executable, "-c", PROGRAM, str(dataset.root)])
    workers: list[psutil.Process] = []
    while len(workers) < 2:
        time.sleep(0.05)
        workers = psutil.Process(parent.pid).children()
    parent.send_signal(number)
    parent.wait()
    _, alive = psutil.wait_procs(workers, timeout=10)
    assert not alive
