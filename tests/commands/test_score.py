"""Random scores: those of the command `score`, and of the gallery, which computes them again."""

from pathlib import Path
from unittest.mock import Mock

import numpy as np
import pytest
import torch

from cbda.cli import main
from cbda.files.labels import LabelFile
from cbda.files.records import file_sha256
from cbda.files.scores import ScoreFile
from cbda.models.build import create_model
from cbda.models.checkpoints import Checkpoint, load_model
from cbda.models.images import Resizing, to_tensor
from cbda.models.logits import most_probable, resize_logits
from cbda.models.void import void_class_of
from cbda.report.gallery import Arm, compute_maps
from cbda.settings.model import ModelSettings
from tests.datasets.layouts import save
from tests.pools import make_pool, summarise, write_labels, write_scores

CLASSES = ["road", "pole", "sign"]
HEIGHT, WIDTH = 16, 24
ROUNDS = (1, 2)
CASES = [(seed, number) for seed in (0, 1) for number in ROUNDS]


@pytest.fixture
def pool(tmp_path):
    """A pool of two images, beside an untrained network."""
    torch.manual_seed(0)
    network = create_model(ModelSettings(), len(CLASSES)).state_dict()
    state = {"model": network, "optimizer": {}, "iteration": 0}
    Checkpoint(state, CLASSES, ModelSettings(), Resizing((HEIGHT, WIDTH))).save(tmp_path / "m.pt")
    label = np.zeros((HEIGHT, WIDTH), np.uint8)
    return make_pool(tmp_path / "pool", {"a": label, "b": label}, len(CLASSES))


def score(folder, seed, number):
    """Score maps (2,H,W) of a round."""
    assert run_score(folder, seed, number) == 0
    with ScoreFile.open(folder / "scores.h5") as scores:
        return np.stack([scores.read(index)[0] for index in range(scores.shape[0])])


def run_score(folder, seed, number, *more, name="random"):
    files = ["--checkpoint", str(folder / "m.pt"), "--target-root", str(folder / "pool")]
    method = ["--method-score", name, "--method-unit", "region", "--radius", "1"]
    words = [*files, *method, "--seed", str(seed), "--round", str(number), "--device", "cpu"]
    return main(["score", *words, *more, "--out", str(folder / "scores.h5")])


def write_empty_labels(path, seed, number):
    """The labels after a round, in which nothing was acquired."""
    nothing = np.zeros((2, HEIGHT, WIDTH), np.uint8)
    summary = summarise(np.zeros((number, len(CLASSES))), rounds=len(ROUNDS), seed=seed)
    write_labels(path, ["a", "b"], nothing, nothing, summary)


def test_random_scores_differ_by_image_round_and_seed(pool, tmp_path):
    maps = [image for case in CASES for image in score(tmp_path, *case)]
    assert len({image.tobytes() for image in maps}) == len(maps) == 8
    np.testing.assert_array_equal(score(tmp_path, *CASES[0]), maps[:2])


@pytest.mark.parametrize(("seed", "number"), CASES)
def test_gallery_shows_the_random_scores_of_the_last_round(pool, tmp_path, seed, number):
    write_empty_labels(tmp_path / "labels.h5", seed, number)
    arm = Arm("random", tmp_path / "m.pt", tmp_path / "m.pt", tmp_path / "labels.h5")
    expected = score(tmp_path, seed, number)
    for indices in ([0, 1], [1]):
        shown = compute_maps(arm, pool, None, indices, torch.device("cpu"))
        np.testing.assert_array_equal([shown[i].score for i in indices], expected[indices])


