"""Faults planted in what comes from outside: one line that names the file, nothing left."""

import copy
import json
import os
import re
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from cbda.cli import main
from cbda.errors import UserError
from cbda.settings.options import add_options, from_options, to_options
from cbda.settings.training import TrainingSettings
from cbda.workflow.config import load_config, resolve_experiment
from tests.datasets.layouts import png_bytes, save
from tests.pools import write_scores
from tests.projects import copy_project, run_snakemake, snakemake
from tests.workflow.test_config import CONFIG, LEAVES

NUM_CLASSES = 3
HEIGHT, WIDTH = 20, 30
WILD_NAMES = (
    "a b",
    "it's",
    'a "name"',
    "a; touch EVIL",
    "$(touch EVIL)",
    "`touch EVIL`",
    "-n",
    "ü",
)
RNG = np.random.default_rng(0)
IMAGE = RNG.integers(0, 256, (HEIGHT, WIDTH, 3)).astype(np.uint8)
LABEL = RNG.integers(0, NUM_CLASSES, (HEIGHT, WIDTH)).astype(np.uint8)


def rgb(mode: str) -> Image.Image:
    return Image.fromarray(IMAGE).convert(mode)


def cut(path: Path) -> None:
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])


def flip(path: Path) -> None:
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 16
    path.write_bytes(content)


def turned(path: Path) -> None:
    exif = Image.Exif()
    exif[0x0112] = 6
    Image.fromarray(IMAGE).save(path, format="JPEG", exif=exif)


def permuted_greys(path: Path) -> None:
    """Same greys, but the palette is in another order, as optimisers leave it."""
    order = np.arange(NUM_CLASSES)[::-1]
    picture = Image.fromarray(order.astype(np.uint8)[LABEL])
    picture.putpalette([int(value) for value in order for _ in range(3)])
    picture.save(path)


def as_folder(path: Path) -> None:
    path.unlink()
    path.mkdir()


def as_lost_link(path: Path) -> None:
    path.unlink()
    path.symlink_to("nowhere.png")


def as_pipe(path: Path) -> None:
    path.unlink()
    os.mkfifo(path)


# What is done to images/1.png or labels/1.png of a data set of three pairs.
IMAGE_FAULTS = {
    "cut off": cut,
    "a flipped bit": flip,
    "empty": lambda path: path.write_bytes(b""),
    "text": lambda path: path.write_text("no picture"),
    "no width": lambda path: path.write_bytes(png_bytes(0, 5, 8, 2, b"\0")),
    "a bomb": lambda path: path.write_bytes(png_bytes(65535, 65535, 8, 2, b"\0")),
    "a gif": lambda path: Image.fromarray(IMAGE).save(path, format="GIF"),
    "another size": lambda path: save(path, IMAGE[:-1]),
    "turned by its EXIF tag": turned,
    "8 bits in 16": lambda path: Image.fromarray(IMAGE[:, :, 0].astype(np.uint16)).save(path),
    "of a row of 170 Mpx": lambda path: path.write_bytes(png_bytes(170_000_000, 1, 8, 0, b"\0")),
    "lost": lambda path: path.unlink(),
    "a folder": as_folder,
    "a link to nothing": as_lost_link,
    "a named pipe": as_pipe,
    "there twice": lambda path: save(path.with_suffix(".jpg"), IMAGE),
    "without a label": lambda path: save(path.with_name("4.png"), IMAGE),
    "of a name in two lines": lambda path: save(path.with_name("a\nb.png"), IMAGE),
}
LABEL_FAULTS = {
    "cut off": cut,
    "a flipped bit": flip,
    "empty": lambda path: path.write_bytes(b""),
    "16 bits deep": lambda path: Image.fromarray(LABEL.astype(np.uint16)).save(path),
    "RGB": lambda path: rgb("RGB").save(path),
    "RGBA": lambda path: rgb("RGBA").save(path),
    "of one bit": lambda path: rgb("1").save(path),
    "a JPEG": lambda path: Image.fromarray(LABEL).save(path, format="JPEG"),
    "no height": lambda path: path.write_bytes(png_bytes(5, 0, 8, 0, b"\0")),
    "a bomb": lambda path: path.write_bytes(png_bytes(65535, 65535, 8, 0, b"\0")),
    "another size": lambda path: save(path, LABEL[:, 1:]),
    "beyond the classes": lambda path: save(path, LABEL + 1),
    "lost": lambda path: path.unlink(),
    "a link to nothing": as_lost_link,
    "a named pipe": as_pipe,
    "in greys that are other ids": permuted_greys,
    "without an image": lambda path: save(path.with_name("4.png"), LABEL),
}
# JPEG of four colours, palettes, depths and grey: unusual, but what they show is beyond doubt.
HARMLESS_IMAGES = {
    "CMYK": lambda path: rgb("CMYK").save(path, format="JPEG"),
    "palette": lambda path: rgb("P").save(path),
    "grey": lambda path: rgb("L").save(path),
    "RGBA": lambda path: rgb("RGBA").save(path),
    "16 bits deep": lambda path: Image.fromarray(IMAGE[:, :, 0] * np.uint16(257)).save(path),
}


