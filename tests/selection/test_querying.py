"""Rounds over files against the definition over the stacked scores, and queries at random."""

import os
import subprocess
import sys
from itertools import product

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from cbda.acquisition.methods import ResolvedMethod
from cbda.errors import UserError
from cbda.selection import querying
from cbda.selection.balance import Statistics, class_weights
from cbda.selection.querying import num_at_random, random_map
from cbda.selection.round import Round
from cbda.selection.units import label_radius, paint
from tests.pools import make_pool, write_scores
from tests.reference import (
    SETTINGS,
    block,
    reference_greedy,
    reference_quota,
    reference_round,
    reference_weigh,
    units,
)
from tests.selection.rounds import acquire, changed, read, summary_of

NUM_CLASSES, NUM_ROUNDS = 3, 3
SHAPE = (12, 24, 30)
FEW_VALUES = st.sampled_from([-0.5, 0.0, 0.25, 1.0])
ROUND = Round(
    ResolvedMethod(allocation="dynamic", random_fraction=0.3, radius=1),
    budget=0.2,
    rounds=2,
    number=1,
    seed=5,
    num_classes=NUM_CLASSES,
)


@st.composite
def experiments(draw):
    """A round, labels (N,H,W), and scores and predictions of every round."""
    shape = (draw(st.integers(1, 3)), draw(st.integers(4, 8)), draw(st.integers(4, 8)))
    values = draw(st.sampled_from([FEW_VALUES, st.floats(-2, 2, width=32)]))
    classes = st.integers(0, NUM_CLASSES - 1)
    labels = draw(arrays(np.uint8, shape, elements=st.one_of(classes, st.just(255))))
    assume((labels != 255).any())
    scored = [
        (
            draw(arrays(np.float32, shape, elements=values)),
            draw(arrays(np.uint8, shape, elements=classes)),
        )
        for _ in range(NUM_ROUNDS)
    ]
    balance = draw(st.sampled_from(["none", "consumed", "consumed_literal", "ratio", "quota"]))
    is_quota = balance == "quota"  # which is global; its random queries have a test of their own
    fractions = st.just(0.0) if is_quota else st.sampled_from([0.0, 0.0, 0.25, 0.5, 0.9])
    round_ = changed(
        ROUND,
        unit=draw(units),
        allocation="dynamic" if is_quota else draw(st.sampled_from(["dynamic", "per_image"])),
        balance=balance,
        random_fraction=draw(fractions),
        radius=draw(st.integers(0, 1)),
        target_distribution=draw(st.sampled_from([(), (1.0, 1.0, 0.0)])),  # weights of 0
        budget=draw(st.sampled_from([0.1, 0.2])),
        rounds=NUM_ROUNDS,
        seed=draw(st.integers(0, 3)),
    )
    return round_, labels, scored


@settings(SETTINGS, max_examples=30)
@given(experiments(), st.integers(1, 3))
def test_rounds_equal_the_definition(tmp_path_factory, experiment, num_threads):
    round_, labels, scored = experiment
    method = round_.method
    folder = tmp_path_factory.mktemp("rounds")
    ids = [f"image{index}" for index in range(len(labels))]
    oracle = make_pool(folder / "pool", dict(zip(ids, labels, strict=True)), NUM_CLASSES)
    blocked, acquired = np.zeros(labels.shape, np.bool_), np.zeros(labels.shape, np.uint8)
    queries, path = [], None
    for number, (score, prediction) in enumerate(scored, start=1):
        round_ = changed(round_, number=number)
        counts = np.array([((labels == c) & (acquired > 0)).sum() for c in range(NUM_CLASSES)])
        target = np.array(method.target_distribution or (1.0,) * NUM_CLASSES)
        target = target / target.sum()
        budget_px = round_.budget * labels.size
        statistics = Statistics(counts, np.zeros_like(counts), target, budget_px, 10.0)
        weights = class_weights(method.balance, statistics)
        num_per_image = round_.queries_per_image(*labels.shape[1:])
        if method.balance == "quota":
            num, shares = num_per_image * len(ids), target * round_.budget * labels.size
            reach = method.radius, method.unit
            used = counts.astype(np.float64)
            expected = reference_quota(score, prediction, blocked, num, *reach, shares, used)
        else:
            weighted = score
            if method.balance == "consumed_literal":
                weighted = score * weights[prediction]
            elif method.balance != "none":
                weighted = reference_weigh(score, prediction, weights)
            expected = reference_round(weighted, blocked, round_)
        assume(len(expected) == len(ids) * num_per_image)
        for image, *centre in expected:
            fresh = np.zeros(labels.shape[1:], np.bool_)
            paint(fresh, np.array([centre]), label_radius(method.radius, method.unit))
            assert not acquired[image][fresh].any()  # nothing is labelled twice
            acquired[image][fresh] = number
        block(blocked, expected, method.radius, method.unit)
        queries += [[number, *pick] for pick in expected]

        scores = folder / f"{number}.h5"
        write_scores(scores, ids, score, prediction, NUM_CLASSES, method.radius)
        out = folder / f"labels{number}.h5"
        path = acquire(oracle, scores, round_, path, out, num_threads)

        assert read(path, "query").tolist() == queries
        np.testing.assert_array_equal(read(path, "round"), acquired)
        np.testing.assert_array_equal(read(path, "label"), np.where(acquired > 0, labels, 255))
        np.testing.assert_allclose(summary_of(path).class_weights, weights)


