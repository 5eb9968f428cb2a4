"""The commands of docs/by-hand.md, most of them by a person with a browser who types the truth."""

import re
import shlex
import subprocess
import sys
import textwrap
from pathlib import Path

import h5py
import numpy as np
from PIL import Image

from cbda.cli import build_parser, main
from cbda.files.answers import AnswerFile
from cbda.files.labels import LabelFile
from cbda.files.queries import load_queries
from tests.annotation.pages import Page
from tests.annotation.people import KEYS, paint, person, press
from tests.datasets.layouts import save

DOCS = Path(__file__).parents[2] / "docs"
SMALLER = (  # sets, and shorter trainings
    (r"--num-images \d+", "--num-images 3"),
    (r"--iterations 300", "--iterations 2"),
    (r"--until 400", "--until 3"),
    (r"--until 500", "--until 4"),
    (r"-iterations 500", "-iterations 4"),
)
SCORES_ALONE = "## From a file of scores"  # the part of the page that needs no model of ours
SIZE = (12, 16)


def commands(page: str, changes: tuple[tuple[str, str], ...] = ()) -> list[list[str]]:
    """Commands of a page, with changes that each must be of something."""
    text = (DOCS / page).read_text().partition(SCORES_ALONE)[0].replace("\\\n", " ")
    for old, new in changes:
        text, count = re.subn(old, new, text)
        assert count, old
    return [shlex.split(line) for line in re.findall(r"^    cbda (.+)$", text, re.MULTILINE)]


def truth_of(image_id):
    return np.asarray(Image.open(f"demo/pool/labels/{image_id}.png"))


def annotate(words, browser):
    """Answer all queries as the labels of the pool say."""
    queries = load_queries(Path(words[words.index("--queries") + 1]))
    places = {(image, row, column): index for index in range(len(queries))
              for image, row, column, _ in [queries.place(index)]}  # fmt: skip
    command = [sys.executable, "-m", "cbda", *words]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as server:
        assert server.stdout is not None
        address = re.findall(r"http\S+", server.stdout.readline() + server.stdout.readline())[0]
        with person(browser, Page(address, Path())) as tab:
            for _ in range(len(queries)):
                where = tab.inner_text("#where")
                found = re.findall(r" px of (.+), row (\d+), column (\d+)$", where)[0]
                index = places[found[0], int(found[1]), int(found[2])]
                window = truth_of(found[0])[queries.window(index).area]
                if (window == window[0, 0]).all():
                    press(tab, "v" if window[0, 0] == 255 else KEYS[window[0, 0]])
                else:
                    paint(tab, queries, index, window)
        server.terminate()


def test_commands_of_the_page_on_people_are_understood():
    found = commands("annotate.md")
    names = {" ".join(words[:2]) for words in found}
    assert names >= {"data make", "annotate --queries", "queries export", "queries import"}
    for words in found:
        build_parser().parse_args(words)


def test_two_rounds_from_images_to_masks(tmp_path, monkeypatch, browser, capsys):
    monkeypatch.chdir(tmp_path)
    asked = 0
    for words in commands("by-hand.md", SMALLER):
        if words[0] == "annotate":
            annotate(words, browser)
        elif words[0] == "ask":
            waits = asked % 2 == 0
            asked += 1
            assert main(words) == (75 if waits else 0)
            if waits:
                command = re.findall("`cbda (.+?)`", capsys.readouterr().err)[0]
                assert "annotate" in command
        else:
            assert main(words) == 0, words
    for number in (1, 2):
        queries = load_queries(Path(f"demo/answers/round{number}.h5"))
        with LabelFile.open(Path(f"demo/labels{number}.h5")) as labels:
            for index in range(len(queries)):
                image, area = int(queries.queries[index, 0]), queries.window(index).area
                expected = truth_of(queries.image_ids[image])[area]
                np.testing.assert_array_equal(labels.read_label(image)[area], expected)
                assert (labels.read_round(image)[area] == number).all()
            assert labels.num_queries == number * len(queries)
    assert len(AnswerFile(Path("demo/answers/answers.jsonl")).latest) == 2 * len(queries)
    assert len(list(Path("demo/masks/masks").glob("*.png"))) == 3


def test_file_of_scores_as_printed_is_chosen_from(tmp_path, monkeypatch):
    """It has what is required, and nothing else."""
    monkeypatch.chdir(tmp_path)
    rng = np.random.default_rng(0)
    text = (DOCS / "by-hand.md").read_text().partition(SCORES_ALONE)[2].replace("\\\n", " ")
    code = textwrap.dedent(re.findall(r"^    with h5py.+?\n\n", text, re.M | re.S)[0])
    score, prediction = rng.random((3, *SIZE), np.float32), rng.integers(0, 4, (3, *SIZE), np.uint8)
    exec(code, {"h5py": h5py, "score": score, "prediction": prediction})
    for number in (1, 2, 3):
        name = f"street_{number}.png"
        save(Path("pool/images") / name, rng.integers(0, 256, (*SIZE, 3), np.uint8))
        save(Path("pool/labels") / name, np.full(SIZE, 255, np.uint8))
    command = re.findall(r"^    cbda (.+)$", text, re.M)[0]
    words = command.replace(" DIR", " pool").replace("--num-classes 19", "--num-classes 4")
    assert main(shlex.split(words)) == 0
    with LabelFile.open(Path("labels.h5")) as labels:
        assert labels.num_queries > 0
