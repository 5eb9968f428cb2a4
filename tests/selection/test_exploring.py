"""Rounds of which a share is chosen at random."""

from dataclasses import replace
from itertools import product

import h5py
import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from cbda.errors import UserError
from cbda.files.scores import ScoreFile
from cbda.selection import querying
from cbda.selection.exploring import random_map, split_round
from cbda.selection.labelling import write_round
from cbda.selection.querying import acquire_round
from cbda.selection.round import RoundSettings, read_previous
from cbda.selection.units import queries_per_image
from tests.literal import SETTINGS, block, literal_greedy, literal_round, units
from tests.pools import make_pool, write_scores
from tests.selection.test_quota import literal_quota

NUM_CLASSES = 3
SHAPE = (12, 24, 30)
ROUND = RoundSettings(
    unit="region",
    allocation="dynamic",
    balance="none",
    max_weight=10.0,
    radius=1,
    budget=0.2,
    rounds=2,
    round=1,
    seed=5,
    num_classes=NUM_CLASSES,
    explore=0.3,
)


@pytest.mark.parametrize(
    ("num_queries", "explore", "expected"),
    [
        (10, 0.0, (10, 0)),
        (10, 0.2, (8, 2)),
        (10, 0.25, (7, 3)),
        (10, 0.24, (8, 2)),
        (10, 0.999, (0, 10)),
        (1, 0.49, (1, 0)),
        (1, 0.5, (0, 1)),
    ],
)
def test_halves_are_rounded_up(num_queries, explore, expected):
    best, exploring = split_round(num_queries, explore)
    assert (best.num, exploring.num) == expected
    assert (best.num_before, best.num_after) == (0, exploring.num)
    assert (exploring.num_before, exploring.num_after) == (best.num, 0)


def test_random_numbers_are_those_of_nothing_else():
    paths = product(range(2), range(2), range(2))
    maps = [random_map(seed, number, image, (3, 4)) for seed, number, image in paths]
    assert len({values.tobytes() for values in maps}) == 8
    np.testing.assert_array_equal(random_map(1, 1, 1, (3, 4)), maps[-1])


class Experiment:
    """A pool whose labels and predictions are random, and its scores."""

    def __init__(self, folder, score, prediction):
        self.folder = folder
        ids = [f"image{index:02}" for index in range(len(score))]
        labels = np.random.default_rng(1).integers(0, NUM_CLASSES, score.shape).astype(np.uint8)
        self.oracle = make_pool(folder / "pool", dict(zip(ids, labels, strict=True)), NUM_CLASSES)
        self.score, self.prediction = score, prediction
        self.ids = ids

    def acquire(self, options, labels=None, num_threads=1):
        """The label file of a round."""
        path = self.folder / f"scores{options.radius}.h5"
        if not path.exists():
            maps = self.score, self.prediction
            write_scores(path, self.ids, *maps, NUM_CLASSES, options.radius)
        previous = read_previous(labels, options)
        with ScoreFile.open(path) as scores:
            acquired = acquire_round(scores, self.oracle, previous, options, num_threads)
        out = self.folder / f"labels{len(list(self.folder.iterdir()))}.h5"
        write_round(out, self.oracle, previous, acquired, num_threads)
        return out


@pytest.fixture
def experiment(tmp_path):
    rng = np.random.default_rng(0)
    score = rng.random(SHAPE).astype(np.float32)
    return Experiment(tmp_path, score, rng.integers(0, NUM_CLASSES, SHAPE).astype(np.uint8))


def queries(path):
    with h5py.File(path) as file:
        return file["query"][:, 1:].tolist()


@pytest.mark.parametrize("allocation", ["per_image", "dynamic"])
def test_exploring_queries_come_last_and_go_by_seed_and_round(experiment, allocation):
    options = replace(ROUND, allocation=allocation)
    num = queries_per_image(*SHAPE[1:], 0.2, 2, 1, "region")
    num_best = len(experiment.ids) * num - round(0.3 * num * len(experiment.ids))
    if allocation == "per_image":
        num_best = len(experiment.ids) * (num - round(0.3 * num))
    first = queries(experiment.acquire(options))
    other = queries(experiment.acquire(replace(options, seed=6)))
    assert len(first) == len(other) == num * len(experiment.ids)
    assert first[:num_best] == other[:num_best]
    assert not {*map(tuple, first[num_best:])} & {*map(tuple, other[num_best:])}
    assert queries(experiment.acquire(options)) == first
    if allocation == "per_image":
        counts = np.bincount([row[0] for row in first[num_best:]], minlength=len(experiment.ids))
        assert set(counts) == {round(0.3 * num)}


@pytest.mark.parametrize("balance", ["none", "consumed", "quota"])
def test_file_does_not_depend_on_threads(experiment, balance):
    options = replace(ROUND, balance=balance)
    firsts = [experiment.acquire(options, num_threads=number) for number in (1, 2, 5)]
    second = replace(options, round=2)
    seconds = [
        experiment.acquire(second, labels, number)
        for labels, number in zip(firsts, (1, 2, 5), strict=True)
    ]
    assert len({path.read_bytes() for path in firsts}) == 1
    assert len({path.read_bytes() for path in seconds}) == 1


