"""Networks of a frozen encoder, from its features to an evaluation, as a user makes them."""

import os
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image
from safetensors.torch import save_file

from cbda.cli import main
from cbda.compute.seeds import Stream, derive_seed
from cbda.datasets.catalogue import create_dataset
from cbda.files.features import FeatureFile
from cbda.files.scores import ScoreFile
from cbda.models.build import create_decoder
from cbda.models.checkpoints import load_model
from cbda.models.encoding import ImageEncoder
from cbda.models.frozen import create_encoder
from cbda.models.images import Resizing
from cbda.models.inference import logits_of_views
from cbda.selection import select
from cbda.settings.encoding import EncodeSettings
from cbda.settings.model import ModelSettings
from cbda.settings.training import TrainingSettings
from cbda.training.encoded import EncodedImages
from cbda.training.loader import create_loader
from cbda.training.trainer import Trainer
from tests.datasets.layouts import make_folder

CPU = torch.device("cpu")
CLASSES = ("road", "car", "tree")
SIZE = (64, 96)
MODEL = ModelSettings(
    architecture="light_fpn",
    encoder="tu-tf_efficientnet_lite0",
    encoder_weights="packaged",
    freeze_encoder=True,
)
FROZEN = ["--model-architecture", "light_fpn", "--model-encoder", MODEL.encoder]
FROZEN += ["--model-encoder-weights", "packaged", "--model-freeze-encoder"]
SETTINGS = TrainingSettings(image_size=SIZE, batch_size=2, total_iterations=4)
TRAINING = "--training-image-size 64 96 --training-batch-size 2 --training-total-iterations 4"
# Runs several commands, then fails if a library has been imported.
GUARD = """
import sys
from cbda.cli import main
codes = [main(line.split()) for line in sys.argv[1].splitlines()]
found = sorted({"timm", "torchvision", "segmentation_models_pytorch"} & set(sys.modules))
sys.exit(f"imported {found}" if found else max(codes))
"""


def encode_words(root, out, *options):
    words = ["encode", "--dataset-root", str(root), "--classes", *CLASSES, *FROZEN]
    return [*words, "--image-size", "64", "96", "--device", "cpu", *options, "--out", str(out)]


def encode(root, out, *options):
    assert main(encode_words(root, out, *options)) == 0
    return out


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """Two sets of 3 images of 40x60 px, and their features: `source.h5`, `target.h5`."""
    folder = tmp_path_factory.mktemp("sets")
    for seed, name in enumerate(("source", "target")):
        make_folder(folder / name, 3, 40, 60, len(CLASSES), np.random.default_rng(seed))
        encode(folder / name, folder / f"{name}.h5", "--mirrored", "--dtype", "float32")
    return folder


@pytest.fixture(scope="module")
def halves(folder):
    """The same in float16."""
    for name in ("source", "target"):
        encode(folder / name, folder / f"{name}16.h5", "--mirrored")
    return folder


class Afresh(EncodedImages):
    """Encodes an image whenever it is asked for."""

    def __init__(self, dataset, dtype):
        super().__init__(dataset, Path())
        self.dataset = dataset
        settings = EncodeSettings(dtype=dtype)
        self.encoder = ImageEncoder(MODEL, settings, Resizing(SIZE), CPU)

    def read_features(self, index, mirrored):
        maps = self.encoder.encode(self.dataset.read_image(index), mirrored)
        return [torch.from_numpy(values) for values in maps[-len(self.encoder.shapes) :]]


def datasets(folder):
    return [create_dataset("folder", folder / name, "", CLASSES) for name in ("source", "target")]


def train(source, target):
    """Losses of 4 iterations, and the network."""
    torch.manual_seed(derive_seed(0, Stream.WEIGHTS))
    scales = {4: 24, 8: 40, 16: 112, 32: 320}
    trainer = Trainer(create_decoder(MODEL, len(CLASSES), scales), SETTINGS, CPU, 0)
    loader = create_loader(source, target, SETTINGS, 0, 0, 4)
    return [trainer.run([batch], 1)["loss"] for batch in loader], trainer.model


@pytest.mark.parametrize(("dtype", "suffix"), [("float32", ""), ("float16", "16")])
def test_network_on_features_is_that_on_images_encoded_afresh(halves, dtype, suffix):
    """Losses and scores are equal bit for bit, and so are picks."""
    sets = datasets(halves)
    paths = [halves / f"{name}{suffix}.h5" for name in ("source", "target")]
    cached = [EncodedImages(*item) for item in zip(sets, paths, strict=True)]
    afresh = [Afresh(dataset, dtype) for dataset in sets]
    losses, picks = [], []
    for images in (cached, afresh):
        found, model = train(*images)
        view = [maps[None] for maps in images[1].read_features(0, False)]
        views = iter([([view], (40, 60))])
        (logits,) = logits_of_views(model, views, Resizing(SIZE), CPU)
        score = -logits.max(dim=0).values.numpy()
        losses.append(found)
        picks.append(select(score, np.zeros(score.shape, bool), 8, 1, "region").tolist())
    assert losses[0] == losses[1]
    assert picks[0] == picks[1]


