"""Logits as somebody gives them."""

import builtins

import numpy as np
import pytest
import torch

import cbda

RANDOM = np.random.default_rng(0)
IMAGE = RANDOM.normal(size=(4, 12, 16)).astype(np.float32)
PROBABILITIES = np.exp(IMAGE) / np.exp(IMAGE).sum(axis=0)


def test_batch_is_scored_image_by_image():
    batch = RANDOM.normal(size=(3, 4, 12, 16)).astype(np.float32)
    found = cbda.score_map(batch, "margin", "pixel")
    assert found.score.shape == found.prediction.shape == (3, 12, 16)
    np.testing.assert_array_equal(found.score[2], cbda.score_map(batch[2], "margin", "pixel").score)


def test_tensors_and_arrays_of_half_precision_are_scored():
    tensor = cbda.score_map(torch.from_numpy(IMAGE).half())
    array = cbda.score_map(IMAGE.astype(np.float16))
    np.testing.assert_allclose(tensor.score, array.score, atol=1e-5)


@pytest.mark.parametrize("kind", [np.asarray, torch.from_numpy], ids=["array", "tensor"])
@pytest.mark.parametrize(
    ("values", "message"),
    [
        (IMAGE.transpose(1, 2, 0), r"\(12, 16, 4\); allowed is \(C,H,W\).*if this is \(H,W,C\)"),
        (PROBABILITIES, "are probabilities, which sum to 1 over the classes; give logits, before"),
        (IMAGE[0], r"\(12, 16\); allowed is \(C,H,W\) for every image"),
        (IMAGE[:1], "of one class"),
        (IMAGE.astype(np.int64), "int64; allowed are floating"),
        (np.where(IMAGE > 2, np.nan, IMAGE), "NaN or infinite values"),
    ],
)
def test_what_is_no_logits_is_named_in_one_line(kind, values, message):
    with pytest.raises(cbda.UserError, match=message) as refusal:
        cbda.score_map(kind(values.copy()))
    assert "\n" not in str(refusal.value)


def test_number_of_classes_tells_what_the_shape_leaves_open():
    square = RANDOM.normal(size=(1, 19, 5, 19)).astype(np.float32)
    with pytest.raises(cbda.UserError, match=r"if this is \(H,W,C\)"):
        cbda.Acquisition(["a"], 19, budget=0.5, rounds=1).next([square[0].transpose(1, 0, 2)])
    narrow = RANDOM.normal(size=(9, 30, 5)).astype(np.float32)
    assert cbda.Acquisition(["a"], 9, budget=0.5, rounds=1).next([narrow])


def test_missing_torch_is_one_line(monkeypatch):
    known = builtins.__import__

    def without_torch(name, *args, **kwargs):
        if name.partition(".")[0] == "torch":
            raise ModuleNotFoundError(f"No module named {name!r}", name=name)
        return known(name, *args, **kwargs)

    monkeypatch.setattr(builtins, "__import__", without_torch)
    with pytest.raises(cbda.UserError, match=r"needs torch.*pip install 'cbda\[networks\]'"):
        cbda.score_map(IMAGE, "bald_dropout")
