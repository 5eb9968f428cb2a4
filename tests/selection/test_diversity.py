"""Rounds that choose by features, over files."""

import numpy as np
import pytest

from cbda.acquisition.methods import ResolvedMethod
from cbda.acquisition.units import superpixel
from cbda.errors import UserError
from cbda.selection.diversities import coreset
from cbda.selection.round import Round
from tests.pools import make_pool, write_scores
from tests.selection.rounds import acquire, changed, read

SHAPE, NUM_CLASSES, RADIUS = (5, 12, 20), 3, 1
IDS = [f"image{index}" for index in range(SHAPE[0])]
ROUND = Round(
    ResolvedMethod(unit="region", allocation="coreset", radius=RADIUS),
    budget=0.3,
    rounds=2,
    number=1,
    seed=5,
    num_classes=NUM_CLASSES,
)
RNG = np.random.default_rng(0)
SCORE = RNG.random(SHAPE).astype(np.float32)
LABELS = RNG.integers(0, NUM_CLASSES, SHAPE).astype(np.uint8)
FEATURES = RNG.random((SHAPE[0], 4, 5, 7)).astype(np.float16)  # cells of unequal size


@pytest.fixture
def pool(tmp_path):
    """A pool with features, what runs a round of it, and its oracle."""
    oracle = make_pool(tmp_path / "pool", dict(zip(IDS, LABELS, strict=True)), NUM_CLASSES)
    given = IDS, SCORE, LABELS, NUM_CLASSES, RADIUS
    path = write_scores(tmp_path / "s.h5", *given, features=FEATURES)

    def run(round_, labels=None, num_threads=1, scores=path):
        out = tmp_path / f"labels{len(list(tmp_path.iterdir()))}.h5"
        return acquire(oracle, scores, round_, labels, out, num_threads)

    return run, oracle


def pixel_features(image):
    """Features of every pixel, (H,W,D)."""
    _, height, width = SHAPE
    cells = FEATURES[image].astype(np.float64)
    rows = [i * 5 // height for i in range(height)]
    columns = [j * 7 // width for j in range(width)]
    return cells[:, rows][:, :, columns].transpose(1, 2, 0)


def mask_of(query, oracle, unit):
    """What a query labels, (H,W) bool."""
    image, row, column = query
    rows, columns = np.indices(SHAPE[1:])
    if unit == "region":
        return np.maximum(abs(rows - row), abs(columns - column)) <= RADIUS
    if unit == "image":
        return np.ones(SHAPE[1:], bool)
    parts = superpixel.divide(oracle.read_image(image), RADIUS)
    return parts == parts[row, column]


def features_of(queries, oracle, unit):
    return np.array(
        [pixel_features(q[0])[mask_of(q, oracle, unit)].mean(axis=0) for q in queries], np.float32
    ).reshape(-1, 4)


def candidates(taken, oracle, unit):
    """All free ones by score, of windows those that the ones before leave free."""
    found, free = [], ~taken
    if unit == "region":
        near = np.array([np.argwhere(taken[image]) for image in range(SHAPE[0])], dtype=object)
        for image, row, column in np.argwhere(free).tolist():
            if any(max(abs(row - r), abs(column - c)) <= RADIUS for r, c in near[image]):
                free[image, row, column] = False
        while free.any():
            best = np.unravel_index(np.where(free, SCORE, -1).argmax(), SHAPE)
            found.append([int(axis) for axis in best])
            image, row, column = found[-1]
            reach = 2 * RADIUS
            free[
                image,
                max(row - reach, 0) : row + reach + 1,
                max(column - reach, 0) : column + reach + 1,
            ] = False
        return found
    for image in range(SHAPE[0]):
        seen = np.zeros(SHAPE[1:], bool)
        for column in range(SHAPE[2]):
            for row in range(SHAPE[1]):
                mask = mask_of((image, row, column), oracle, unit)
                if not seen[row, column] and not taken[image][mask].any():
                    found.append([image, row, column])
                seen |= mask
    means = [SCORE[q[0]][mask_of(q, oracle, unit)].astype(np.float64).mean() for q in found]
    order = np.argsort(-np.array(means, np.float32), kind="stable")
    return [found[index] for index in order]


@pytest.mark.parametrize("unit", ["region", "image", "superpixel"])
def test_rounds_pick_far_from_what_is_labelled(pool, unit):
    run, oracle = pool
    taken, path = np.zeros(SHAPE, bool), None
    queries: list[list[int]] = []
    for number in (1, 2):
        round_ = changed(ROUND, unit=unit, number=number)
        free = candidates(taken, oracle, unit)
        known = features_of(queries, oracle, unit)
        given = features_of(free, oracle, unit), known, round_.num_queries(SHAPE)
        queries = queries + [free[index] for index in coreset.pick(*given)]
        path = run(round_, path, num_threads=number)
        assert read(path, "query")[:, 1:].tolist() == queries
        for query in queries:
            taken[query[0]] |= mask_of(query, oracle, unit)
        np.testing.assert_array_equal(read(path, "round") > 0, taken)


@pytest.mark.parametrize("unit", ["region", "image"])
def test_typical_rounds_go_on_and_differ_by_seed_alone(pool, unit):
    run, _ = pool
    first = changed(ROUND, allocation="typical", unit=unit)
    path = run(first)
    again, other = run(first, num_threads=2), run(changed(first, seed=6))
    np.testing.assert_array_equal(read(path, "query"), read(again, "query"))
    second = read(run(changed(first, number=2), path), "query")
    assert len(np.unique(second[:, 1:], axis=0)) == len(second) == 2 * first.num_queries(SHAPE)
    if unit == "region":
        assert read(other, "query").tolist() != read(path, "query").tolist()


def test_candidates_of_a_large_pool_are_four_for_each_query(pool, monkeypatch):
    monkeypatch.setattr("cbda.selection.diversity.MIN_CANDIDATES", 1)
    run, oracle = pool
    round_ = changed(ROUND, budget=0.06)
    number = round_.num_queries(SHAPE)
    best = candidates(np.zeros(SHAPE, bool), oracle, "region")[: 4 * number]
    given = features_of(best, oracle, "region"), np.empty((0, 4), np.float32), number
    expected = [best[index] for index in coreset.pick(*given)]
    assert read(run(round_), "query")[:, 1:].tolist() == expected


def test_scores_without_features_are_refused(pool, tmp_path):
    path = write_scores(tmp_path / "plain.h5", IDS, SCORE, LABELS, NUM_CLASSES, RADIUS)
    with pytest.raises(UserError) as caught:
        pool[0](ROUND, scores=path)
    wanted = "has no features, by which 'coreset' goes; score with --keep-features"
    assert str(caught.value) == f"{path}: {wanted}"
