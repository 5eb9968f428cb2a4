import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import torch

from cbda.compute.seeds import Stream
from cbda.errors import UserError
from cbda.models.images import to_tensor
from cbda.settings.training import TrainingSettings
from cbda.training.loader import create_loader
from cbda.training.order import shuffled_index
from tests.pictures import Pictures, random_pictures
from tests.sections import replace

SETTINGS = TrainingSettings(
    batch_size=3, image_size=(8, 12), horizontal_flip=True, color_jitter=0.3, num_workers=0
)
PLAIN = replace(SETTINGS, horizontal_flip=False, color_jitter=0.0)
SOURCE = random_pictures(5, 16, 24, 4, seed=1)
TARGET = random_pictures(7, 20, 30, 4, seed=2)


def batches(start=0, stop=6, source=SOURCE, target=TARGET, settings=SETTINGS, seed=0):
    return list(create_loader(source, target, settings, seed, start, stop))


def assert_equal(some, others):
    assert len(some) == len(others) > 0
    for one, other in zip(some, others, strict=True):
        for tensor, same in zip(one, other, strict=True):
            assert torch.equal(tensor, same)


@pytest.fixture(scope="module")
def uninterrupted():
    return batches()


def test_batches_do_not_depend_on_the_number_of_workers(uninterrupted):
    assert_equal(uninterrupted, batches(settings=replace(SETTINGS, num_workers=2)))


KEPT = """
import sys
from tests.training.test_loader import SETTINGS, SOURCE, TARGET, create_loader, replace

iterator = iter(create_loader(SOURCE, TARGET, replace(SETTINGS, num_workers=1), 0, 0, 99))
next(iterator)
sys.kept = iterator  # as a traceback does
sys.exit(3)
"""


def test_a_process_ends_though_something_keeps_its_workers():
    root = Path(__file__).parents[2]
    done = subprocess.run([sys.executable, "-c", KEPT], cwd=root, timeout=60, check=False)
    assert done.returncode == 3


@pytest.mark.parametrize("cut", [1, 2, 5])
def test_batches_do_not_depend_on_where_a_run_is_cut(uninterrupted, cut):
    assert_equal(uninterrupted, batches(0, cut) + batches(cut, 6))


def test_batches_do_not_depend_on_global_randomness(uninterrupted):
    np.random.seed(5)
    torch.manual_seed(5)
    assert_equal(uninterrupted, batches())


def test_seeds_differ(uninterrupted):
    other = batches(seed=1)
    assert not all(
        torch.equal(one.source_image, two.source_image)
        for one, two in zip(uninterrupted, other, strict=True)
    )


def test_batches_have_the_size_and_type_of_the_settings(uninterrupted):
    """Source labels are at the size of training, target labels keep their own."""
    batch = uninterrupted[0]
    assert batch.source_image.shape == batch.target_image.shape == (3, 3, 8, 12)
    assert batch.source_label.shape == (3, 8, 12)
    assert batch.target_label.shape == (3, 20, 30)
    assert batch.source_image.dtype == batch.target_image.dtype == torch.float32
    assert batch.source_label.dtype == batch.target_label.dtype == torch.uint8


def test_length_is_the_number_of_iterations():
    assert len(create_loader(SOURCE, TARGET, SETTINGS, 0, 4, 10)) == 6


def test_every_epoch_visits_every_image_once():
    """7 epochs of 5 source images, 5 of 7 target images: 35 of each."""
    source, target = random_pictures(5, 8, 12, 2, seed=1), random_pictures(7, 8, 12, 2, seed=1)
    settings = replace(SETTINGS, batch_size=5)
    assert len(batches(0, 7, source, target, settings)) == 7
    for pictures in (source, target):
        epochs = np.array(pictures.reads).reshape(-1, len(pictures))
        assert (np.sort(epochs) == np.arange(len(pictures))).all()
        assert len({tuple(epoch) for epoch in epochs}) > 1


def test_domains_are_shuffled_apart():
    orders = [
        [shuffled_index(0, stream, 10, position) for position in range(10)]
        for stream in (Stream.SOURCE_ORDER, Stream.TARGET_ORDER)
    ]
    assert sorted(orders[0]) == sorted(orders[1]) == list(range(10))
    assert orders[0] != orders[1]


def test_loader_gives_the_source_alone_without_a_target():
    for batch in batches(target=None):
        assert batch.target_image is None
        assert batch.target_label is None


def test_source_is_the_same_with_and_without_a_target():
    assert_equal([b[:2] for b in batches(target=None)], [b[:2] for b in batches(settings=SETTINGS)])


