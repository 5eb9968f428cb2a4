"""Rounds over files against the definition over the stacked scores."""

from dataclasses import replace

import h5py
import numpy as np
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from cbda.files.labels import read_label_summary
from cbda.files.scores import ScoreFile
from cbda.selection.balance import class_weights
from cbda.selection.labelling import write_round
from cbda.selection.querying import acquire_round
from cbda.selection.round import RoundSettings, read_previous
from cbda.selection.units import block_radius, label_radius, paint, queries_per_image
from tests.literal import SETTINGS, literal_round, units
from tests.pools import make_pool, write_scores
from tests.selection.test_quota import literal_quota

NUM_CLASSES, NUM_ROUNDS = 3, 3
FEW_VALUES = st.sampled_from([-0.5, 0.0, 0.25, 1.0])


@st.composite
def experiments(draw):
    """Settings, labels (N,H,W), and scores and predictions of every round."""
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
    balance = draw(st.sampled_from(["none", "consumed", "ratio", "quota"]))
    is_quota = balance == "quota"  # which is global; see test_exploring for its random queries
    options = RoundSettings(
        unit=draw(units),
        allocation="dynamic" if is_quota else draw(st.sampled_from(["dynamic", "per_image"])),
        balance=balance,
        max_weight=10.0,
        radius=draw(st.integers(0, 1)),
        budget=draw(st.sampled_from([0.1, 0.2])),
        rounds=NUM_ROUNDS,
        round=1,
        seed=draw(st.integers(0, 3)),
        num_classes=NUM_CLASSES,
        target_distribution=draw(st.sampled_from([(), (1.0, 1.0, 0.0)])),  # weights of 0
        explore=0.0 if is_quota else draw(st.sampled_from([0.0, 0.0, 0.25, 0.5, 0.9])),
    )
    return options, labels, scored


def num_per_image(options, labels):
    _, height, width = labels.shape
    return queries_per_image(
        height, width, options.budget, options.rounds, options.radius, options.unit
    )


@settings(SETTINGS, max_examples=80)
@given(experiments(), st.integers(1, 3))
def test_rounds_are_the_literal_ones(tmp_path_factory, experiment, num_threads):
    options, labels, scored = experiment
    folder = tmp_path_factory.mktemp("rounds")
    ids = [f"image{index}" for index in range(len(labels))]
    oracle = make_pool(folder / "pool", dict(zip(ids, labels, strict=True)), NUM_CLASSES)
    blocked, acquired = np.zeros(labels.shape, np.bool_), np.zeros(labels.shape, np.uint8)
    queries, path = [], None
    for number, (score, prediction) in enumerate(scored, start=1):
        options = replace(options, round=number)
        counts = np.array([((labels == c) & (acquired > 0)).sum() for c in range(NUM_CLASSES)])
        target = np.array(options.target_distribution or (1.0,) * NUM_CLASSES)
        target = target / target.sum()
        weights = class_weights(options.balance, counts, options.budget * labels.size, target)
        each = num_per_image(options, labels)
        if options.balance == "quota":
            shares = target * options.budget * labels.size, counts.astype(np.float64)
            num, reach = each * len(ids), (options.radius, options.unit)
            expected = literal_quota(score, prediction, blocked, num, *reach, *shares)
        else:
            weighted = score * weights[prediction] if options.balance != "none" else score
            expected = literal_round(weighted, blocked, each, options)
        assume(len(expected) == len(ids) * each)
        for image, *centre in expected:
            fresh = np.zeros(labels.shape[1:], np.bool_)
            paint(fresh, np.array([centre]), label_radius(options.radius, options.unit))
            assert not acquired[image][fresh].any()  # nothing is labelled twice
            acquired[image][fresh] = number
            paint(blocked[image], np.array([centre]), block_radius(options.radius, options.unit))
        queries += [[number, *pick] for pick in expected]

        scores_path = write_scores(
            folder / f"{number}.h5", ids, score, prediction, NUM_CLASSES, options.radius
        )
        previous = read_previous(path, options)
        with ScoreFile.open(scores_path) as scores:
            chosen = acquire_round(scores, oracle, previous, options, num_threads)
        path = folder / f"labels{number}.h5"
        write_round(path, oracle, previous, chosen, num_threads)

        with h5py.File(path) as file:
            assert file["query"][:].tolist() == queries
            np.testing.assert_array_equal(file["round"][:], acquired)
            np.testing.assert_array_equal(file["label"][:], np.where(acquired > 0, labels, 255))
        np.testing.assert_allclose(read_label_summary(path).class_weights, weights)