def test_features_are_kept_when_asked_for(pool, tmp_path):
    plain = score(tmp_path, 0, 1)
    assert run_score(tmp_path, 0, 1, "--keep-features") == 0
    with ScoreFile.open(tmp_path / "scores.h5") as scores:
        np.testing.assert_array_equal([scores.read(index)[0] for index in (0, 1)], plain)
        features = [scores.read_features(index) for index in (0, 1)]
    assert features[0].shape == (16, HEIGHT // 2, WIDTH // 2)
    network = load_model(tmp_path / "m.pt")[1].eval()
    image = to_tensor(pool.read_image(1))[None]
    with torch.inference_mode():
        logits = network(image)
        rebuilt = network.get_submodule("classify")(torch.tensor(features[1]).float()[None])
    torch.testing.assert_close(rebuilt, logits, atol=2e-3, rtol=0)


def test_features_of_several_views_are_refused(pool, tmp_path, capsys):
    assert run_score(tmp_path, 0, 1, "--keep-features", name="bald_shifted") != 0
    expected = "'bald_shifted': goes by several predictions of an image, features by one; allowed"
    assert expected in capsys.readouterr().err


def test_what_a_model_takes_for_void_is_not_asked_for(tmp_path):
    torch.manual_seed(0)
    settings = ModelSettings(void_class=True)
    network = create_model(settings, len(CLASSES))
    state = {"model": network.state_dict(), "optimizer": {}, "iteration": 0}
    Checkpoint(state, CLASSES, settings, Resizing((HEIGHT, WIDTH))).save(tmp_path / "m.pt")
    labels = np.zeros((2, HEIGHT, WIDTH), np.uint8)
    pool = make_pool(tmp_path / "pool", dict(zip("ab", labels, strict=True)), len(CLASSES))
    assert run_score(tmp_path, 0, 1, "--keep-features", name="margin") == 0
    seen = network.train()(to_tensor(pool.read_image(0))[None])  # of one more class
    assert seen.shape[1] == len(CLASSES) + 1
    network.eval()
    with ScoreFile.open(tmp_path / "scores.h5") as scores:
        for index in (0, 1):
            image = to_tensor(pool.read_image(index))[None]
            with torch.inference_mode():
                logits = resize_logits(network(image), (HEIGHT, WIDTH))[0]
            np.testing.assert_array_equal(scores.read(index)[1], most_probable(logits))
            void = void_class_of(network)
            assert void is not None
            expected = void.read(Resizing((HEIGHT, WIDTH)), (HEIGHT, WIDTH))
            np.testing.assert_array_equal(scores.read_void(index), expected)
            assert scores.read_features(index).shape[0] == 16


@pytest.mark.parametrize("allocation", ["coreset", "typical"])
def test_round_chooses_by_the_features_that_were_kept(pool, tmp_path, allocation):
    def acquire():
        files = {"scores": "scores.h5", "oracle-root": "pool", "out": "labels.h5"}
        words = [word for name in files for word in (f"--{name}", str(tmp_path / files[name]))]
        words += ["--method-unit", "image", "--method-allocation", allocation, "--rounds", "1"]
        words += ["--method-balance", "none", "--radius", "1", "--budget", "0.5", "--round", "1"]
        return main(["acquire", *words, "--num-classes", str(len(CLASSES)), "--seed", "0"])

    run_score(tmp_path, 0, 1)
    assert acquire() != 0
    run_score(tmp_path, 0, 1, "--keep-features")
    assert acquire() == 0
    with LabelFile.open(tmp_path / "labels.h5") as labels:
        assert len(next(labels.queries())) == 1
        assert labels.summary.allocation == allocation


@pytest.fixture
def rounds(pool, tmp_path, monkeypatch):
    """Commands by name, which were run in this order."""
    monkeypatch.chdir(tmp_path)
    run_score(tmp_path, 0, 1)
    method = "--oracle-root pool --classes road pole sign --method-unit region --rounds 2 --seed 0"
    method += " --method-allocation dynamic --method-balance none --radius 1 --budget 0.5"
    words = {
        "acquire": f"acquire --scores scores.h5 {method} --round 1 --out labels.h5",
        "diagnose": "diagnose --scores scores.h5 --labels labels.h5 --oracle-root pool"
        " --classes road pole sign --out diagnosis.json",
        "finetune": "finetune --checkpoint m.pt --labels labels.h5 --source-root pool"
        " --target-root pool --until 1 --device cpu --out tuned.pt",
    }
    for name in ("acquire", "diagnose"):
        assert main(words[name].split()) == 0
    return words


@pytest.mark.parametrize(
    ("command", "named"),
    [("acquire", "scores.h5"), ("diagnose", "scores.h5"), ("finetune", "labels.h5")],
)
def test_files_of_another_pool_with_the_same_ids_and_sizes_are_refused(
    rounds, capsys, command, named
):
    save(Path("pool/images/b.png"), np.full((HEIGHT, WIDTH, 3), 7, np.uint8))
    assert main(rounds[command].split()) == 2
    said = f"{named}: was not made of pool/images/b.png as it is now; restore the image"
    assert said in capsys.readouterr().err


def test_labels_of_another_pool_are_refused_where_scores_know_no_images(rounds, capsys):
    nothing = np.zeros((2, HEIGHT, WIDTH))
    write_scores(Path("others.h5"), "ab", nothing.astype(np.float32), nothing, 3, 1, "random")
    words = rounds["acquire"].replace("--scores scores.h5", "--scores others.h5 --labels labels.h5")
    words = words.replace("--round 1 --out labels.h5", "--round 2 --out more.h5")
    assert main(words.split()) == 0
    save(Path("pool/images/a.png"), np.full((HEIGHT, WIDTH, 3), 7, np.uint8))
    assert main(words.split()) == 2
    assert "labels.h5: was not made of pool/images/a.png" in capsys.readouterr().err


def test_images_are_not_read_again_by_who_follows(rounds, monkeypatch):
    read = Mock(side_effect=file_sha256)
    monkeypatch.setattr("cbda.files.encoded_images.file_sha256", read)
    for name in ("acquire", "diagnose"):
        assert main(rounds[name].split()) == 0
    assert not read.call_args_list


def test_scores_know_the_images_that_they_were_made_of(pool, tmp_path):
    run_score(tmp_path, 0, 1)
    with ScoreFile.open(tmp_path / "scores.h5") as scores:
        assert scores.image_sha256 == tuple(map(file_sha256, pool.image_paths))
