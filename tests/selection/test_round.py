"""Rounds of a pool of two images of 6x12 px, two classes, radius 1, half of 25 % a round.

A round asks for 6 * 12 * 0.125 / 9 = 1 region an image. The whole run may acquire 36 px, so that
the share of each class is 18 px.
"""

import json

import h5py
import numpy as np
import pytest

from cbda.acquisition.methods import ResolvedMethod
from cbda.errors import UserError
from cbda.selection.round import Round
from tests.pools import make_pool, write_scores
from tests.selection.rounds import acquire, changed, read, summary_of

VOID = 255
IDS = ["a", "b"]
SHAPE = (2, 6, 12)
FIRST = Round(
    ResolvedMethod(allocation="dynamic", balance="consumed", radius=1),
    budget=0.25,
    rounds=2,
    number=1,
    seed=3,
    num_classes=2,
)
SECOND = changed(FIRST, number=2)


def make_labels():
    """Image a is 0 in columns 0 to 2 and 1 elsewhere, with a void pixel; image b is all 0."""
    a, b = np.zeros(SHAPE[1:], np.uint8), np.zeros(SHAPE[1:], np.uint8)
    a[:, 3:] = 1
    a[0, 0] = VOID
    return {"a": a, "b": b}


LABELS = make_labels()


@pytest.fixture
def oracle(tmp_path):
    return make_pool(tmp_path / "pool", LABELS, 2)


class Pool:
    """Score and prediction maps to be written to a file, 0 unless set."""

    def __init__(self):
        self.score = np.zeros(SHAPE, np.float32)
        self.prediction = np.zeros(SHAPE, np.uint8)

    def write(self, path, ids=IDS, num_classes=2, radius=1):
        return write_scores(path, ids, self.score, self.prediction, num_classes, radius)


def first_scores(path):
    """Both of the best regions lie in image a."""
    pool = Pool()
    pool.score[0, 1, 1], pool.score[0, 4, 4], pool.score[1, 1, 1] = 10, 9, 1
    return pool.write(path)


def second_scores(path):
    """Image a is predicted as class 0 and image b as 1; the highest score is blocked."""
    pool = Pool()
    pool.prediction[1] = 1
    pool.score[0, 1, 2] = 99  # within 2 px of the first pick
    pool.score[0, 1, 10], pool.score[1, 1, 1] = 0.90, 0.98
    return pool.write(path)


@pytest.fixture
def first(tmp_path, oracle):
    """Labels of round 1."""
    scores = first_scores(tmp_path / "scores1.h5")
    return acquire(oracle, scores, FIRST, None, tmp_path / "labels1.h5")


@pytest.fixture
def second(tmp_path, oracle, first):
    """Labels of round 2."""
    scores = second_scores(tmp_path / "scores2.h5")
    return acquire(oracle, scores, SECOND, first, tmp_path / "labels2.h5")


def windows(*centres):
    """(N,H,W) bool, 3x3 px around each (image, row, column); none is at the border."""
    mask = np.zeros(SHAPE, np.bool_)
    for image, row, column in centres:
        mask[image, row - 1 : row + 2, column - 1 : column + 2] = True
    return mask


FIRST_WINDOWS = windows((0, 1, 1), (0, 4, 4))
SECOND_WINDOWS = windows((0, 1, 10), (1, 1, 1))
TRUTH = np.stack([LABELS["a"], LABELS["b"]])


def test_file_has_the_layout_that_others_rely_on(first):
    with h5py.File(first) as file:
        assert set(file) == {"label", "round", "query", "image_id"}
        for name in ("label", "round"):
            assert (file[name].shape, file[name].dtype) == (SHAPE, np.uint8)
            assert file[name].compression == "gzip"
        assert (file["query"].shape, file["query"].dtype) == ((2, 4), np.int32)
        assert [name.decode() for name in file["image_id"]] == IDS
        values = {k: v for k, v in file.attrs.items() if not isinstance(v, np.ndarray)}
        texts = json.loads(values.pop("texts"))
        assert texts == {name: values[name] for name in texts}  # for other readers, and for ours
        assert len(values.pop("attributes_sha256")) == 64
        assert values == {
            "format": "cbda.labels",
            "version": 1,
            "method": "ripu/region/dynamic/consumed",
            "score": "ripu",
            "unit": "region",
            "allocation": "dynamic",
            "balance": "consumed",
            "random_fraction": 0.0,
            "budget": 0.25,
            "rounds": 2,
            "radius": 1,
            "seed": 3,
            "num_pool_px": 144,
        }
        arrays = {k for k, v in file.attrs.items() if isinstance(v, np.ndarray)}
        assert arrays == {"class_counts", "void_counts", "class_weights", "predicted_px"}


