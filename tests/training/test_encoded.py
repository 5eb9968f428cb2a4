"""Batches of features, in place of images."""

import numpy as np
import pytest
import torch

from cbda.files.features import Encoding, FeatureFile
from cbda.settings.training import TrainingSettings
from cbda.training.encoded import EncodedImages
from cbda.training.loader import create_loader
from tests.pictures import random_pictures
from tests.sections import replace

SETTINGS = TrainingSettings(batch_size=2, image_size=(8, 12))
LABELS = random_pictures(4, 8, 12, 3, seed=0)
SHAPES = {4: (2, 2, 3), 8: (3, 1, 2)}


@pytest.fixture
def images(tmp_path):
    """Features of image n are n, those of the mirrored one n + 0.5."""
    path = tmp_path / "features.h5"
    encoding = Encoding("any", "", "float32", "float16", "bilinear", (4, 8), (2, 3))
    place = (path, list("abcd"), encoding, (8, 12), SHAPES)
    with FeatureFile.create(*place, mirrored=True) as write:
        write(("", features_of(n)) for n in range(4))
    return EncodedImages(LABELS, path)


def features_of(n):
    return [np.full(shape, n + half, np.float16) for half in (0, 0.5) for shape in SHAPES.values()]


def batches(images, **changes):
    return list(create_loader(images, images, replace(SETTINGS, **changes), 0, 0, 6))


def test_label_is_mirrored_where_the_features_are(images):
    seen = set()
    for batch in batches(images):
        for fine, coarse, label in zip(*batch.source_image, batch.source_label, strict=True):
            number = fine.max().item()
            assert (fine.shape, coarse.shape) == (SHAPES[4], SHAPES[8])
            assert (fine == number).all()
            assert (coarse == number).all()
            expected = LABELS.labels[int(number)]
            mirrored = number % 1 > 0
            np.testing.assert_array_equal(label, expected[:, ::-1] if mirrored else expected)
            seen.add(mirrored)
    assert seen == {False, True}


def test_without_mirroring_no_mirrored_features_are_read(images):
    found = [batch.target_image[0] % 1 for batch in batches(images, horizontal_flip=False)]
    assert not torch.stack(found).any()


def test_features_do_not_depend_on_the_number_of_workers(images):
    alone, many = batches(images), batches(images, num_workers=2)
    for one, other in zip(alone, many, strict=True):
        assert torch.equal(one.source_label, other.source_label)
        for maps, same in zip(one.source_image, other.source_image, strict=True):
            assert torch.equal(maps, same)