def test_float16_changes_losses_by_a_thousandth_at_most(halves):
    sets = datasets(halves)
    losses = [train(*(Afresh(item, name) for item in sets))[0] for name in ("float16", "float32")]
    np.testing.assert_allclose(losses[0], losses[1], atol=1e-3)


def test_chain_imports_no_library_of_encoders(folder, tmp_path):
    """Each phase reads features alone; images may be gone, but for the headers of sizes."""
    sets = f"--source-root {folder}/source --target-root {folder}/target"
    features = f"--source-features {folder}/source.h5 --target-features {folder}/target.h5"
    train = f"{sets} {features} {TRAINING} --device cpu"
    model = f"--classes {' '.join(CLASSES)} {' '.join(FROZEN)}"
    target = f"--target-root {folder}/target --target-features {folder}/target.h5 --device cpu"
    acquire = "--method-unit region --method-allocation dynamic --method-balance consumed"
    lines = f"""\
pretrain {train} {model} --iterations 2 --out pretrained.pt
score --checkpoint pretrained.pt {target} --method-score ripu --method-unit region --radius 1 \
--round 1 --out scores.h5
acquire --scores scores.h5 --oracle-root {folder}/target {acquire} --radius 1 --budget 0.05 \
--rounds 1 --round 1 --num-classes 3 --out labels.h5
finetune {train} --checkpoint pretrained.pt --labels labels.h5 --until 4 --out model.pt
finetune {train} --checkpoint pretrained.pt --labels labels.h5 --anew --until 4 --out anew.pt
pretrain {train} {model.replace("light_fpn", "linear")} --iterations 2 --out other.pt
finetune {train} --checkpoint other.pt --labels labels.h5 --anew --until 4 --out replayed.pt
evaluate --checkpoint model.pt --val-root {folder}/target --val-features {folder}/target.h5 \
--flip --device cpu --out evaluation.json"""
    command = [sys.executable, "-c", GUARD, lines]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    checkpoint, _ = load_model(tmp_path / "model.pt")
    assert checkpoint.encoding == FeatureFile.open(folder / "source.h5").encoding
    with ScoreFile.open(tmp_path / "scores.h5") as scores:
        assert scores.shape == (3, 40, 60)
    models = [load_model(tmp_path / name)[1] for name in ("model.pt", "anew.pt")]
    weights = [of.state_dict() for of in models]  # of one round, which both train on alike
    assert all(torch.equal(values, weights[1][name]) for name, values in weights[0].items())
    replayed, _ = load_model(tmp_path / "replayed.pt")
    assert replayed.model_settings.architecture == "linear"


def test_killed_job_leaves_nothing_and_starts_again_to_the_same_bytes(folder, tmp_path):
    make_folder(tmp_path / "many", 300, 40, 60, len(CLASSES), np.random.default_rng(0))
    out = tmp_path / "features/of.h5"
    command = [sys.executable, "-m", "cbda", *encode_words(tmp_path / "many", out)]
    job = subprocess.Popen(command, stderr=subprocess.DEVNULL)
    while not list(tmp_path.glob("features/.of.h5.*.tmp")):
        assert job.poll() is None
        time.sleep(0.01)
    job.kill()
    job.wait()
    assert not out.exists()
    small = folder / "target"
    first, again = (encode(small, out).read_bytes() for _ in range(2))
    assert first == again == encode(small, tmp_path / "other.h5").read_bytes()
    assert sorted(path.name for path in out.parent.iterdir()) == [".cbda", "of.h5"]


def pretrain(folder, out, *options):
    words = [f"--source-root {folder}/source --source-features {folder}/source.h5", TRAINING]
    words += ["--device cpu --iterations 1 --classes", *CLASSES, *FROZEN]
    assert main(["pretrain", *" ".join(words).split(), *options, "--out", str(out)]) == 0
    return out


@pytest.fixture(scope="module")
def pretrained(folder):
    return pretrain(folder, folder / "pretrained.pt")


EVALUATE = "evaluate --checkpoint {0}/pretrained.pt --val-root {0}/target --device cpu"
PRETRAIN = "pretrain --source-root {0}/source --iterations 1 --classes road car tree"
PRETRAIN = f"{PRETRAIN} {TRAINING} {' '.join(FROZEN)}"
BOTH = f"{PRETRAIN} --source-features {{0}}/source.h5 --target-root {{0}}/target"