def test_labels_are_the_oracles_inside_the_windows_and_255_elsewhere(first):
    np.testing.assert_array_equal(read(first, "label"), np.where(FIRST_WINDOWS, TRUTH, VOID))
    np.testing.assert_array_equal(read(first, "round"), FIRST_WINDOWS.astype(np.uint8))


def test_queries_are_in_the_order_picked(first):
    assert read(first, "query").tolist() == [[1, 0, 1, 1], [1, 0, 4, 4]]


def test_first_round_counts_classes_and_void(first):
    """At (1,1) 8 px of class 0 and one of void, at (4,4) 9 px of class 1."""
    summary = summary_of(first)
    assert summary.class_counts.tolist() == [[8, 9]]
    assert summary.void_counts.tolist() == [1]
    assert summary.class_weights.tolist() == [1, 1]


def test_rounds_accumulate(second):
    both = FIRST_WINDOWS | SECOND_WINDOWS
    np.testing.assert_array_equal(read(second, "label"), np.where(both, TRUTH, VOID))
    np.testing.assert_array_equal(read(second, "round"), FIRST_WINDOWS + 2 * SECOND_WINDOWS)
    summary = summary_of(second)
    assert summary.class_counts.tolist() == [[8, 9], [9, 9]]
    assert summary.void_counts.tolist() == [1, 0]


def test_consumed_weights_turn_the_order_of_the_second_round(second):
    """1 - 8/18 and 1 - 9/18; they turn 0.90 < 0.98 into 0.50 > 0.49."""
    np.testing.assert_allclose(summary_of(second).class_weights, [10 / 18, 0.5])
    assert read(second, "query")[2:].tolist() == [[2, 0, 1, 10], [2, 1, 1, 1]]


def acquire_both(folder, oracle, balance):
    """Two rounds with another balance; the label file of the second."""
    scores, labels = first_scores(folder / "scores1.h5"), folder / "labels1.h5"
    first = acquire(oracle, scores, changed(FIRST, balance=balance), None, labels)
    scores, labels = second_scores(folder / "scores2.h5"), folder / "labels2.h5"
    return acquire(oracle, scores, changed(SECOND, balance=balance), first, labels)


def test_without_balance_the_higher_score_comes_first(tmp_path, oracle):
    second = acquire_both(tmp_path, oracle, "none")
    assert summary_of(second).class_weights.tolist() == [1, 1]
    assert read(second, "query")[2:].tolist() == [[2, 1, 1, 1], [2, 0, 1, 10]]


def test_ratio_weighs_the_second_round_by_what_the_first_acquired(tmp_path, oracle):
    """q n = 8.5 px: 8.5/8 and 8.5/9, over the highest."""
    second = acquire_both(tmp_path, oracle, "ratio")
    np.testing.assert_allclose(summary_of(second).class_weights, [1, 8 / 9])


def test_per_image_takes_as_many_of_every_image(tmp_path, oracle):
    scores = first_scores(tmp_path / "scores1.h5")
    round_ = changed(FIRST, allocation="per_image")
    labels = acquire(oracle, scores, round_, None, tmp_path / "labels.h5")
    assert read(labels, "query").tolist() == [[1, 0, 1, 1], [1, 1, 1, 1]]


def test_pixels_are_labelled_one_by_one(tmp_path, oracle):
    """18 queries in all: 72 * 0.125 = 9 an image."""
    pool = Pool()
    pool.score[0, 0, ::2] = 1 - np.arange(6) / 10
    round_ = changed(FIRST, unit="pixel", allocation="per_image")
    scores = pool.write(tmp_path / "scores.h5")
    labels = acquire(oracle, scores, round_, None, tmp_path / "labels.h5")
    assert read(labels, "query")[:6, 1:].tolist() == [[0, 0, column] for column in range(0, 12, 2)]
    assert (read(labels, "round") == 1).sum() == 18
    summary = summary_of(labels)
    assert summary.class_counts.sum() + summary.void_counts.sum() == 18


