import argparse
import json
import shutil

import numpy as np
import pytest

from cbda.commands import data_check
from cbda.errors import UserError
from tests.datasets.layouts import make_cityscapes, make_folder, make_gtav, make_synthia, save

CLASSES = ("road", "traffic light", "sky")


@pytest.fixture
def rng():
    return np.random.default_rng(0)


@pytest.fixture
def root(tmp_path, rng):
    make_folder(tmp_path / "my data; set", 7, 6, 10, 3, rng)
    return tmp_path / "my data; set"


def check(root, *options, kind="folder", classes=CLASSES):
    """Run the command; its report."""
    parser = argparse.ArgumentParser()
    data_check.add_arguments(parser)
    out = root.parent / "out" / "report.json"
    words = ["--kind", kind, "--root", str(root), "--out", str(out), *options]
    args = parser.parse_args([*words, *(("--classes", *classes) if classes else ())])
    data_check.run(args)
    return json.loads(out.read_text())


def error_of(root, *options, **settings):
    with pytest.raises(UserError) as caught:
        check(root, *options, **settings)
    assert not (root.parent / "out").exists()
    assert "\n" not in str(caught.value)
    return str(caught.value)


def faults_of(capsys):
    lines = capsys.readouterr().out.splitlines()
    return [line.removeprefix("fault: ") for line in lines if line.startswith("fault: ")]


def test_report(root):
    save(root / "labels" / "000.png", np.full((6, 10), 255, np.uint8))
    report = check(root, "--num-images", "7", "--uniform-size")
    assert len(report.pop("digest")) == 64
    assert report == {
        "kind": "folder",
        "root": str(root),
        "split": "",
        "num_images": 7,
        "num_skipped": 0,
        "sizes": [{"height": 6, "width": 10, "num_images": 7}],
        "classes": list(CLASSES),
        "class_counts": [120, 120, 120],
        "class_frequency": [1 / 3, 1 / 3, 1 / 3],
        "void_count": 60,
    }


def test_report_is_sorted_and_leaves_no_temporary_file(root):
    check(root)
    out = root.parent / "out"
    assert [path.name for path in out.iterdir()] == ["report.json"]
    keys = list(json.loads((out / "report.json").read_text()))
    assert keys == sorted(keys)


def test_table(root, capsys):
    check(root)
    lines = capsys.readouterr().out.splitlines()
    assert "num_images   7" in lines
    assert "size         6 high 10 wide: 7 images" in lines
    assert "  1  traffic light     140      33.333%" in lines


def test_fast_leaves_the_classes_out(root):
    save(root / "labels" / "003.png", np.full((6, 10), 99, np.uint8))
    report = check(root, "--fast")
    names = {"kind", "root", "split", "num_images", "num_skipped", "sizes", "digest"}
    assert set(report) == names


@pytest.mark.parametrize("options", [[], ["--fast"]])
def test_report_differs_if_a_picture_does(root, options):
    before = check(root, *options)
    assert check(root, *options) == before
    save(root / "images" / "003.png", np.zeros((6, 10, 3), np.uint8))
    after = check(root, *options)
    assert after.pop("digest") != before.pop("digest")
    assert after == before


def test_sizes_most_frequent_first(tmp_path, rng):
    make_gtav(tmp_path / "gtav", 3, 6, 10, rng)
    report = check(tmp_path / "gtav", kind="gtav", classes=None)
    assert [(size["height"], size["num_images"]) for size in report["sizes"]] == [(6, 2), (7, 1)]


def test_all_faults_are_listed_at_once(root, capsys):
    images, labels = root / "images", root / "labels"
    (labels / "000.png").unlink()
    (images / "001.png").unlink()
    (images / "002.png").write_bytes((images / "002.png").read_bytes()[:-40])
    (labels / "003.png").write_bytes(b"")
    save(labels / "004.png", np.full((6, 10), 9, np.uint8))
    save(labels / "005.png", np.zeros((10, 6), np.uint8))
    shutil.copy(images / "006.png", images / "006.jpg")

    message = error_of(root, "--num-images", "7")
    faults = faults_of(capsys)
    expected = [
        (images / "006.png", "same id as"),
        (images / "000.png", "no label 000.png"),
        (labels / "001.png", "no image 001.png"),
        (images / "002.png", "cannot be read"),
        (labels / "003.png", "empty, damaged or no PNG"),
        (labels / "004.png", "unknown label id 9 in 60 pixels; allowed: 0-2, 255"),
        (labels / "005.png", "label is 10 high 6 wide"),
        (root, "5 pairs found, 7 expected"),
    ]
    for fault, (path, words) in zip(faults, expected, strict=True):
        assert fault.startswith(f"{path}: ")
        assert words in fault
    assert message.startswith(f"{root}: 8 faults")
    named = ", ".join(str(path) for path, _ in expected[:5])
    assert message.endswith(f": {named}, ...")


