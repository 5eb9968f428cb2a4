"""Queries that label superpixels or whole images, against their definition."""

import math
from types import SimpleNamespace

import numpy as np
import pytest
from scipy import ndimage

from cbda.acquisition.choice import Choice
from cbda.acquisition.methods import Method, ResolvedMethod
from cbda.acquisition.parts import as_pixels, excluded_pixels, first_pixels, open_parts
from cbda.acquisition.units import image as whole
from cbda.acquisition.units import superpixel
from cbda.errors import UserError
from cbda.files.labels import LabelFile
from cbda.results.windows import count_windows
from cbda.selection.round import Round
from tests.pools import make_pool, write_scores
from tests.selection.rounds import acquire, changed, read, summary_of

SHAPE, NUM_CLASSES = (6, 20, 30), 3
IDS = [f"image{index}" for index in range(SHAPE[0])]
ROUND = Round(
    ResolvedMethod(unit="superpixel", allocation="dynamic", radius=2),
    budget=0.2,
    rounds=2,
    number=1,
    seed=5,
    num_classes=NUM_CLASSES,
)


@pytest.fixture
def picture():
    """Two halves with an edge that lies beside the grid of cells."""
    values = np.zeros((40, 60, 3), np.uint8)
    values[:, 27:] = 200
    return values


@pytest.fixture
def pool(tmp_path):
    """A pool of blocks, its scores and predictions."""
    rng = np.random.default_rng(0)
    blocks = rng.integers(0, NUM_CLASSES, (SHAPE[0], 5, 5))
    labels = np.kron(blocks, np.ones((1, 4, 6))).astype(np.uint8)
    oracle = make_pool(tmp_path / "pool", dict(zip(IDS, labels, strict=True)), NUM_CLASSES)
    score = rng.random(SHAPE).astype(np.float32)
    prediction = rng.integers(0, NUM_CLASSES, SHAPE).astype(np.uint8)
    path = write_scores(tmp_path / "scores.h5", IDS, score, prediction, NUM_CLASSES, 2)

    def run(round_, labels=None, num_threads=1):
        out = tmp_path / f"labels{len(list(tmp_path.iterdir()))}.h5"
        return acquire(oracle, path, round_, labels, out, num_threads)

    return oracle, labels, score, prediction, run


def definition(round_, oracle, score, taken, divide):
    """The best free parts of the pool by their mean, and the pixels of each."""
    found = []
    for image in range(SHAPE[0]):
        parts = divide(oracle.read_image(image), round_.method.radius)
        for number in range(parts.max() + 1):
            mask = parts == number
            column, row = min((column, row) for row, column in np.argwhere(mask).tolist())
            if not taken[image][mask].any():
                mean = float(score[image][mask].astype(np.float64).mean().astype(np.float32))
                found.append((-mean, image, column, row, mask))
    best = sorted(found, key=lambda item: item[:4])[: round_.num_queries(SHAPE)]
    return [[image, row, column] for _, image, column, row, _ in best], best


@pytest.mark.parametrize("unit", ["superpixel", "image"])
def test_rounds_equal_the_definition(pool, unit):
    oracle, labels, score, _, run = pool
    divide = {"superpixel": superpixel, "image": whole}[unit].divide
    taken, path, queries = np.zeros(SHAPE, np.uint8), None, []
    for number in (1, 2):
        round_ = changed(ROUND, unit=unit, number=number)
        expected, best = definition(round_, oracle, score, taken, divide)
        for _, image, _, _, mask in best:
            taken[image][mask] = number
        queries += [[number, *row] for row in expected]
        path = run(round_, path, num_threads=number)
        assert read(path, "query").tolist() == queries
        np.testing.assert_array_equal(read(path, "round"), taken)
        np.testing.assert_array_equal(read(path, "label"), np.where(taken > 0, labels, 255))


@pytest.mark.parametrize(
    "parts",
    [
        {"allocation": "per_image"},
        {"allocation": "stratified"},
        {"balance": "consumed"},
        {"balance": "quota"},
        {"random_fraction": 0.5},
        {"choice": Choice(sampling="power")},
        {"balance": "quota", "choice": Choice(sampling="power")},
    ],
)
def test_every_choice_takes_whole_parts_once(pool, parts):
    *_, run = pool
    path = run(changed(ROUND, number=2, **parts), run(changed(ROUND, **parts)))
    queries, rounds = read(path, "query"), read(path, "round")
    assert len(queries) == len(np.unique(queries[:, 1:], axis=0))
    for image in range(SHAPE[0]):
        divided = superpixel.divide(pool[0].read_image(image), 2)
        of_image = queries[queries[:, 1] == image]
        asked = {int(divided[row, column]): number for number, _, row, column in of_image.tolist()}
        expected = np.vectorize(lambda part, asked=asked: asked.get(part, 0))(divided)
        np.testing.assert_array_equal(rounds[image], expected)


