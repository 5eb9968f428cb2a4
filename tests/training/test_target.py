"""The pool as training sees it."""

import numpy as np
import pytest
import torch
from torch.utils.data import DataLoader, Dataset

from cbda.cli import main
from cbda.datasets.catalogue import create_dataset
from cbda.datasets.ids import VOID
from cbda.errors import UserError
from cbda.models.checkpoints import Checkpoint
from cbda.models.images import Resizing
from cbda.models.small import SmallNet
from cbda.settings.model import ModelSettings
from cbda.settings.training import TrainingSettings
from cbda.training import loader
from cbda.training.target import AcquiredPool
from cbda.training.trainer import Trainer
from tests import pools
from tests.datasets.layouts import make_folder

CLASSES = ("road", "car", "tree")
SIZE = (8, 12)
TRAINING = """
    --source-root source --target-root pool --training-total-iterations 2
    --training-image-size 8 12 --training-batch-size 1 --device cpu --seed 0
"""


def make_pool(root, size=SIZE):
    """A pool of three images; true labels by image id."""
    return make_folder(root, 3, size[0], size[1], len(CLASSES), np.random.default_rng(0))


def write_labels(path, labels, num_classes=3):
    """A label file of a round in which some pixels of every image were acquired."""
    acquired = np.stack(list(labels.values()))
    acquired[:, ::2] = VOID
    counts = np.bincount(acquired[acquired != VOID], minlength=num_classes)[None]
    pools.write_labels(path, labels, acquired, acquired != VOID, pools.summarise(counts))
    return acquired


def test_training_sees_what_was_acquired_and_nothing_else(tmp_path):
    acquired = write_labels(tmp_path / "labels.h5", make_pool(tmp_path / "pool"))
    dataset = create_dataset("folder", tmp_path / "pool", classes=CLASSES)
    pool = AcquiredPool(dataset, tmp_path / "labels.h5")
    assert len(pool) == 3
    for index in range(3):
        np.testing.assert_array_equal(pool.read_label(index), acquired[index])
        np.testing.assert_array_equal(pool.read_image(index), dataset.read_image(index))


class LabelsOf(Dataset[np.ndarray]):
    """The labels of a pool, as a loader reads them."""

    def __init__(self, pool):
        self.pool = pool

    def __len__(self):
        return len(self.pool)

    def __getitem__(self, index):
        return self.pool.read_label(index)


@pytest.mark.parametrize("was_read_before", [False, True])
def test_labels_are_read_by_the_workers_of_a_loader(tmp_path, was_read_before):
    acquired = write_labels(tmp_path / "labels.h5", make_pool(tmp_path / "pool"))
    dataset = create_dataset("folder", tmp_path / "pool", classes=CLASSES)
    pool = AcquiredPool(dataset, tmp_path / "labels.h5")
    if was_read_before:
        pool.read_label(0)
    found = list(DataLoader(LabelsOf(pool), batch_size=None, num_workers=2))
    np.testing.assert_array_equal(np.stack(found), acquired)


@pytest.mark.parametrize(
    ("size", "num_classes", "message"),
    [
        (SIZE, 19, r"labels.h5 has 19 classes, .*pool 3$"),
        (
            (4, 12),
            3,
            r"labels.h5 is of images of \(8, 12\) px \(height, width\), .*pool has \(4, 12",
        ),
    ],
)
def test_labels_of_another_experiment_are_refused(tmp_path, size, num_classes, message):
    write_labels(tmp_path / "labels.h5", make_pool(tmp_path / "other"), num_classes)
    make_pool(tmp_path / "pool", size)
    dataset = create_dataset("folder", tmp_path / "pool", classes=CLASSES)
    with pytest.raises(UserError, match=message):
        AcquiredPool(dataset, tmp_path / "labels.h5")


class CapturedError(Exception):
    """Holds the pool that a training was about to use."""


@pytest.mark.parametrize("acquired_only", [True, False])
def test_finetune_trains_on_the_labels_that_it_was_given(tmp_path, monkeypatch, acquired_only):
    monkeypatch.chdir(tmp_path)
    truth = make_pool(tmp_path / "pool")
    make_pool(tmp_path / "source")
    acquired = write_labels(tmp_path / "labels.h5", truth)
    trainer = Trainer(SmallNet(len(CLASSES)), TrainingSettings(), torch.device("cpu"), 0)
    checkpoint = Checkpoint(trainer.state(), list(CLASSES), ModelSettings(), Resizing((64, 112)))
    checkpoint.save(tmp_path / "model.pt")

    def capture(source, target, *rest):
        raise CapturedError(target)

    monkeypatch.setattr(loader, "create_loader", capture)
    labels = "--labels labels.h5" if acquired_only else "--all-labels"
    words = f"finetune --checkpoint model.pt {labels} {TRAINING} --until 2 --out out.pt".split()
    with pytest.raises(CapturedError) as captured:
        main(words)
    (target,) = captured.value.args
    found = np.stack([target.read_label(index) for index in range(len(target))])
    expected = acquired if acquired_only else np.stack(list(truth.values()))
    np.testing.assert_array_equal(found, expected)
