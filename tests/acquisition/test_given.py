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


@pytest.mark.parametrize("score", ["ripu", "margin", "random"])
@pytest.mark.parametrize(
    "change",
    [
        lambda values: np.asfortranarray(values),
        lambda values: np.repeat(values, 2, axis=2)[:, :, ::2],
        lambda values: values[:, ::-1].copy()[:, ::-1],
        lambda values: np.frombuffer(values.tobytes(), np.float32).reshape(values.shape),
        lambda values: values.astype(">f4"),
    ],
    ids=["columns", "strided", "backwards", "read-only", "big-endian"],
)
def test_how_an_array_lies_in_the_memory_is_no_matter(change, score):
    expected, found = cbda.score_map(IMAGE, score), cbda.score_map(change(IMAGE), score)
    np.testing.assert_allclose(found.score, expected.score, atol=1e-6)


@pytest.mark.parametrize("dtype", [torch.bfloat16, torch.float16, torch.float32, torch.float64])
def test_tensors_of_any_precision_and_with_gradients_are_scored(dtype):
    tensor = torch.from_numpy(IMAGE).to(dtype).requires_grad_()
    found, expected = cbda.score_map(tensor), cbda.score_map(tensor.detach().float().numpy())
    np.testing.assert_allclose(found.score, expected.score, atol=1e-5)


@pytest.mark.parametrize("change", [">f4", "f4"])
def test_score_of_tensors_takes_arrays_that_torch_does_not(tmp_path, monkeypatch, change):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "own.py").write_text("def score(logits, radius):\n    return logits[0]\n")
    values = np.frombuffer(IMAGE.astype(change).tobytes(), change).reshape(IMAGE.shape)
    found = cbda.score_map(values[:, ::-1], "own.py:score")
    np.testing.assert_array_equal(found.score, IMAGE[0, ::-1])


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"logits": np.ma.masked_greater(IMAGE, 1)}, "logits: a masked array"),
        ({"logits": IMAGE.tolist()}, "logits: list; allowed is"),
        ({"logits": None}, "logits: NoneType; allowed is"),
        ({"logits": IMAGE[:, :0]}, "allowed are images of one pixel and more"),
        ({"logits": IMAGE[None][:0]}, "a batch of no images"),
        ({"score": 3}, "score 3: allowed are "),
        ({"unit": None}, "unit None: allowed are region, pixel"),
        ({"unit": "image"}, "unit 'image'"),
        ({"radius": 1.0}, "radius 1.0: allowed are whole numbers from 0 to 10000"),
        ({"seed": True}, "seed True"),
    ],
)
def test_wrong_argument_of_a_score_map_is_one_line(change, message):
    with pytest.raises(cbda.UserError, match=message) as refusal:
        cbda.score_map(**{"logits": IMAGE, **change})
    assert "\n" not in str(refusal.value)


def test_batches_of_score_maps_are_chosen_from():
    batch = cbda.score_map(RANDOM.normal(size=(2, 4, 12, 16)).astype(np.float32))
    found = cbda.choose_queries(["a", "b"], [batch], 4, num_classes=4)
    assert {query.image for query in found} <= {"a", "b"}


@pytest.mark.parametrize("kind", [np.asarray, torch.from_numpy], ids=["array", "tensor"])
@pytest.mark.parametrize(
    ("values", "message"),
    [
        (IMAGE.transpose(1, 2, 0), r"\(12, 16, 4\); allowed is \(C,H,W\).*if this is \(H,W,C\)"),
        (
            PROBABILITIES,
            "are probabilities, which sum to one number over the classes; give logits, before",
        ),
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


HALVES = [(np.float16, torch.float16), (np.float32, torch.bfloat16), (np.float64, torch.float64)]


@pytest.mark.parametrize(("array", "tensor"), HALVES)
@pytest.mark.parametrize("unit", [1, 100])
def test_probabilities_are_refused_in_any_precision_and_unit(array, tensor, unit):
    sure = np.exp(4 * RANDOM.normal(size=(19, 40, 60)))
    values = unit * sure / sure.sum(axis=0)
    values[:, :, :3] = 0  # beyond the border of a padded image
    for given in (values.astype(array), torch.from_numpy(values).to(tensor)):
        with pytest.raises(cbda.UserError, match="are probabilities"):
            cbda.score_map(given)


def test_outputs_of_a_sigmoid_are_refused():
    with pytest.raises(cbda.UserError, match=r"within 0 and 1, .*give logits, before the sigmoid"):
        cbda.score_map(1 / (1 + np.exp(-4 * RANDOM.normal(size=(4, 30, 40)))))


@pytest.mark.parametrize(
    "values",
    [
        np.zeros((4, 8, 9), np.float32),
        np.full((4, 8, 9), 7.0),
        np.broadcast_to(np.array([0.3, 0.9])[:, None, None], (2, 8, 9)),
        0.4 + 1e-4 * RANDOM.normal(size=(2, 8, 9)),
        np.array([0.2, 0.9])[:, None, None],
        np.maximum(5 * IMAGE, 0),
    ],
    ids=["zeros", "constant", "bias", "small weights", "pixel", "rectified"],
)
def test_logits_that_are_nowhere_negative_are_scored(values):
    for given in (values, torch.tensor(values)):
        assert cbda.score_map(given, "margin").score.shape == values.shape[1:]


@pytest.mark.parametrize("kind", [np.asarray, torch.from_numpy], ids=["array", "tensor"])
def test_numbers_beyond_single_precision_are_refused(kind):
    with pytest.raises(cbda.UserError, match="infinite values, as float32"):
        cbda.score_map(kind(IMAGE.astype(np.float64) * 1e300))


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