def test_what_is_excluded_is_never_labelled_again(tmp_path, oracle):
    """Random scores, many rounds: every pixel is acquired at most once."""
    rng = np.random.default_rng(0)
    labels = None
    round_ = changed(FIRST, rounds=4, budget=0.4, balance="none", allocation="per_image")
    for number in range(1, 5):
        pool = Pool()
        pool.score[:] = rng.random(SHAPE)
        scores = pool.write(tmp_path / f"scores{number}.h5")
        before = None if labels is None else read(labels, "round")
        round_ = changed(round_, number=number)
        labels = acquire(oracle, scores, round_, labels, tmp_path / f"labels{number}.h5")
        if before is not None:
            now = read(labels, "round")
            np.testing.assert_array_equal(now[before > 0], before[before > 0])
            assert (now == number).sum() >= 2 * 4  # a window in a corner has 4 px
    queries = read(labels, "query")
    assert queries[:, 0].tolist() == sorted(queries[:, 0])
    for image in range(2):
        centres = queries[queries[:, 1] == image, 2:]
        distance = np.abs(centres[:, None] - centres[None]).max(axis=2)
        assert distance[~np.eye(len(centres), dtype=bool)].min() > 2


def fails(tmp_path, oracle, scores_path, round_, labels_path=None):
    """The message of a round that fails, which must leave nothing behind."""
    before = sorted(tmp_path.iterdir())
    with pytest.raises(UserError) as caught:
        acquire(oracle, scores_path, round_, labels_path, tmp_path / "out.h5")
    assert sorted(tmp_path.iterdir()) == before
    assert "\n" not in str(caught.value)
    return str(caught.value)


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
def test_bad_score_is_an_error(tmp_path, oracle, bad):
    pool = Pool()
    pool.score[1, 2, 3] = bad
    message = fails(tmp_path, oracle, pool.write(tmp_path / "scores.h5"), FIRST)
    assert message == f"{tmp_path}/scores.h5: image 'b': 1 scores are NaN or infinite"


def test_class_out_of_range_is_an_error(tmp_path, oracle):
    pool = Pool()
    pool.prediction[1, 2, 3] = 2
    message = fails(tmp_path, oracle, pool.write(tmp_path / "scores.h5"), FIRST)
    assert message == f"{tmp_path}/scores.h5: image 'b': predicts class 2, there are 2"


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"ids": ["a", "c"]}, "image 1 is 'c' in one and 'b' in the other"),
        ({"num_classes": 3}, "num_classes is 3, this round asks for 2"),
        ({"radius": 2}, "radius is 2, this round asks for 1"),
    ],
)
def test_scores_of_something_else_are_an_error(tmp_path, oracle, options, words):
    scores = Pool().write(tmp_path / "scores.h5", **options)
    message = fails(tmp_path, oracle, scores, FIRST)
    assert message.startswith(f"{scores}")
    assert words in message


def test_scores_of_fewer_images_are_an_error(tmp_path, oracle):
    maps = np.zeros((1, 6, 12))
    scores = write_scores(tmp_path / "scores.h5", ["a"], maps, maps, 2, 1)
    message = fails(tmp_path, oracle, scores, FIRST)
    assert message == f"{scores} has 1 image, {oracle.root} has 2"