@pytest.mark.parametrize(
    ("num_queries", "fraction", "expected"),
    [
        (10, 0.0, 0),
        (10, 0.2, 2),
        (10, 0.25, 3),
        (10, 0.24, 2),
        (10, 0.999, 10),
        (1, 0.49, 0),
        (1, 0.5, 1),
    ],
)
def test_halves_of_random_queries_are_rounded_up(num_queries, fraction, expected):
    assert num_at_random(num_queries, fraction) == expected


def test_random_numbers_differ_by_seed_round_and_image():
    paths = product(range(2), range(2), range(2))
    maps = [random_map(seed, number, image, (3, 4)) for seed, number, image in paths]
    assert len({values.tobytes() for values in maps}) == 8
    np.testing.assert_array_equal(random_map(1, 1, 1, (3, 4)), maps[-1])


class Experiment:
    """A pool whose labels are random, and its scores."""

    def __init__(self, folder, score, prediction):
        self.folder = folder
        self.ids = [f"image{index:02}" for index in range(len(score))]
        labels = np.random.default_rng(1).integers(0, NUM_CLASSES, score.shape).astype(np.uint8)
        by_id = dict(zip(self.ids, labels, strict=True))
        self.oracle = make_pool(folder / "pool", by_id, NUM_CLASSES)
        self.score, self.prediction = score, prediction

    def acquire(self, round_, labels=None, num_threads=1):
        """The label file of a round."""
        radius = round_.method.radius
        path = self.folder / f"scores{radius}.h5"
        if not path.exists():
            write_scores(path, self.ids, self.score, self.prediction, NUM_CLASSES, radius)
        out = self.folder / f"labels{len(list(self.folder.iterdir()))}.h5"
        return acquire(self.oracle, path, round_, labels, out, num_threads)


@pytest.fixture
def experiment(tmp_path):
    rng = np.random.default_rng(0)
    score = rng.random(SHAPE).astype(np.float32)
    return Experiment(tmp_path, score, rng.integers(0, NUM_CLASSES, SHAPE).astype(np.uint8))


def queries_of(path):
    return read(path, "query")[:, 1:].tolist()


@pytest.mark.parametrize("allocation", ["per_image", "dynamic"])
def test_random_queries_come_last_and_go_by_the_seed(experiment, allocation):
    round_ = changed(ROUND, allocation=allocation)
    num = ROUND.queries_per_image(*SHAPE[1:])
    num_best = len(experiment.ids) * num - round(0.3 * num * len(experiment.ids))
    if allocation == "per_image":
        num_best = len(experiment.ids) * (num - round(0.3 * num))
    first = queries_of(experiment.acquire(round_))
    other = queries_of(experiment.acquire(changed(round_, seed=6)))
    assert len(first) == len(other) == num * len(experiment.ids)
    assert first[:num_best] == other[:num_best]
    assert not {*map(tuple, first[num_best:])} & {*map(tuple, other[num_best:])}
    assert queries_of(experiment.acquire(round_)) == first
    if allocation == "per_image":
        counts = np.bincount([row[0] for row in first[num_best:]], minlength=len(experiment.ids))
        assert set(counts) == {round(0.3 * num)}


