import torch

from cbda.models.logits import most_probable, resize_logits


def test_logits_are_resized_bilinearly():
    logits = torch.tensor([[[[0.0, 4.0]]]])
    assert resize_logits(logits, (1, 2)) is logits
    assert resize_logits(logits, (1, 4)).tolist() == [[[[0.0, 1.0, 3.0, 4.0]]]]


def test_most_probable_takes_the_first_class_on_a_tie():
    values = torch.zeros(5, 40, 50)
    values[3:] = 1
    assert most_probable(values).unique().tolist() == [3]