def test_scores_of_another_size_are_an_error(tmp_path, oracle):
    maps = np.zeros((2, 12, 6))
    scores = write_scores(tmp_path / "scores.h5", IDS, maps, maps, 2, 1)
    message = fails(tmp_path, oracle, scores, FIRST)
    assert message.startswith(f"{oracle.root}: label of 'a' is (6, 12) px, the scores are (12, 6)")


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"budget": 0.5}, "budget is 0.25, this run has 0.5"),
        ({"rounds": 3}, "rounds is 2, this run has 3"),
        ({"seed": 4}, "seed is 3, this run has 4"),
        ({"unit": "pixel"}, "method is ripu/region/dynamic/consumed, this run has ripu/pixel/"),
        ({"allocation": "per_image"}, "this run has ripu/region/per_image/consumed"),
        ({"balance": "none"}, "this run has ripu/region/dynamic/none"),
        (
            {"random_fraction": 0.2},
            "consumed, this run has ripu/region/dynamic/consumed/explore0.2",
        ),
        ({"rounds": 3, "number": 3}, "holds 1 rounds, this is round 3"),
        ({"number": 1}, "round 1 starts without labels of an earlier round"),
    ],
)
def test_labels_of_another_run_are_an_error(tmp_path, oracle, first, change, words):
    scores = second_scores(tmp_path / "scores2.h5")
    message = fails(tmp_path, oracle, scores, changed(SECOND, **change), first)
    assert message.startswith(f"{first}: ")
    assert words in message


def test_labels_of_another_radius_are_an_error(tmp_path, oracle, first):
    scores = Pool().write(tmp_path / "scores2.h5", radius=2)
    message = fails(tmp_path, oracle, scores, changed(SECOND, radius=2), first)
    assert message == f"{first}: radius is 1, this run has 2"


def test_labels_of_another_size_are_an_error(tmp_path, first):
    """As when the pool was exported once more, under the same names."""
    labels = {name: np.zeros((12, 6), np.uint8) for name in IDS}
    oracle = make_pool(tmp_path / "other", labels, 2)
    maps = np.zeros((2, 12, 6))
    scores = write_scores(tmp_path / "scores2.h5", IDS, maps, maps, 2, 1)
    message = fails(tmp_path, oracle, scores, SECOND, first)
    assert message == f"{first}: images are (6, 12) px, the scores (12, 6)"


def test_labels_of_other_classes_are_an_error(tmp_path, first):
    oracle = make_pool(tmp_path / "other", LABELS, 3)
    scores = Pool().write(tmp_path / "scores2.h5", num_classes=3)
    message = fails(tmp_path, oracle, scores, changed(SECOND, num_classes=3), first)
    assert message == f"{first}: has 2 classes, this run has 3"


def test_labels_of_another_pool_are_an_error(tmp_path, first):
    oracle = make_pool(tmp_path / "other", {"a": LABELS["a"], "c": LABELS["b"]}, 2)
    scores = Pool().write(tmp_path / "scores2.h5", ids=["a", "c"])
    message = fails(tmp_path, oracle, scores, SECOND, first)
    assert message.startswith(f"{first} and {oracle.root} are of different pools: image 1 is 'b'")


def test_later_round_needs_labels(tmp_path, oracle):
    message = fails(tmp_path, oracle, first_scores(tmp_path / "scores.h5"), SECOND)
    assert message.endswith("labels of the round before it: give them by --labels")


@pytest.mark.parametrize("allocation", ["per_image", "dynamic"])
@pytest.mark.parametrize("fraction", [0.0, 0.25, 0.75])
def test_exhausted_pool_is_an_error(tmp_path, oracle, allocation, fraction):
    """A budget of everything wants 8 regions of 3x3 px an image, and blocking leaves fewer."""
    pool = Pool()
    pool.score[:, 2, 2::4] = 1  # wasteful: rows 0 and 5 are never within reach of a second row
    scores = pool.write(tmp_path / "scores.h5")
    round_ = changed(FIRST, budget=1.0, rounds=1, allocation=allocation, random_fraction=fraction)
    message = fails(tmp_path, oracle, scores, round_)
    assert message.startswith(f"{scores}: round 1: ")
    wanted = 8 if allocation == "per_image" else 16
    assert "exhausted" in message
    assert f"of {wanted} queries" in message


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"unit": "patch"}, "unit 'patch' is unknown; allowed: region, pixel"),
        ({"allocation": "fair"}, "allowed: per_image, dynamic"),
        ({"balance": "fair"}, "allowed: none, consumed, consumed_literal"),
        ({"budget": 0.0}, "budget 0.0: allowed are fractions above 0 and up to 1"),
        ({"budget": 5.0}, "budget 5.0: allowed are fractions"),
        ({"number": 0}, "round 0: allowed are 1 to 2"),
        ({"number": 3}, "round 3: allowed are 1 to 2"),
        ({"num_classes": 0}, "0 classes given; allowed: 1 and more"),
        ({"radius": -1}, "radius -1: allowed are whole numbers from 0 to 10000"),
        ({"max_weight": 0.0}, "max weight 0.0: allowed are finite numbers above 0"),
        ({"max_weight": float("nan")}, "max weight nan: allowed are finite"),
        ({"max_weight": float("inf")}, "max weight inf: allowed are finite"),
        (
            {"random_fraction": 1.0},
            "random_fraction 1.0: allowed are numbers from 0 up to, but not including, 1",
        ),
        ({"random_fraction": -0.1}, "random_fraction -0.1: allowed are numbers from 0 up to"),
        (
            {"random_fraction": 0.5, "seed": -1},
            "seed -1: allowed are 0 and above for queries at random",
        ),
    ],
)
def test_parts_out_of_range_are_refused(change, words):
    with pytest.raises(UserError, match=words):
        changed(FIRST, **change)


