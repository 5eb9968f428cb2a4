import numpy as np
import torch

from cbda.models.images import resize_image, to_tensor
from cbda.settings.training import TrainingSettings
from cbda.training.augmentation import Augmentation, crop, reduce_label, resize_label

IMAGE = np.random.default_rng(0).integers(0, 256, (6, 8, 3), np.uint8)
LABEL = np.arange(48, dtype=np.uint8).reshape(6, 8)


def uniform(*colour):
    return np.full((2, 2, 3), colour, np.uint8)


def test_image_of_the_right_size_is_left_as_it_is():
    assert resize_image(IMAGE, (6, 8)) is IMAGE
    assert resize_label(LABEL, (6, 8)) is LABEL


def test_size_is_height_and_width():
    assert resize_image(IMAGE, (3, 10)).shape == (3, 10, 3)
    assert resize_label(LABEL, (3, 10)).shape == (3, 10)


def test_image_is_averaged_when_it_shrinks():
    """Stripes of 0 and 200, one pixel wide: away from the border they become their mean."""
    stripes = np.zeros((8, 32, 3), np.uint8)
    stripes[:, ::2] = 200
    assert np.abs(resize_image(stripes, (2, 8))[:, 1:-1].astype(int) - 100).max() <= 2


def test_label_is_taken_from_its_pixels_when_it_shrinks():
    label = np.array([[0, 0, 7, 7], [0, 0, 7, 7]], np.uint8)
    assert resize_label(label, (1, 2)).tolist() == [[0, 7]]
    assert set(np.unique(resize_label(LABEL, (5, 5)))) <= set(range(48))


def test_tensor_is_normalised_by_the_statistics_of_imagenet():
    """(1 - 0.485) / 0.229, (0 - 0.456) / 0.224 and (0.2 - 0.406) / 0.225."""
    tensor = to_tensor(uniform(255, 0, 51))
    assert (tensor.shape, tensor.dtype) == ((3, 2, 2), torch.float32)
    expected = torch.tensor([2.248908, -2.035714, -0.915556])
    torch.testing.assert_close(tensor[:, 0, 0], expected)


def test_no_augmentation_leaves_all_as_it_is():
    np.testing.assert_array_equal(Augmentation().apply_to_image(IMAGE), IMAGE)
    np.testing.assert_array_equal(Augmentation().apply_to_label(LABEL), LABEL)


def test_mirror_swaps_left_and_right_of_both():
    mirror = Augmentation(mirror=True)
    np.testing.assert_array_equal(mirror.apply_to_image(IMAGE)[:, 0], IMAGE[:, -1])
    np.testing.assert_array_equal(mirror.apply_to_label(LABEL)[:, 0], LABEL[:, -1])


def test_mirror_and_colour_go_together():
    image = Augmentation(mirror=True, brightness=0.5).apply_to_image(IMAGE)
    assert np.abs(image[:, 0] - IMAGE[:, -1] / 2).max() <= 1


def test_brightness_scales():
    image = Augmentation(brightness=1.5).apply_to_image(uniform(100, 40, 200))
    assert image[0, 0].tolist() == [150, 60, 255]


def test_contrast_scales_the_distance_to_the_mean_grey():
    """Greys of 50 and 150 have the mean 100."""
    image = uniform(50, 50, 50)
    image[0] = 150
    changed = Augmentation(contrast=0.5).apply_to_image(image)
    assert changed[:, 0, 0].tolist() == [125, 75]


def test_no_saturation_is_grey():
    image = Augmentation(saturation=0.0).apply_to_image(uniform(255, 0, 0))
    assert image[0, 0].tolist() == [76, 76, 76]  # 0.299 * 255


def test_colour_leaves_the_label_as_it_is():
    changed = Augmentation(brightness=1.5, contrast=0.5, saturation=0.0)
    np.testing.assert_array_equal(changed.apply_to_label(LABEL), LABEL)


def draw(num, **settings):
    rng = np.random.default_rng(0)
    return [Augmentation.draw(TrainingSettings(**settings), rng) for _ in range(num)]


def test_draw_stays_within_the_settings():
    draws = draw(200, horizontal_flip=True, color_jitter=0.3)
    factors = np.array([(a.brightness, a.contrast, a.saturation) for a in draws])
    assert 0.7 <= factors.min() < 0.72
    assert 1.28 < factors.max() <= 1.3
    assert 70 < sum(a.mirror for a in draws) < 130


def test_draw_without_any_range_changes_nothing():
    assert set(draw(20, horizontal_flip=False, color_jitter=0.0)) == {Augmentation()}


def test_draw_depends_on_the_generator_alone():
    assert draw(5, color_jitter=0.3) == draw(5, color_jitter=0.3)


def test_reduction_prefers_a_label_to_none():
    """4x4 to 2x2; nearest would take the pixels of odd rows and columns."""
    label = np.full((4, 4), 255, np.uint8)
    label[0, 0], label[0, 1], label[3, 3], label[2, 2] = 1, 2, 3, 4
    assert resize_label(label, (2, 2)).tolist() == [[255, 255], [255, 3]]
    assert reduce_label(label, (2, 2)).tolist() == [[1, 255], [255, 3]]


def test_reduction_of_a_full_label_is_nearest():
    label = np.random.default_rng(0).integers(0, 5, (20, 31), np.uint8)
    assert (reduce_label(label, (13, 17)) == resize_label(label, (13, 17))).all()


def test_crop_is_cut_at_the_own_resolution():
    pixels = np.arange(8 * 12, dtype=np.uint8).reshape(8, 12)
    for at, corner in (((0.0, 0.0), 0), ((0.999, 0.999), 4 * 12 + 6)):
        part = crop(pixels, (2, 3), (4, 6), at)  # the network would see half of every side
        assert part.shape == (4, 6)
        assert part[0, 0] == corner
    assert crop(pixels, (4, 6), (4, 6), (0.7, 0.7)).shape == (8, 12)
