from dataclasses import replace

import numpy as np
import pytest
import torch

from cbda.datasets.transforms import to_tensor
from cbda.loader import Stream, create_loader, derive_seed
from cbda.sampling import shuffled_index
from cbda.settings import TrainingSettings
from tests.pictures import Pictures, random_pictures

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


def test_size_and_type(uninterrupted):
    """Source labels are at the size of training, target labels keep their own."""
    batch = uninterrupted[0]
    assert batch.source_image.shape == batch.target_image.shape == (3, 3, 8, 12)
    assert batch.source_label.shape == (3, 8, 12)
    assert batch.target_label.shape == (3, 20, 30)
    assert batch.source_image.dtype == batch.target_image.dtype == torch.float32
    assert batch.source_label.dtype == batch.target_label.dtype == torch.int64


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


def test_source_alone():
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


def test_derived_seeds_are_apart():
    """Within a stream, paths are of one length."""
    paths = [(0, 0), (0, 1), (1, 0), (1, 1)]
    seeds = {derive_seed(s, stream, *path) for s in (0, 1) for stream in Stream for path in paths}
    assert len(seeds) == 2 * len(Stream) * len(paths)
    assert all(0 <= seed < 2**63 for seed in seeds)
    assert derive_seed(3, Stream.DROPOUT, 4) == derive_seed(3, Stream.DROPOUT, 4)