def test_weights_aim_at_the_target_distribution(tmp_path, oracle, first):
    """Of 36 px, class 0 shall have 27 and class 1 shall have 9, which it has already."""
    scores = second_scores(tmp_path / "target.h5")
    round_ = changed(SECOND, target_distribution=(3.0, 1.0))
    path = acquire(oracle, scores, round_, first, tmp_path / "labels.h5")
    np.testing.assert_allclose(summary_of(path).class_weights, [1 - 8 / 27, 0])


@pytest.mark.parametrize("wanted", [(1.0,), (1.0, -1.0), (0.0, 0.0), (float("nan"), 1.0)])
def test_impossible_target_distribution_is_refused(wanted):
    with pytest.raises(UserError, match=r"allowed are 2 numbers, none negative and not all 0"):
        changed(FIRST, target_distribution=wanted)


def quarter_predicted(path):
    """A quarter of the pool's pixels is predicted as class 1."""
    pool = Pool()
    pool.prediction[1, :3] = 1
    return pool.write(path)


def test_exp_weighs_by_predictions_from_the_first_round_on(tmp_path, oracle):
    round_ = changed(FIRST, balance="exp")
    scores = quarter_predicted(tmp_path / "scores.h5")
    labels = acquire(oracle, scores, round_, None, tmp_path / "labels.h5")
    weights = summary_of(labels).class_weights
    np.testing.assert_allclose(weights, np.exp([-0.75, -0.25]))


def test_target_may_be_the_shares_of_predictions(tmp_path, oracle, first):
    """Shares of 27 and 9 px; round 1 acquired 8 of class 0 and 9 of class 1."""
    round_ = changed(SECOND, target_distribution="predicted")
    scores = quarter_predicted(tmp_path / "scores.h5")
    labels = acquire(oracle, scores, round_, first, tmp_path / "labels.h5")
    np.testing.assert_allclose(summary_of(labels).class_weights, [1 - 8 / 27, 0])


@pytest.mark.parametrize(
    ("share", "expected"),
    [
        (0.0, [4, 4, 4]),  # 36 x 36 px, a third of 8 % and regions of 9 px: 3.84
        (0.5, [6, 3, 3]),  # 4 % are 5.76, 2 % are 2.88
        (0.1, [2, 6, 6]),  # 1.152, and 5.184
    ],
)
def test_first_round_may_spend_a_share_of_its_own(share, expected):
    rounds = [
        changed(FIRST, budget=0.08, rounds=3, number=n, starting_share=share) for n in (1, 2, 3)
    ]
    assert [round_.queries_per_image(36, 36) for round_ in rounds] == expected
    for round_ in rounds:
        assert round_.run_queries_per_image(36, 36) == sum(expected)


@pytest.mark.parametrize(("share", "rounds"), [(1.0, 2), (-0.1, 2), (0.5, 1)])
def test_starting_share_that_leaves_nothing_is_an_error(share, rounds):
    with pytest.raises(UserError, match=f"starting share {share}: allowed are 0, and shares below"):
        changed(FIRST, rounds=rounds, starting_share=share)