def test_damaged_header_is_one_fault(root, capsys):
    (root / "images" / "002.png").write_bytes(b"x")
    assert error_of(root).startswith(f"{root}: 1 faults")
    assert len(faults_of(capsys)) == 1


def test_fast_finds_what_headers_show(root, capsys):
    save(root / "labels" / "004.png", np.zeros((6, 10, 3), np.uint8))
    save(root / "labels" / "005.png", np.zeros((10, 6), np.uint8))
    error_of(root, "--fast")
    first, second = faults_of(capsys)
    assert "004.png: label is 8-bit RGB" in first
    assert "005.png: label is 10 high 6 wide" in second


def test_uniform_size(tmp_path, rng, capsys):
    make_gtav(tmp_path / "gtav", 3, 6, 10, rng)
    error_of(tmp_path / "gtav", "--uniform-size", kind="gtav", classes=None)
    (fault,) = faults_of(capsys)
    path = tmp_path / "gtav" / "images" / "00002.png"
    assert fault == f"{path}: is 7 high 10 wide, most images are 6 high 10 wide"


def test_size_mismatches_can_be_skipped(tmp_path, rng):
    root = tmp_path / "gtav"
    make_gtav(root, 3, 6, 10, rng)
    shutil.copy(root / "labels" / "00001.png", root / "labels" / "00002.png")
    assert "00002.png" in error_of(root, "--fast", kind="gtav", classes=None)
    (root / "cbda_skip.txt").write_text("00002\n")
    assert check(root, kind="gtav", classes=None)["num_images"] == 2


def test_nothing_but_void_is_a_fault(root, capsys):
    for path in (root / "labels").iterdir():
        save(path, np.full((6, 10), 255, np.uint8))
    error_of(root)
    assert faults_of(capsys) == [f"{root}: no pixel belongs to any of the classes"]


@pytest.mark.parametrize("make", [make_synthia, make_cityscapes])
def test_other_kinds(tmp_path, rng, make):
    kind = make.__name__.removeprefix("make_")
    make(tmp_path / kind, 1, 6, 10, rng)
    split = ("--split", "train") if kind == "cityscapes" else ()
    report = check(tmp_path / kind, *split, kind=kind, classes=("car", "road"))
    assert report["classes"] == ["car", "road"]
    assert report["class_counts"][0] > 0


def test_missing_root_is_a_plain_error(tmp_path):
    assert "no such folder" in error_of(tmp_path / "nowhere")


def test_faults_planted_in_cityscapes_are_named(tmp_path, rng, capsys):
    """Read by two processes: a missing label, a wrong size, an unknown id, half a file."""
    root = tmp_path / "cityscapes"
    make_cityscapes(root, 6, 6, 10, rng, cities=("aachen",))
    images, labels = (root / side / "train" / "aachen" for side in ("leftImg8bit", "gtFine"))
    names = [f"aachen_{index:06}_000019" for index in range(6)]
    label = [labels / f"{name}_gtFine_labelIds.png" for name in names]
    label[0].unlink()
    save(label[1], np.zeros((10, 6), np.uint8))
    save(label[2], np.full((6, 10), 77, np.uint8))
    label[3].write_bytes(label[3].read_bytes()[:60])
    options = ("--split", "train", "--num-workers", "2", "--num-images", "2975")
    message = error_of(root, *options, kind="cityscapes", classes=None)
    faults = "\n".join(faults_of(capsys))
    image = images / f"{names[0]}_leftImg8bit.png"
    for words in (
        f"{image}: no label",
        f"{label[1]}: label is 10 high 6 wide",
        f"{label[2]}: unknown label id 77 in 60 pixels",
        f"{label[3]}: ",
        f"{root}: 5 pairs found, 2975 expected",
    ):
        assert words in faults
    assert len(faults.splitlines()) == 5
    assert str(image) in message

    (root / "leftImg8bit" / "val").mkdir()
    (root / "gtFine" / "val").mkdir()
    empty = error_of(root, "--split", "val", kind="cityscapes", classes=None)
    assert "split 'val'" in empty


def test_skipped_pairs_count_as_expected(tmp_path, rng):
    root = tmp_path / "gtav"
    make_gtav(root, 3, 6, 10, rng)
    (root / "cbda_skip.txt").write_text("00002\nnot there\n")
    report = check(root, "--num-images", "3", kind="gtav", classes=None)
    assert (report["num_images"], report["num_skipped"]) == (2, 1)