def test_image_and_label_belong_together():
    """The red of a pixel is its label; flipping must not part them."""
    labels = list(np.arange(3 * 4 * 6, dtype=np.uint8).reshape(3, 4, 6))
    pictures = Pictures([np.stack([x, x, x], axis=2) for x in labels], labels)
    settings = replace(PLAIN, image_size=(4, 6), horizontal_flip=True)
    flipped = 0
    for batch in batches(0, 4, pictures, pictures, settings):
        for images, label in (batch[:2], batch[2:]):
            expected = [to_tensor(np.stack([x, x, x], axis=2)) for x in label.numpy().astype("u1")]
            torch.testing.assert_close(images, torch.stack(expected))
            flipped += int((label[:, 0, 0] > label[:, 0, 1]).sum())
    assert 0 < flipped < 24  # of 4 * 2 * 3 images


def test_source_may_have_a_size_of_its_own():
    batch = batches(0, 1, settings=replace(SETTINGS, source_size=(10, 14)))[0]
    assert batch.source_image.shape[-2:] == batch.source_label.shape[-2:] == (10, 14)
    assert batch.target_image.shape[-2:] == (8, 12)


def test_crops_of_image_and_label_belong_together():
    """The red of a pixel is its label; crops are cut before anything is resized."""
    labels = list(np.arange(2 * 8 * 12, dtype=np.uint8).reshape(2, 8, 12))
    pictures = Pictures([np.stack([x, x, x], axis=2) for x in labels], labels)
    settings = replace(PLAIN, image_size=(8, 12), crop_size=(4, 6))
    corners = set()
    for batch in batches(0, 6, pictures, pictures, settings):
        for images, label in (batch[:2], batch[2:]):
            assert label.shape == (3, 4, 6)
            expected = [to_tensor(np.stack([x, x, x], axis=2)) for x in label.numpy().astype("u1")]
            torch.testing.assert_close(images, torch.stack(expected))
            corners.update(label[:, 0, 0].tolist())
    assert len(corners) > 10


def acquired_pool():
    """One image of Cityscapes' size with 1000 acquired 3x3 regions, far apart."""
    label = np.full((1024, 2048), 255, np.uint8)
    for number in range(1000):
        row, column = divmod(number, 50)
        top, left = 50 * row + number % 7, 40 * column + number % 37
        label[top : top + 3, left : left + 3] = number % 4
    return Pictures([np.zeros((1024, 2048, 3), np.uint8)], [label])


@pytest.mark.parametrize(
    ("reduction", "lowest", "highest"),
    [("none", 9000, 9000), ("nearest", 3450, 3570), ("labelled", 5000, 5400)],
)
def test_reduction_decides_how_many_pixels_reach_the_loss(reduction, lowest, highest):
    """RIPU's way leaves (1280*640)/(2048*1024) = 39 % of 9000 labelled pixels."""
    settings = replace(PLAIN, image_size=(640, 1280), batch_size=1, label_reduction=reduction)
    label = batches(0, 1, SOURCE, acquired_pool(), settings)[0].target_label
    assert lowest <= int((label != 255).sum()) <= highest


def test_no_acquired_pixel_is_lost_to_the_reduction():
    """Single pixels, of which nearest loses most: each is found in the cell that covers it."""
    label = np.full((1024, 2048), 255, np.uint8)
    rng = np.random.default_rng(0)
    rows, columns = rng.integers(0, 1024, 500), rng.integers(0, 2048, 500)
    label[rows, columns] = 1
    pool = Pictures([np.zeros((1024, 2048, 3), np.uint8)], [label])
    settings = replace(PLAIN, image_size=(640, 1280), batch_size=1, label_reduction="labelled")
    reduced = batches(0, 1, SOURCE, pool, settings)[0].target_label[0].numpy()
    assert (reduced[rows * 640 // 1024, columns * 1280 // 2048] == 1).all()


def test_balanced_sampling_does_not_depend_on_workers_or_cuts():
    presence = np.eye(5, 4, dtype=np.bool_)
    settings = replace(SETTINGS, source_sampling="class_balanced")

    def load(start, stop, **changes):
        changed = replace(settings, **changes)
        return list(create_loader(SOURCE, TARGET, changed, 0, start, stop, presence))

    whole = load(0, 6)
    assert_equal(whole, load(0, 2) + load(2, 6, num_workers=2))
    seen = {index for index in range(5) if presence[index].any()}
    source = random_pictures(5, 8, 12, 2, seed=1)
    list(create_loader(source, None, settings, 0, 0, 6, presence))
    assert set(source.reads) == seen  # the last image has none of the classes


def test_class_balanced_sampling_without_statistics_is_an_error():
    settings = replace(SETTINGS, source_sampling="class_balanced")
    with pytest.raises(UserError, match="needs the source's statistics"):
        create_loader(SOURCE, TARGET, settings, 0, 0, 1)
