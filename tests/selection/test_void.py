"""Rounds around what the model takes for void."""

import numpy as np
import pytest

from cbda.acquisition.methods import ResolvedMethod
from cbda.acquisition.parts import excluded_pixels
from cbda.selection.round import Round
from tests.pools import make_pool, write_scores
from tests.selection.rounds import acquire, changed, read

SHAPE, NUM_CLASSES = (3, 12, 16), 2
IDS = [f"image{index}" for index in range(SHAPE[0])]
RNG = np.random.default_rng(0)
SCORE = RNG.random(SHAPE).astype(np.float32)
LABELS = RNG.integers(0, NUM_CLASSES, SHAPE).astype(np.uint8)
VOID = np.zeros(SHAPE, bool)
VOID[:, :, 9:] = True
METHOD = ResolvedMethod(radius=1, random_fraction=0.3)
ROUND = Round(METHOD, budget=0.1, rounds=1, number=1, seed=0, num_classes=NUM_CLASSES)


@pytest.mark.parametrize(
    "parts",
    [
        {"allocation": "per_image"},
        {"allocation": "dynamic", "balance": "quota"},
        {"allocation": "stratified"},
        {"allocation": "dynamic", "unit": "pixel"},
    ],
)
def test_no_query_is_at_what_is_taken_for_void(tmp_path, parts):
    oracle = make_pool(tmp_path / "pool", dict(zip(IDS, LABELS, strict=True)), NUM_CLASSES)
    given = IDS, SCORE, LABELS, NUM_CLASSES, 1
    plain = write_scores(tmp_path / "plain.h5", *given)
    around = write_scores(tmp_path / "void.h5", *given, void=VOID)
    for name, path in (("plain", plain), ("void", around)):
        out = acquire(oracle, path, changed(ROUND, **parts), None, tmp_path / f"{name}_l.h5")
        queries = read(out, "query")[:, 1:]
        assert VOID[tuple(queries.T)].any() == (name == "plain")


def test_parts_that_are_mostly_void_are_left_out():
    parts = np.array([[0, 0, 0], [1, 1, 2]], np.int32)
    void = np.array([[1, 1, 0], [1, 0, 0]], bool)
    excluded = excluded_pixels(parts, np.zeros((2, 3), bool), void)
    assert excluded.tolist() == [[True, True, True], [False, True, False]]
