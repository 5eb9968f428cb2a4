import pytest
import torch

from cbda.models.logits import resize_logits
from cbda.settings.training import LossSettings, TrainingSettings
from cbda.training import sparse, trainer
from cbda.training.losses import cross_entropy
from cbda.training.sparse import is_sparse, labelled_logits, sparse_cross_entropy

VOID = 255
SIZES = [
    ((6, 8), (24, 32)),
    ((5, 7), (23, 31)),
    ((9, 9), (9, 9)),
    ((1, 3), (8, 5)),
    ((8, 6), (4, 3)),
]


def draw(size, label_size, share, num_classes=4):
    rng = torch.Generator().manual_seed(0)
    logits = torch.randn(2, num_classes, *size, generator=rng, dtype=torch.float64)
    label = torch.randint(0, num_classes, (2, *label_size), generator=rng)
    label[torch.rand(label.shape, generator=rng) >= share] = VOID
    return logits.requires_grad_(), label


@pytest.mark.parametrize(("size", "label_size"), SIZES)
@pytest.mark.parametrize("aligned", [False, True])
def test_labelled_logits_are_those_of_the_enlarged_map(size, label_size, aligned):
    logits, label = draw(size, label_size, 0.5)
    enlarged = resize_logits(logits, label_size, aligned).permute(0, 2, 3, 1)
    rows, classes = labelled_logits(logits, label, aligned)
    torch.testing.assert_close(rows, enlarged[label != VOID])
    assert torch.equal(classes, label[label != VOID])


@pytest.mark.parametrize("share", [0.01, 0.3, 1.0])
@pytest.mark.parametrize(("size", "label_size"), SIZES)
@pytest.mark.parametrize("aligned", [False, True])
def test_gradient_is_that_of_the_dense_one(size, label_size, share, aligned):
    logits, label = draw(size, label_size, share)
    losses = [
        sparse_cross_entropy(logits, label, aligned),
        cross_entropy(resize_logits(logits, label_size, aligned), label),
    ]
    one, other = (torch.autograd.grad(loss, logits)[0] for loss in losses)
    torch.testing.assert_close(losses[0], losses[1], rtol=0, atol=1e-12)
    torch.testing.assert_close(one, other, rtol=0, atol=1e-12)


def test_without_a_label_the_loss_is_0_and_has_a_gradient():
    logits, label = draw((3, 3), (6, 6), 0.0)
    loss = sparse_cross_entropy(logits, label)
    loss.backward()
    assert loss.item() == 0
    assert not logits.grad.any()


@pytest.mark.parametrize(
    ("labelled", "side", "expected"), [(0.05, 256, True), (0.15, 256, False), (0.05, 255, False)]
)
def test_share_of_labelled_pixels_and_size_of_the_map_decide(labelled, side, expected):
    label = torch.full((1, side, side), VOID)
    label.view(-1)[: int(labelled * side * side)] = 0
    assert is_sparse(label) == expected


def test_gradient_is_the_same_whatever_the_number_of_threads():
    logits, label = draw((60, 80), (240, 320), 0.1)
    logits = logits.float().detach().requires_grad_()
    found, before = [], torch.get_num_threads()
    for num_threads in (1, 4, 4):
        torch.set_num_threads(num_threads)
        found += torch.autograd.grad(sparse_cross_entropy(logits, label), logits)
    torch.set_num_threads(before)
    assert torch.equal(found[0], found[1])
    assert torch.equal(found[1], found[2])


@pytest.mark.parametrize("aligned", [False, True])
@pytest.mark.parametrize("negative", [0.0, 1.0])
def test_target_terms_are_the_same_however_they_are_computed(monkeypatch, negative, aligned):
    logits, label = draw((6, 8), (24, 32), 0.05)
    loss = LossSettings(negative=negative, negative_threshold=0.2)
    settings = TrainingSettings(loss=loss, align_corners=aligned)
    dense = trainer.target_terms(logits, label, settings)
    monkeypatch.setattr(sparse, "FEWEST_PX", 0)
    monkeypatch.delattr(trainer, "cross_entropy")  # which looks at the whole map
    found = trainer.target_terms(logits, label, settings)
    assert list(found) == list(dense) == ["target", "negative"][: 1 + bool(negative)]
    torch.testing.assert_close(found, dense, rtol=0, atol=1e-12)