@pytest.mark.parametrize("balance", ["none", "consumed", "quota"])
def test_file_does_not_depend_on_threads(experiment, balance):
    round_ = changed(ROUND, balance=balance)
    firsts = [experiment.acquire(round_, num_threads=number) for number in (1, 2, 5)]
    second = changed(round_, number=2)
    seconds = [
        experiment.acquire(second, labels, number)
        for labels, number in zip(firsts, (1, 2, 5), strict=True)
    ]
    assert len({path.read_bytes() for path in firsts}) == 1
    assert len({path.read_bytes() for path in seconds}) == 1


@pytest.mark.parametrize("allocation", ["per_image", "dynamic"])
def test_no_number_is_drawn_where_no_query_is_random(experiment, monkeypatch, allocation):
    def refuse(*path):
        raise AssertionError("no random number is needed")

    monkeypatch.setattr(querying, "random_map", refuse)
    round_ = changed(ROUND, allocation=allocation, random_fraction=0.0)
    blocked = np.zeros(SHAPE, np.bool_)
    path = experiment.acquire(round_)
    assert queries_of(path) == reference_round(experiment.score, blocked, round_)
    assert summary_of(path).method == f"ripu/region/{allocation}/none"


@pytest.mark.parametrize(
    ("before", "after", "words"),
    [
        (0.3, 0.0, "dynamic/none/explore0.3, this run has ripu/region/dynamic/none"),
        (0.0, 0.3, "dynamic/none, this run has ripu/region/dynamic/none/explore0.3"),
        (0.3, 0.2, "dynamic/none/explore0.3, this run has ripu/region/dynamic/none/explore0.2"),
    ],
)
def test_another_random_fraction_is_another_method(experiment, before, after, words):
    labels = experiment.acquire(changed(ROUND, random_fraction=before))
    with pytest.raises(UserError) as caught:
        experiment.acquire(changed(ROUND, random_fraction=after, number=2), labels)
    assert str(caught.value) == f"{labels}: method is ripu/region/{words}"


@pytest.mark.parametrize("balance", ["none", "quota"])
@pytest.mark.parametrize("fraction", [0.1, 0.5, 0.95])
def test_exhausted_pool_says_how_far_the_whole_round_got(tmp_path, balance, fraction):
    """Single pixels of a small image, of which every query blocks 3x3."""
    score = np.zeros((1, 6, 6), np.float32)
    experiment = Experiment(tmp_path, score, score.astype(np.uint8))
    round_ = changed(
        ROUND, unit="pixel", balance=balance, budget=1.0, rounds=1, random_fraction=fraction
    )
    with pytest.raises(UserError) as caught:
        experiment.acquire(round_)
    blocked = np.zeros(score.shape, np.bool_)
    found = len(reference_round(score, blocked, round_))
    assert 4 <= found <= 9
    words = f"round 1: the pool is exhausted: {found} of 36 queries of this round"
    assert words in str(caught.value)


@st.composite
def quota_experiments(draw):
    shape = (draw(st.integers(1, 3)), draw(st.integers(4, 7)), draw(st.integers(4, 7)))
    values = draw(st.sampled_from([st.sampled_from([-0.5, 0.0, 1.0]), st.floats(-2, 2, width=32)]))
    score = draw(arrays(np.float32, shape, elements=values))
    prediction = draw(arrays(np.uint8, shape, elements=st.integers(0, NUM_CLASSES - 1)))
    round_ = changed(
        ROUND,
        unit=draw(units),
        balance="quota",
        radius=draw(st.integers(0, 1)),
        seed=draw(st.integers(0, 2)),
        budget=draw(st.sampled_from([0.2, 0.4])),
        random_fraction=draw(st.sampled_from([0.2, 0.5, 0.9])),
    )
    return round_, score, prediction