def test_counts_of_queries_are_of_their_parts(pool):
    oracle, labels, *_, run = pool
    path = run(changed(ROUND, number=2), run(ROUND))
    with LabelFile.open(path) as file:
        counts = count_windows(file)
    mixed, classes, mixed_px = [0, 0], [0, 0], [0, 0]
    for number, image, row, column in read(path, "query").tolist():
        divided = superpixel.divide(oracle.read_image(image), 2)
        values = labels[image][divided == divided[row, column]]
        several = len(np.unique(values)) > 1
        for index in range(number - 1, 2):
            mixed[index] += several
            classes[index] += len(np.unique(values))
            mixed_px[index] += several * len(values)
    assert counts.queries.tolist() == [ROUND.num_queries(SHAPE) * n for n in (1, 2)]
    assert counts.mixed_queries.tolist() == mixed
    assert counts.classes.tolist() == classes
    assert counts.mixed_px.tolist() == mixed_px


def test_a_part_has_the_mean_score_and_the_class_of_most_pixels():
    parts = np.array([[0, 0, 1], [0, 1, 1]], np.int32)
    score = np.array([[1.0, 2, 5], [6, 7, 9]], np.float32)
    prediction = np.array([[2, 2, 0], [1, 0, 1]], np.uint8)
    taken = np.array([[0, 0, 0], [0, 1, 0]], bool)
    values, classes = as_pixels(parts, score, prediction, "margin")
    excluded = excluded_pixels(parts, taken)
    assert first_pixels(parts).tolist() == [0, 4]
    assert values[0, 0] == 3
    assert values[1, 1] == 7
    assert classes[0, 0] == 2
    assert classes[1, 1] == 0
    assert excluded.tolist() == [[False, True, True], [True, True, True]]


def test_random_numbers_of_parts_are_not_averaged():
    parts = np.array([[0, 0], [0, 1]], np.int32)
    score = np.array([[0.1, 0.5], [0.6, 0.9]], np.float32)
    zeros = np.zeros((2, 2), np.uint8)
    values, _ = as_pixels(parts, score, zeros, "random")
    assert values[0, 0] == score[0, 0]


def test_pixels_of_superpixels_are_counted_as_they_are_beyond_the_budget_too(pool):
    """As many parts are taken as would be windows, which they are larger than in the mean."""
    run = pool[-1]
    path = run(changed(ROUND, number=2), run(ROUND))
    acquired = np.count_nonzero(read(path, "round"))
    summary = summary_of(path)
    assert summary.class_counts.sum() + summary.void_counts.sum() == acquired
    assert acquired / math.prod(SHAPE) > ROUND.budget


def test_superpixels_are_connected_and_about_as_large_as_a_window(picture):
    parts = superpixel.divide(picture, 4)
    assert sorted(np.unique(parts)) == list(range(parts.max() + 1))
    assert all(ndimage.label(parts == number)[1] == 1 for number in range(parts.max() + 1))
    assert parts.size / (parts.max() + 1) == pytest.approx(81, rel=0.3)
    np.testing.assert_array_equal(parts, superpixel.divide(picture, 4))


def test_superpixels_end_at_an_edge(picture):
    parts = superpixel.divide(picture, 4)
    assert not set(parts[:, :25].ravel()) & set(parts[:, 29:].ravel())


def test_images_are_rounded_up_over_the_pool_and_not_one_by_one():
    round_ = changed(ROUND, unit="image")
    assert round_.num_queries((60, 20, 30)) == math.ceil(60 * 0.1)
    assert round_.rounded_budget((60, 20, 30)) == pytest.approx(0.2)


def test_an_image_is_not_asked_for_in_every_image():
    with pytest.raises(UserError, match="unit 'image' has no allocation 'per_image'; allowed: dyn"):
        Method(unit="image")


def test_label_file_knows_its_unit(pool):
    assert summary_of(pool[-1](ROUND)).unit == "superpixel"


def test_full_disk_of_temporary_files_is_told_by_what_can_be_done(monkeypatch):
    def refuse(*_):
        raise OSError("600 requested and 0 written")

    images = SimpleNamespace(read_image=lambda index: np.zeros((20, 30, 3), np.uint8))
    monkeypatch.setattr("cbda.acquisition.parts.np.save", refuse)
    with open_parts("superpixel", 2, images) as read:
        assert read is not None
        with pytest.raises(UserError, match=r"no place for superpixels: .*; set TMPDIR to a"):
            read(0)