@pytest.mark.parametrize(
    ("line", "message"),
    [
        (EVALUATE, "takes features: give those of the data set by --val-features"),
        (PRETRAIN, "--model-freeze-encoder: needs --source-features"),
        (BOTH, "--target-features: missing, while the other set has features"),
        (f"{BOTH} --target-features {{0}}/target.h5 --training-image-size 64 64", "training is of"),
        (f"{BOTH} --target-features {{0}}/target.h5 --model-encoder resnet18", "features of tu-tf"),
        (f"{BOTH} --target-features {{0}}/target.h5 --no-model-freeze-encoder", "are for --model-"),
    ],
)
def test_features_that_do_not_fit_are_one_line(pretrained, folder, tmp_path, capsys, line, message):
    words = [*line.format(folder).split(), "--out", str(tmp_path / "out")]
    assert main(words) == 2
    error = capsys.readouterr().err.strip().splitlines()[-1]
    assert message in error
    assert not (tmp_path / "out").exists()


def predict(folder, out, *options, checkpoint="pretrained.pt"):
    words = ["predict", "--checkpoint", folder / checkpoint, "--device", "cpu", "--out", out]
    return main([*map(str, words), "--images", str(folder / "target/images"), *options])


def test_masks_of_images_are_those_of_their_features(pretrained, folder, tmp_path):
    assert predict(folder, tmp_path) == 0
    _, model = load_model(folder / "pretrained.pt")
    with FeatureFile.open(folder / "target.h5") as features:
        for index, image_id in enumerate(features.image_ids):
            maps = [torch.from_numpy(values)[None] for values in features.read(index, False)]
            views = iter([([maps], (40, 60))])
            (logits,) = logits_of_views(model, views, Resizing(SIZE), CPU)
            mask = np.asarray(Image.open(tmp_path / f"masks/{image_id}.png"))
            np.testing.assert_array_equal(mask, logits.argmax(dim=0).numpy())


def test_masks_by_another_encoder_are_refused(pretrained, folder, tmp_path, capsys):
    assert predict(folder, tmp_path, "--model-encoder-weights", "none") == 2
    error = capsys.readouterr().err.strip().splitlines()[-1]
    assert "pretrained.pt: takes features of other weights than 'none'; give those" in error


def test_weights_of_a_file_are_needed_by_who_encodes_alone(pretrained, folder, tmp_path, capsys):
    """A checkpoint knows them by a digest, which is no place: it is trained on without them."""
    weights = tmp_path / "encoder.safetensors"
    save_file(create_encoder(MODEL, SIZE).body.state_dict(), weights)
    named = ["--model-encoder-weights", str(weights)]
    checkpoint = pretrain(folder, tmp_path / "of_file.pt", *named)
    models = [load_model(path)[1].state_dict() for path in (checkpoint, pretrained)]
    assert all(torch.equal(values, models[1][name]) for name, values in models[0].items())
    assert predict(folder, tmp_path / "masks", *named, checkpoint=checkpoint) == 0
    assert predict(folder, tmp_path / "none", checkpoint=checkpoint) == 2
    error = capsys.readouterr().err.strip().splitlines()[-1]
    assert "of_file.pt: takes features of an encoder whose weights came from a file; give" in error


def test_damaged_features_are_noticed_by_who_reads_them(pretrained, folder, tmp_path, capsys):
    target = encode(folder / "target", tmp_path / "target.h5", "--dtype", "float32")
    content = bytearray(target.read_bytes())
    content[-7] ^= 1
    target.write_bytes(content)
    words = f"score --checkpoint {pretrained} --target-root {folder}/target --radius 1 --round 1"
    words += f" --method-score ripu --method-unit region --target-features {target} --device cpu"
    assert main([*words.split(), "--out", str(tmp_path / "scores.h5")]) == 2
    assert f"{target}: not as `cbda encode` made it" in capsys.readouterr().err


def test_features_of_other_pixels_are_refused(pretrained, folder, tmp_path, capsys):
    """Another set with the same ids and sizes, and the same set with a pixel changed."""
    make_folder(tmp_path / "target", 3, 40, 60, len(CLASSES), np.random.default_rng(5))
    words = f"--checkpoint {pretrained} --val-root {tmp_path}/target --device cpu"
    words += f" --val-features {folder}/target.h5 --out {tmp_path}/evaluation.json"
    assert main(["evaluate", *words.split()]) == 2
    first = sorted((tmp_path / "target/images").iterdir())[0]
    assert f"target.h5: was not made of {first} as it is now" in capsys.readouterr().err

    own = encode(tmp_path / "target", tmp_path / "own.h5", "--dtype", "float32")
    words = words.replace(f"{folder}/target.h5", str(own))
    assert main(["evaluate", *words.split()]) == 0
    status, content = first.stat(), bytearray(first.read_bytes())
    content[-20] ^= 1
    first.write_bytes(content)
    os.utime(first, ns=(status.st_atime_ns, status.st_mtime_ns))
    assert main(["evaluate", *words.split()]) == 2
    assert f"own.h5: was not made of {first}" in capsys.readouterr().err
