"""Score files as objects."""

from concurrent.futures import ThreadPoolExecutor

import h5py
import numpy as np
import pytest

from cbda.errors import UserError
from cbda.files.scores import ScoreFile
from tests.pools import write_scores

RNG = np.random.default_rng(0)
SCORE = RNG.random((5, 6, 7)).astype(np.float32)
PREDICTION = RNG.integers(0, 3, SCORE.shape).astype(np.uint8)
IDS = ("a", "b", "c", "d", "ü")


def write(path, score=SCORE, prediction=PREDICTION):
    return write_scores(path / "scores.h5", IDS, score, prediction, num_classes=3, radius=1)


def test_score_file_reads_what_was_written_from_any_thread(tmp_path):
    path = write(tmp_path)
    with ScoreFile.open(path) as scores, ThreadPoolExecutor(3) as executor:
        assert (scores.path, scores.image_ids, scores.shape) == (path, IDS, SCORE.shape)
        assert (scores.shape[0], scores.num_classes, scores.radius) == (5, 3, 1)
        assert scores.score == "ripu"
        maps = list(executor.map(scores.read, range(5)))
    for index, (score, prediction) in enumerate(maps):
        np.testing.assert_array_equal(score, SCORE[index])
        np.testing.assert_array_equal(prediction, PREDICTION[index])
        assert (score.dtype.name, prediction.dtype.name) == ("float32", "uint8")
        score[:], prediction[:] = 0, 0  # maps of the reader's own


def test_score_file_counts_what_the_pool_is_predicted_as(tmp_path):
    with ScoreFile.open(write(tmp_path)) as scores:
        np.testing.assert_array_equal(scores.predicted_px, np.bincount(PREDICTION.ravel()))


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
def test_score_that_is_not_finite_is_refused(tmp_path, bad):
    score = SCORE.copy()
    score[4, 2, 3:5] = bad
    with ScoreFile.open(write(tmp_path, score)) as scores:
        scores.read(3)
        with pytest.raises(UserError) as caught:
            scores.read(4)
    assert str(caught.value) == f"{scores.path}: image 'ü': 2 scores are NaN or infinite"


def test_prediction_of_no_class_is_refused(tmp_path):
    prediction = PREDICTION.copy()
    prediction[1, 2, 3] = 250
    with ScoreFile.open(write(tmp_path, prediction=prediction)) as scores:
        for read in (scores.read, scores.read_prediction):
            with pytest.raises(UserError, match=r"'b': predicts class 250, there are 3$"):
                read(1)


def test_score_file_has_the_layout_that_others_rely_on(tmp_path):
    with h5py.File(write(tmp_path)) as file:
        assert set(file) == {"score", "prediction", "image_id"}
        for name, values in (("score", SCORE), ("prediction", PREDICTION)):
            np.testing.assert_array_equal(file[name][:], values)
            assert (file[name].dtype, file[name].chunks) == (values.dtype, (1, 6, 7))
        assert file["image_id"].asstr()[:].tolist() == list(IDS)
        assert {name: file.attrs[name] for name in ("version", "num_classes", "radius")} == {
            "version": 1,
            "num_classes": 3,
            "radius": 1,
        }
        texts = {name: file.attrs[name] for name in ("format", "score")}
        assert texts == {"format": "cbda.scores", "score": "ripu"}


def test_features_are_beside_the_scores_and_must_be_finite(tmp_path):
    features = RNG.random((5, 4, 2, 3)).astype(np.float16)
    features[2, 1, 1, 1] = np.inf
    path = write_scores(tmp_path / "f.h5", IDS, SCORE, PREDICTION, 3, 1, features=features)
    with ScoreFile.open(path) as scores:
        assert scores.num_features == 4
        np.testing.assert_array_equal(scores.read_features(4), features[4])
        np.testing.assert_array_equal(scores.read(4)[0], SCORE[4])
        with pytest.raises(UserError, match=r"image 'c': features are NaN or infinite"):
            scores.read_features(2)
    with ScoreFile.open(write(tmp_path)) as scores:
        assert scores.num_features == 0
