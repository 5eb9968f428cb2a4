"""Windows of queries."""

import numpy as np

from cbda import Query, label_mask


def test_window_is_clipped_at_the_border():
    assert np.zeros((5, 7))[Query("a", 0, 6, 1).window].shape == (2, 2)
    assert np.zeros((5, 7))[Query("a", 2, 3, 0).window].shape == (1, 1)


def test_mask_holds_the_windows_of_its_image_alone():
    queries = [Query("a", 1, 1, 1), Query("b", 3, 3, 0)]
    assert label_mask(queries, "a", (5, 7)).sum() == 9
    assert np.argwhere(label_mask(queries, "b", (5, 7))).tolist() == [[3, 3]]