@settings(SETTINGS, max_examples=60)
@given(quota_experiments(), st.integers(1, 3))
def test_random_queries_follow_those_by_quota(tmp_path_factory, drawn, num_threads):
    round_, score, prediction = drawn
    radius, unit = round_.method.radius, round_.method.unit
    num = round_.num_queries(score.shape)
    num_random = num_at_random(num, round_.method.random_fraction)
    taken, used_px = np.zeros(score.shape, np.bool_), np.zeros(NUM_CLASSES)
    share_px = np.full(NUM_CLASSES, round_.budget * score.size / NUM_CLASSES)
    shares = share_px, used_px
    expected = reference_quota(score, prediction, taken, num - num_random, radius, unit, *shares)
    block(taken, expected, radius, unit)
    noise = np.stack([random_map(round_.seed, 1, i, score.shape[1:]) for i in range(len(score))])
    expected += reference_greedy(noise, taken, num_random, radius, unit)
    assume(len(expected) == num)
    experiment = Experiment(tmp_path_factory.mktemp("quota"), score, prediction)
    assert queries_of(experiment.acquire(round_, num_threads=num_threads)) == expected


def test_random_queries_take_few_of_a_large_pool(tmp_path):
    """Fewer queries than images: only some of the images have any."""
    rng = np.random.default_rng(3)
    score = rng.random((40, 8, 8)).astype(np.float32)
    experiment = Experiment(tmp_path, score, np.zeros(score.shape, np.uint8))
    round_ = changed(ROUND, unit="pixel", budget=0.02, rounds=1, random_fraction=0.1)
    expected = reference_round(score, np.zeros(score.shape, np.bool_), round_)
    for num_threads in (1, 3):
        assert queries_of(experiment.acquire(round_, num_threads=num_threads)) == expected


PICKS = """
import numpy as np
from cbda.selection.allocation import choose_dynamic, choose_per_image
from cbda.selection.quota import choose_quota
from cbda.selection.units import paint

rng = np.random.default_rng(0)
score = rng.integers(0, 9, (3, 9, 11)).astype(np.float32)  # ties, and picks at every border
prediction = rng.integers(0, 3, score.shape).astype(np.uint8)
mask = np.zeros((9, 11), np.bool_)

def read(image):
    return score[image], mask.copy()

def read_classes(image):
    return score[image], prediction[image], mask.copy()

for choose in (choose_per_image, choose_dynamic):
    queries = choose(read, score.shape, 12, 1)
    print(queries.tolist())
paint(mask, queries[:5, 1:], 1)
print(mask.sum())
print(choose_quota(read_classes, score.shape, 20, 1, 9, np.full(3, 90.0), np.zeros(3)).tolist())
"""


def test_picks_are_the_same_without_compiling():
    """Signed and unsigned numbers mix otherwise in Python than in compiled code."""
    picks = [
        subprocess.check_output(
            [sys.executable, "-c", PICKS], env={**os.environ, "NUMBA_DISABLE_JIT": word}
        )
        for word in ("0", "1")
    ]
    assert picks[0] == picks[1]
    assert picks[0].count(b"[[") == 3


@pytest.mark.parametrize("allocation", ["dynamic", "per_image"])
def test_first_round_is_random_if_it_has_a_share_of_its_own(tmp_path, allocation):
    """Scores decide nothing in it, and everything in the second."""
    rng = np.random.default_rng(0)
    shape, ids = (2, 12, 12), ["a", "b"]
    labels = {name: np.zeros(shape[1:], np.uint8) for name in ids}
    oracle = make_pool(tmp_path / "pool", labels, NUM_CLASSES)
    start = changed(ROUND, allocation=allocation, random_fraction=0.0, starting_share=0.5)
    found = {}
    for name in ("one", "other"):
        scores = tmp_path / f"{name}.h5"
        prediction = np.zeros(shape, np.uint8)
        write_scores(scores, ids, rng.random(shape), prediction, NUM_CLASSES, 1)
        first = acquire(oracle, scores, start, None, tmp_path / f"{name}1.h5")
        second = changed(start, number=2)
        then = acquire(oracle, scores, second, first, tmp_path / f"{name}2.h5")
        found[name] = read(then, "query")
    is_first = found["one"][:, 0] == 1
    assert found["one"][is_first].tolist() == found["other"][is_first].tolist()
    assert found["one"][~is_first].tolist() != found["other"][~is_first].tolist()
