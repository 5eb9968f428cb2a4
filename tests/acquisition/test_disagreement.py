import math

import torch

from cbda.acquisition.disagreement import bald, consensus, mean_entropy
from cbda.acquisition.scores import bald_dropout

SURE, OTHER, TORN = (1.0, 0.0), (0.0, 1.0), (0.5, 0.5)


def views_of(*rows):
    """Views of one row of pixels, each by its class probabilities."""
    return (torch.log(torch.tensor(row).T[:, None]).clamp(min=-100) for row in rows)


def test_bald_is_that_computed_by_hand():
    """Sure views that contradict each other: log 2 of log 2; torn ones agree; 3/4 of each: 0.19."""
    score, prediction = bald(
        views_of([SURE, TORN, SURE, (0.75, 0.25)], [OTHER, TORN, SURE, (0.25, 0.75)]), 1
    )
    expected = [1, 0, 0, 1 - 0.811278]
    torch.testing.assert_close(score[0], torch.tensor(expected), atol=1e-5, rtol=0)
    assert prediction[0, 2] == 0


def test_mean_entropy_is_that_computed_by_hand():
    score, _ = mean_entropy(views_of([SURE, TORN, SURE], [OTHER, TORN, TORN]), 1)
    torch.testing.assert_close(score, torch.tensor([[0.0, 1.0, 0.5]]), atol=1e-5, rtol=0)


def test_bald_of_a_region_is_the_mean_over_its_window():
    views = [SURE, TORN, SURE], [OTHER, TORN, SURE]
    score, _ = bald_dropout.region(views_of(*views), 1)
    torch.testing.assert_close(score[0], torch.tensor([1 / 2, 1 / 3, 0.0]), atol=1e-5, rtol=0)


def test_prediction_is_that_of_the_mean():
    found = consensus(views_of([(0.9, 0.1)], [(0.4, 0.6)], [(0.4, 0.6)]))
    assert found.prediction.tolist() == [[0]]


def test_views_are_taken_one_at_a_time():
    """No view is asked for before the last one was used up."""
    alive = []

    def views():
        for _ in range(5):
            alive.append(torch.randn(3, 4, 5))
            yield alive.pop()

    assert consensus(views()).mean_entropy.shape == (4, 5)
    assert math.isfinite(consensus(views()).entropy_of_mean.sum())
