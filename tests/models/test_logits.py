import torch

from cbda.models.logits import at_least_float32, most_probable, resize_logits


def test_logits_are_resized_bilinearly():
    logits = torch.tensor([[[[0.0, 4.0]]]])
    assert resize_logits(logits, (1, 2)) is logits
    assert resize_logits(logits, (1, 4)).tolist() == [[[[0.0, 1.0, 3.0, 4.0]]]]


def test_logits_of_aligned_corners_keep_them():
    logits = torch.tensor([[[[0.0, 4.0]]]])
    assert resize_logits(logits, (1, 5), align_corners=True).tolist() == [[[[0.0, 1, 2, 3, 4]]]]


def test_half_precision_alone_becomes_float32():
    for dtype, expected in ((torch.bfloat16, torch.float32), (torch.float64, torch.float64)):
        assert at_least_float32(torch.zeros(1, dtype=dtype)).dtype == expected


def test_most_probable_takes_the_first_class_on_a_tie():
    values = torch.zeros(5, 40, 50)
    values[3:] = 1
    assert most_probable(values).unique().tolist() == [3]