BAR = re.compile(r"\s*$|\rcheck:|check:")


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """A data set of the kind `folder` whose path wants to be quoted."""
    folder = tmp_path / 'it\'s; a "root"'
    for index in range(3):
        save(folder / f"images/{index}.png", IMAGE)
        save(folder / f"labels/{index}.png", LABEL)
    return folder


def check(root: Path) -> tuple[int, Path]:
    """Exit code of `cbda data check`, and what it writes."""
    out = root.parent / "report.json"
    classes = [str(number) for number in range(NUM_CLASSES)]
    words = ["--kind", "folder", "--root", str(root), "--classes", *classes]
    return main(["data", "check", *words, "--uniform-size", "--out", str(out)]), out


def error_line(capsys: pytest.CaptureFixture[str]) -> str:
    """The one line of the error; beside it there is but the progress bar."""
    lines = [line for line in capsys.readouterr().err.splitlines() if not BAR.match(line)]
    (line,) = lines
    return line


@pytest.mark.parametrize("what", IMAGE_FAULTS)
def test_image_fault_is_one_line_and_leaves_nothing(root: Path, what: str, capsys: Any) -> None:
    IMAGE_FAULTS[what](root / "images/1.png")
    code, out = check(root)
    assert code == 2
    assert str(root) in error_line(capsys)
    assert not out.exists()


@pytest.mark.parametrize("what", LABEL_FAULTS)
def test_label_fault_is_one_line_and_leaves_nothing(root: Path, what: str, capsys: Any) -> None:
    LABEL_FAULTS[what](root / "labels/1.png")
    code, out = check(root)
    assert code == 2
    assert f"{root}/" in error_line(capsys)
    assert not out.exists()


@pytest.mark.parametrize("what", HARMLESS_IMAGES)
def test_unusual_image_is_read(root: Path, what: str) -> None:
    HARMLESS_IMAGES[what](root / "images/1.png")
    assert check(root)[0] == 0


def acquire_words(folder: Path, root: Path) -> list[str]:
    method = "--method-unit region --method-allocation dynamic --method-balance none"
    size = f"--radius 1 --budget 0.05 --rounds 1 --round 1 --num-classes {NUM_CLASSES}"
    places = ["--scores", str(folder / "scores.h5"), "--oracle-root", str(root)]
    words = [*places, *method.split(), *size.split(), "--out", str(folder / "labels.h5")]
    return ["acquire", "--oracle-kind", "folder", *words]


@pytest.fixture
def scores(root: Path) -> Path:
    rng = np.random.default_rng(0)
    prediction = rng.integers(0, NUM_CLASSES, (3, HEIGHT, WIDTH))
    score = rng.random(prediction.shape)
    return write_scores(root.parent / "scores.h5", "012", score, prediction, NUM_CLASSES, 1)


@pytest.mark.parametrize("what", LABEL_FAULTS)
def test_fault_that_comes_after_the_check_is_found_by_the_oracle(
    root: Path, scores: Path, what: str, capsys: Any
) -> None:
    LABEL_FAULTS[what](root / "labels/1.png")
    assert main(acquire_words(scores.parent, root)) == 2
    assert f"{root}/" in error_line(capsys)
    assert not (scores.parent / "labels.h5").exists()


def put(name: str, index: Any, value: Any) -> Any:
    def change(file: "h5py.File") -> None:
        file[name][index] = value

    return change


SCORE_FAULTS = {
    "not a number": put("score", (1, 2, 3), np.nan),
    "infinite": put("score", (1, 2, 3), np.inf),
    "a class too many": put("prediction", (1, 2, 3), NUM_CLASSES),
    "another image": put("image_id", 1, b"9"),
    "an image id twice": put("image_id", 1, b"0"),
    "an image id that is not UTF-8": put("image_id", 1, b"\xff"),
    "another number of classes": lambda file: file.attrs.__setitem__("num_classes", 4),
    "another radius": lambda file: file.attrs.__setitem__("radius", 2),
}


@pytest.mark.parametrize("what", SCORE_FAULTS)
def test_wrong_numbers_in_a_score_file_are_one_line(
    root: Path, scores: Path, what: str, capsys: Any
) -> None:
    with h5py.File(scores, "r+") as file:
        SCORE_FAULTS[what](file)
    assert main(acquire_words(scores.parent, root)) == 2
    assert "acquire: error: " in error_line(capsys)
    assert not (scores.parent / "labels.h5").exists()


