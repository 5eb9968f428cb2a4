"""Windows counted in a label file: two images of 6x8 px, radius 1."""

import numpy as np
import pytest

from cbda.files.labels import LabelFile
from cbda.results.windows import count_windows
from tests.pools import summarise, write_labels

QUERIES = [[1, 0, 1, 1], [1, 1, 0, 0], [2, 0, 4, 6], [2, 1, 3, 4]]


@pytest.fixture
def maps():
    """Round 1: a pure window, and one of 4 px at a corner that is mixed with void.

    Round 2: a window of 9 px of three classes, and one that is all void.
    """
    label = np.full((2, 6, 8), 255, np.uint8)
    label[0, 0:3, 0:3] = 1
    label[1, 0:2, 0:2] = [[2, 2], [255, 2]]
    label[0, 3:6, 5:8] = [[0, 1, 2]] * 3
    return label


def count(tmp_path, maps, num_threads=1, **parts):
    summary = summarise([[1, 1, 1]] * 2, **{"unit": "region", "radius": 1, **parts})
    path = write_labels(tmp_path / "labels.h5", ["a", "b"], maps, maps * 0, summary, QUERIES)
    with LabelFile.open(path) as labels:
        return count_windows(labels, num_threads)


@pytest.mark.parametrize("num_threads", [1, 2])
def test_windows_are_counted_as_by_hand(tmp_path, maps, num_threads):
    counts = count(tmp_path, maps, num_threads)
    assert counts.queries.tolist() == [2, 4]
    assert counts.mixed_queries.tolist() == [1, 2]
    assert counts.classes.tolist() == [3, 7]
    assert counts.mixed_px.tolist() == [4, 13]


def test_window_of_a_pixel_holds_one_class(tmp_path, maps):
    counts = count(tmp_path, maps, unit="pixel")
    assert (counts.mixed_queries.tolist(), counts.classes.tolist()) == ([0, 0], [2, 4])


def test_round_without_queries_adds_nothing(tmp_path, maps):
    summary = summarise([[1, 1, 1]] * 3, unit="region", radius=1)
    path = write_labels(tmp_path / "labels.h5", ["a", "b"], maps, maps * 0, summary, QUERIES)
    with LabelFile.open(path) as labels:
        assert count_windows(labels).queries.tolist() == [2, 4, 4]