@pytest.mark.parametrize("allocation", ["per_image", "dynamic"])
def test_nothing_is_drawn_without_exploration(experiment, monkeypatch, allocation):
    def refuse(*path):
        raise AssertionError("no random number is needed")

    monkeypatch.setattr(querying, "random_map", refuse)
    options = replace(ROUND, allocation=allocation, explore=0.0)
    num = queries_per_image(*SHAPE[1:], 0.2, 2, 1, "region")
    blocked = np.zeros(SHAPE, np.bool_)
    path = experiment.acquire(options)
    assert queries(path) == literal_round(experiment.score, blocked, num, options)
    with h5py.File(path) as file:
        assert file.attrs["method"].decode() == f"ripu/region/{allocation}/none"


@pytest.mark.parametrize(
    ("before", "after", "words"),
    [
        (0.3, 0.0, "dynamic/none/explore0.3, this run has ripu/region/dynamic/none"),
        (0.0, 0.3, "dynamic/none, this run has ripu/region/dynamic/none/explore0.3"),
        (0.3, 0.2, "dynamic/none/explore0.3, this run has ripu/region/dynamic/none/explore0.2"),
    ],
)
def test_another_share_is_another_method(experiment, before, after, words):
    labels = experiment.acquire(replace(ROUND, explore=before))
    with pytest.raises(UserError) as caught:
        experiment.acquire(replace(ROUND, explore=after, round=2), labels)
    assert str(caught.value) == f"{labels}: method is ripu/region/{words}"


@pytest.mark.parametrize("balance", ["none", "quota"])
@pytest.mark.parametrize("explore", [0.1, 0.5, 0.95])
def test_exhausted_pool_says_how_far_the_whole_round_got(tmp_path, balance, explore):
    """Single pixels of a small image, of which every query blocks 3x3."""
    score = np.zeros((1, 6, 6), np.float32)
    experiment = Experiment(tmp_path, score, score.astype(np.uint8))
    options = replace(ROUND, unit="pixel", balance=balance, budget=1.0, rounds=1, explore=explore)
    with pytest.raises(UserError) as caught:
        experiment.acquire(options)
    blocked = np.zeros(score.shape, np.bool_)
    found = len(literal_round(score, blocked, 36, options))
    assert 4 <= found <= 9
    words = f"round 1: the pool is exhausted: {found} of 36 queries of this round"
    assert words in str(caught.value)


@st.composite
def quota_experiments(draw):
    shape = (draw(st.integers(1, 3)), draw(st.integers(4, 7)), draw(st.integers(4, 7)))
    values = draw(st.sampled_from([st.sampled_from([-0.5, 0.0, 1.0]), st.floats(-2, 2, width=32)]))
    score = draw(arrays(np.float32, shape, elements=values))
    prediction = draw(arrays(np.uint8, shape, elements=st.integers(0, NUM_CLASSES - 1)))
    options = replace(
        ROUND,
        unit=draw(units),
        balance="quota",
        radius=draw(st.integers(0, 1)),
        seed=draw(st.integers(0, 2)),
        budget=draw(st.sampled_from([0.2, 0.4])),
        explore=draw(st.sampled_from([0.2, 0.5, 0.9])),
    )
    return options, score, prediction


@settings(SETTINGS, max_examples=60)
@given(quota_experiments(), st.integers(1, 3))
def test_exploring_queries_follow_those_by_quota(tmp_path_factory, drawn, num_threads):
    options, score, prediction = drawn
    radius, unit = options.radius, options.unit
    _, height, width = score.shape
    each = queries_per_image(height, width, options.budget, 2, radius, unit)
    best, exploring = split_round(each * len(score), options.explore)
    taken, used_px = np.zeros(score.shape, np.bool_), np.zeros(NUM_CLASSES)
    share_px = np.full(NUM_CLASSES, options.budget * score.size / NUM_CLASSES)
    expected = literal_quota(score, prediction, taken, best.num, radius, unit, share_px, used_px)
    block(taken, expected, radius, unit)
    noise = np.stack([random_map(options.seed, 1, i, (height, width)) for i in range(len(score))])
    expected += literal_greedy(noise, taken, exploring.num, radius, unit)
    assume(len(expected) == each * len(score))
    experiment = Experiment(tmp_path_factory.mktemp("quota"), score, prediction)
    assert queries(experiment.acquire(options, num_threads=num_threads)) == expected


def test_dynamic_exploration_takes_few_of_a_large_pool(tmp_path):
    """Fewer queries than images: only some of the images have any."""
    rng = np.random.default_rng(3)
    score = rng.random((40, 8, 8)).astype(np.float32)
    experiment = Experiment(tmp_path, score, np.zeros(score.shape, np.uint8))
    options = replace(ROUND, unit="pixel", budget=0.02, rounds=1, explore=0.1)
    expected = literal_round(score, np.zeros(score.shape, np.bool_), 2, options)
    for num_threads in (1, 3):
        assert queries(experiment.acquire(options, num_threads=num_threads)) == expected