def test_sound_files_of_wild_names_are_acquired_from(tmp_path: Path) -> None:
    root = tmp_path / "root"
    for name in WILD_NAMES:
        save(root / f"images/{name}.png", IMAGE)
        save(root / f"labels/{name}.png", LABEL)
    prediction = np.zeros((len(WILD_NAMES), HEIGHT, WIDTH))
    write_scores(tmp_path / "scores.h5", sorted(WILD_NAMES), prediction, prediction, NUM_CLASSES, 1)
    assert check(root)[0] == 0
    assert main(acquire_words(tmp_path, root)) == 0
    with h5py.File(tmp_path / "labels.h5") as file:
        assert file["image_id"].asstr()[:].tolist() == sorted(WILD_NAMES)


# Values that a hand may write anywhere, with those that mean something to a shell or to YAML.
SCALARS = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text(max_size=8)
    | st.sampled_from(
        [*WILD_NAMES, "-n", "${HOME}", "${NOT_SET}", "ra", "cbda", "0.05", "{seed}", "../x"]
    )
)
VALUES = st.recursive(
    SCALARS,
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3)
    ),
    max_leaves=6,
)
PLACES = sorted({path[:length] for path in LEAVES for length in range(1, len(path) + 1)})
NUM_EXAMPLES = 150


def use(config: dict[str, Any]) -> None:
    """What the workflow does with a configuration before it plans any job."""
    loaded = load_config(config, {"HOME": "/home/me"})
    resolve_experiment(loaded)
    assert_read_back(to_options("training", loaded.training), loaded.training)


def assert_read_back(words: list[str], training: TrainingSettings) -> None:
    """The command line gives back the numbers of the configuration."""
    import argparse

    parser = argparse.ArgumentParser(exit_on_error=False)
    add_options(parser, "training", TrainingSettings)
    assert from_options(parser.parse_args(words), "training", TrainingSettings) == training


def complaint(config: dict[str, Any]) -> str | None:
    """What is wrong with a configuration; None if it can be used."""
    try:
        use(config)
    except UserError as error:
        return str(error)
    return None


@settings(max_examples=NUM_EXAMPLES, deadline=None, derandomize=True, database=None)
@given(st.lists(st.tuples(st.sampled_from(PLACES), VALUES), min_size=1, max_size=3))
def test_configuration_is_valid_or_one_line(changes: list[tuple[tuple[str, ...], Any]]) -> None:
    config = copy.deepcopy(CONFIG)
    for path, value in changes:
        section = config
        for key in path[:-1]:
            section = section[key] if isinstance(section.get(key), dict) else {}
        section[path[-1]] = value
    message = complaint(config)
    assert message is None or len(message.splitlines()) == 1


@settings(max_examples=NUM_EXAMPLES, deadline=None, derandomize=True, database=None)
@given(st.dictionaries(st.text(max_size=8) | st.sampled_from(sorted(CONFIG)), VALUES, max_size=4))
def test_configuration_of_another_shape_is_one_line(config: dict[str, Any]) -> None:
    message = complaint(config)
    allowed = set(config) <= set(CONFIG) and all(
        isinstance(v, dict | list) for v in config.values()
    )
    assert allowed if message is None else len(message.splitlines()) == 1


BROKEN_YAML = {
    "syntax": b"experiment: [1\n",
    "list": b"- experiment\n",
    "tag that runs code": b"experiment: !!python/object/apply:os.mkdir [EVIL]\n",
}


@pytest.mark.workflow
@pytest.mark.parametrize("what", BROKEN_YAML)
def test_broken_configuration_file_stops_snakemake_in_words(tmp_path: Path, what: str) -> None:
    """Snakemake's own loader reads the file before anything of ours can."""
    project = copy_project(tmp_path)
    (project / "broken.yaml").write_bytes(BROKEN_YAML[what])
    output = run_snakemake(project, ["-n", "--configfile", "broken.yaml"], check=False)
    assert "WorkflowError" in output
    assert "Traceback" not in output
    assert not (project / "EVIL").exists()


@pytest.mark.workflow
def test_wild_names_reach_the_shell_quoted(tmp_path: Path) -> None:
    """Results, roots and classes of names that a shell would take for commands."""
    project = copy_project(tmp_path)
    wild = 'it\'s; touch EVIL; $(touch EVIL) `touch EVIL` & "x"'
    classes = [*(name for name in WILD_NAMES if name != "-n"), *"abcd"]
    change = {
        "pathvars": {"results": f"results/{wild}"},
        "data_make": {"root": f"data/{wild}"},
        "datasets": {
            name: {"root": f"data/{wild}/{made}", "label_ids": list(range(len(classes)))}
            for name, made in (("source", "source"), ("target", "target_train"))
        },
        "classes": classes,
    }
    target = f"results/{wild}/data/target.json"
    output = snakemake(project, change=yaml.safe_dump(change), targets=(target,))
    report = json.loads((project / target).read_text())
    assert report["classes"] == classes
    assert report["num_images"] == 4
    assert not list(project.rglob("EVIL")), output
