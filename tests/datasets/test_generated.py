"""Generated sets of which something is lost, changed or added."""

import json
import shutil

import numpy as np
import pytest

from cbda.cli import main
from cbda.datasets.catalogue import create_dataset, scan_dataset
from cbda.datasets.generated import AGAIN, CHANGED, MARK, find_changes
from cbda.errors import UserError
from cbda.scenes.classes import CLASSES as STREETS
from tests.datasets.layouts import save

CLASSES = list(STREETS)
SIDES = ("images", "labels")


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    folder = tmp_path_factory.mktemp("made") / "a set"
    size = ["--height", "16", "--width", "24"]
    words = ["--domain", "source", "--num-images", "4", *size, "--out", f"{folder}/manifest.json"]
    assert main(["data", "make", *words]) == 0
    return folder


@pytest.fixture
def root(made, tmp_path):
    """A copy of a generated set of 4 images."""
    return shutil.copytree(made, tmp_path / "a set")


def check(root, *options, classes=CLASSES):
    words = ["--kind", "folder", "--root", str(root), "--classes", *classes, *options]
    return main(["data", "check", *words, "--out", f"{root.parent}/report.json"])


def change_pixels(root):
    save(root / "labels/00002.png", np.full((16, 24), 3, np.uint8))
    return [f"{root}/labels/00002.png: {CHANGED}"]


def lose_pair(root):
    for side in SIDES:
        (root / side / "00001.png").unlink()
    lost = f"was made by `cbda data make`, and is lost: {AGAIN}"
    return [f"{root}/{side}/00001.png: {lost}" for side in SIDES]


def add_pair(root):
    save(root / "images/mine.png", np.zeros((16, 24, 3), np.uint8))
    save(root / "labels/mine.png", np.zeros((16, 24), np.uint8))
    added = "lies in a generated set, but was not made with it: move it away"
    return [f"{root}/{side}/mine.png: {added}" for side in SIDES]


def empty_file(root):
    (root / "images/00000.png").write_bytes(b"")
    return [f"{root}/images/00000.png: {CHANGED}"]


CHANGES = [change_pixels, lose_pair, add_pair, empty_file]


def test_set_as_it_was_made_passes(root):
    assert check(root) == 0
    assert len(create_dataset("folder", root, classes=CLASSES)) == 4


@pytest.mark.parametrize("change", CHANGES)
def test_change_is_named_by_the_check(root, change, capsys):
    faults = change(root)
    assert check(root) == 2
    lines = capsys.readouterr().out.splitlines()
    assert {f"fault: {fault}" for fault in faults} <= set(lines)


@pytest.mark.parametrize("change", CHANGES)
def test_change_stops_whatever_reads_the_set(root, change):
    faults = change(root)
    with pytest.raises(UserError) as caught:
        create_dataset("folder", root, classes=CLASSES)
    assert f" of dataset {root} cannot be used" in str(caught.value)
    assert faults[0] in str(caught.value)


@pytest.mark.parametrize("change", CHANGES)
def test_manifest_stands_in_for_a_mark_that_was_not_copied(root, change):
    (root / MARK).unlink()
    faults = change(root)
    dataset, listing = scan_dataset("folder", root, classes=CLASSES)
    found = [f"{path}: {problem}" for path, problem in find_changes(root, listing.paths, {})]
    assert found == faults
    assert len(dataset) >= 3


def test_changed_bytes_of_the_same_number_are_found_by_the_check(root, capsys):
    path = root / "labels/00003.png"
    content = bytearray(path.read_bytes())
    content[-1] ^= 1
    path.write_bytes(content)
    assert len(create_dataset("folder", root, classes=CLASSES)) == 4  # sizes alone are compared
    assert check(root) == 2
    assert "00003.png: has changed since" in capsys.readouterr().out


def test_skipped_pair_is_not_lost(root):
    (root / "cbda_skip.txt").write_text("00001\n")
    assert len(create_dataset("folder", root, classes=CLASSES)) == 3
    assert check(root) == 0


def test_change_that_was_cut_short_is_named(root):
    mark = json.loads((root / MARK).read_text())
    (root / MARK).write_text(json.dumps({**mark, "complete": False}))
    with pytest.raises(UserError, match="did not come to its end here: run it again"):
        create_dataset("folder", root, classes=CLASSES)


@pytest.mark.parametrize("content", ["", "[]", "{", '{"files": 3}', "[" * 99_999])
def test_damaged_mark_is_one_line(root, content):
    (root / MARK).write_text(content)
    with pytest.raises(UserError, match=r"\.cbda_generated\.json: damaged"):
        create_dataset("folder", root, classes=CLASSES)


@pytest.mark.parametrize("content", ["", "[]", '{"files": ["a.png"]}', '{"name": "mine"}'])
def test_manifest_of_someone_else_says_nothing(root, content):
    (root / MARK).unlink()
    (root / "manifest.json").write_text(content)
    lose_pair(root)
    assert len(create_dataset("folder", root, classes=CLASSES)) == 3


@pytest.mark.parametrize(
    ("classes", "message"),
    [
        (["cat", *CLASSES[1:]], "id 0 is 'sky' in this generated set, and 'cat' in classes"),
        ([*CLASSES, "tram"], "id 11 is no class in this generated set, and 'tram' in classes"),
    ],
)
def test_set_of_other_classes_is_a_fault(root, capsys, classes, message):
    assert check(root, classes=classes) == 2
    error = capsys.readouterr().err
    assert f"{root}/manifest.json: {message}; give a set with your classes" in error
    assert check(root.parent, "--split", root.name, classes=classes) == 2
    assert check(root, "--label-ids", *map(str, range(len(classes))), classes=classes) == 0
    (root / "manifest.json").unlink()
    (root / MARK).unlink()
    assert check(root, classes=classes) == 0
