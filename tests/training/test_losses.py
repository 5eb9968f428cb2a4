import math

import pytest
import torch
from torch.nn import functional

from cbda.training.losses import (
    as_rows,
    class_boundary,
    cross_entropy,
    laplacian_boundary,
    local_consistency,
    negative_learning,
)

VOID = 255


def logits_of(probability):
    """(1,2,H,W) logits of two classes, from the probability of class 0, (H,W)."""
    first = torch.tensor(probability)
    return torch.log(torch.stack([first, 1 - first]))[None].requires_grad_()


def label_of(label):
    return torch.tensor(label)[None]


def test_cross_entropy_is_the_mean_over_labelled_pixels():
    """-(log 1/2 + log 1/4) / 2 = 1.5 log 2; the third pixel has no label."""
    loss = cross_entropy(logits_of([[0.5, 0.75, 0.1]]), label_of([[0, 1, VOID]]))
    assert loss.item() == pytest.approx(1.5 * math.log(2))


def test_class_boundary_is_the_3x3_neighbourhood_of_a_change():
    label = label_of([[0, 0, 0, 0, 0], [0, 0, 0, 0, 0], [0, 0, 0, 0, 7]])
    expected = [[0, 0, 0, 0, 0], [0, 0, 0, 1, 1], [0, 0, 0, 1, 1]]
    assert class_boundary(label)[0].int().tolist() == expected


def test_image_border_is_no_class_boundary():
    assert not class_boundary(torch.full((2, 4, 5), 3)).any()


def test_laplacian_takes_the_border_for_a_boundary_unless_its_class_is_0():
    """A class in the middle of its 3x3 neighbours is none where they cancel out."""
    border = [[1, 1, 1], [1, 0, 1], [1, 1, 1]]
    assert laplacian_boundary(torch.full((1, 3, 3), 5))[0].int().tolist() == border
    assert not laplacian_boundary(torch.zeros(1, 3, 3)).any()
    assert not laplacian_boundary(label_of([[0, 0, 0], [3, 4, 5], [8, 8, 8]]))[0, 1, 1]


def test_images_of_a_batch_have_boundaries_of_their_own():
    label = torch.stack([torch.zeros(3, 3), torch.ones(3, 3)]).long()
    assert not class_boundary(label).any()


def test_local_consistency_is_the_distance_to_the_mean_on_boundaries():
    """One row is replicated above and below, and at its ends.

    Probabilities of class 0 are 0.9, 0.9, 0.3, 0.3; their means over 3 are 0.9, 0.7, 0.5, 0.3.
    The boundary is columns 1 and 2, where both are 0.2 off, for both classes: 2 * 0.2.
    """
    loss = local_consistency(logits_of([[0.9, 0.9, 0.3, 0.3]]), label_of([[0, 0, 1, 1]]))
    assert loss.item() == pytest.approx(0.4)


def test_local_consistency_leaves_out_void_pixels():
    """Void lies beside both of the others, so all are boundary, but it is not counted itself.

    Probabilities 0.9, 0.3, 0.3: means 0.7, 0.5, 0.3; distances 0.2, (0.2), 0 for both classes.
    """
    loss = local_consistency(logits_of([[0.9, 0.3, 0.3]]), label_of([[0, VOID, 0]]))
    assert loss.item() == pytest.approx((2 * 0.2 + 0) / 2)


def test_negative_learning_is_the_mean_over_improbable_classes():
    """Below 0.05: 0.04 of class 1 and 0.01 of class 0."""
    loss = negative_learning(logits_of([[0.96, 0.5, 0.01]]), 0.05)
    expected = -(math.log(0.96) + math.log(0.99)) / 2
    assert loss.item() == pytest.approx(expected, abs=2e-6)


def test_negative_learning_pushes_improbable_classes_down_only():
    logits = logits_of([[0.96, 0.5]])
    negative_learning(logits, 0.05).backward()
    assert logits.grad is not None
    assert logits.grad[0, 1, 0, 0] > 0
    assert logits.grad[0, :, 0, 1].tolist() == [0, 0]


@pytest.mark.parametrize(
    "loss_of",
    [
        lambda logits: cross_entropy(logits, label_of([[VOID] * 3] * 3)),
        lambda logits: local_consistency(logits, label_of([[VOID] * 3] * 3)),
        lambda logits: local_consistency(logits, label_of([[1] * 3] * 3)),
        lambda logits: negative_learning(logits, 0.05),
    ],
    ids=["cross_entropy", "consistency void", "consistency no boundary", "negative"],
)
def test_nothing_to_learn_from_gives_0_and_no_gradient(loss_of):
    logits = logits_of([[0.4, 0.5, 0.6]] * 3)
    loss = loss_of(logits)
    loss.backward()
    assert loss.item() == 0
    assert logits.grad is not None
    assert (logits.grad == 0).all()


def test_gradients_are_finite_for_a_certain_network():
    logits = (1e4 * torch.tensor([[1.0, -1.0, 1.0]] * 3)).repeat(2, 1, 1)[None]
    logits[0, 1] *= -1
    logits.requires_grad_()
    label = label_of([[0, 1, 1]] * 3)
    total = (
        cross_entropy(logits, label)
        + local_consistency(logits, label)
        + negative_learning(logits, 0.05)
    )
    total.backward()
    assert logits.grad is not None
    assert torch.isfinite(total)
    assert torch.isfinite(logits.grad).all()


def test_rows_of_pixels_have_the_same_cross_entropy():
    generator = torch.Generator().manual_seed(0)
    logits = torch.randn(2, 3, 4, 5, generator=generator).to(memory_format=torch.channels_last)
    label = torch.randint(0, 3, (2, 4, 5), generator=generator)
    rows, labels = as_rows(logits, label)
    assert (rows.shape, labels.shape) == ((40, 3), (40,))
    torch.testing.assert_close(
        functional.cross_entropy(rows, labels), functional.cross_entropy(logits, label)
    )
