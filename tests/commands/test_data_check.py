import argparse
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from cbda.commands import data_check
from cbda.datasets.dataset import PLACES_OF_IDS
from cbda.errors import UserError
from tests.datasets.layouts import make_cityscapes, make_folder, make_gtav, make_synthia, save

ROOT = Path(__file__).parents[2]
CLASSES = ("road", "traffic light", "sky")
SIDES = ("images", "labels")


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


def warnings_of(capsys):
    lines = capsys.readouterr().out.splitlines()
    return [line.removeprefix("warning: ") for line in lines if line.startswith("warning: ")]


def save_with_palette(path, ids, colours):
    """A palette PNG; colours are by index."""
    picture = Image.fromarray(ids)
    picture.putpalette(np.array(colours, np.uint8).tobytes())
    picture.save(path)


def save_deep(path, values):
    Image.fromarray(np.array(values, np.uint16)).save(path)


def test_check_reports_what_it_counted(root):
    save(root / "labels" / "000.png", np.full((6, 10), 255, np.uint8))
    report = check(root, "--num-images", "7", "--uniform-size")
    assert len(report.pop("digest")) == 64
    assert report == {
        "kind": "folder",
        "split": "",
        "num_images": 7,
        "num_skipped": 0,
        "sizes": [{"height": 6, "width": 10, "num_images": 7}],
        "classes": list(CLASSES),
        "class_counts": [120, 120, 120],
        "class_frequency": [1 / 3, 1 / 3, 1 / 3],
        "classes_without_pixels": [],
        "void_count": 60,
    }


def test_report_is_sorted_and_leaves_no_temporary_file(root):
    check(root)
    out = root.parent / "out"
    assert [path.name for path in out.iterdir()] == ["report.json"]
    keys = list(json.loads((out / "report.json").read_text()))
    assert keys == sorted(keys)


def test_table_is_printed(root, capsys):
    check(root)
    lines = capsys.readouterr().out.splitlines()
    assert "num_images   7" in lines
    assert "size         6 high 10 wide: 7 images" in lines
    assert "  1  traffic light     140      33.333%" in lines


def test_fast_leaves_the_classes_out(root):
    save(root / "labels" / "003.png", np.full((6, 10), 99, np.uint8))
    report = check(root, "--fast")
    names = {"kind", "split", "num_images", "num_skipped", "sizes", "digest"}
    assert set(report) == names


@pytest.mark.parametrize("options", [[], ["--fast"]])
def test_report_differs_if_a_picture_does(root, options):
    before = check(root, *options)
    assert check(root, *options) == before
    save(root / "images" / "003.png", np.zeros((6, 10, 3), np.uint8))
    after = check(root, *options)
    assert after.pop("digest") != before.pop("digest")
    assert after == before


def test_sizes_come_most_frequent_first(tmp_path, rng):
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
    assert message.partition("; all in")[0] == f"{root}: 8 faults, the first: {faults[0]}"


@pytest.mark.skipif(not Path("/proc/self/fd").is_dir(), reason="no /proc")
def test_file_in_which_faults_are_listed_is_named(root, tmp_path):
    """As in the workflow, where both streams go to the log of the job."""
    for name in ("000.png", "001.png"):
        (root / "labels" / name).unlink()
    words = ["data", "check", "--kind", "folder", "--root", str(root), "--out", "report.json"]
    log = tmp_path / "check.log"
    with log.open("w") as file:
        command = [sys.executable, "-m", "cbda", *words, "--classes", "a", "b", "c"]
        own = {**os.environ, "PYTHONPATH": str(ROOT)}
        subprocess.run(command, stdout=file, stderr=file, cwd=tmp_path, env=own)
    last = log.read_text().splitlines()[-1]
    assert f"{root}: 2 faults, the first: {root}/images/000.png: no label" in last
    assert last.endswith("; all in check.log")
    assert f"fault: {root}/images/000.png: no label" in log.read_text()


def test_damaged_header_is_one_fault(root, capsys):
    (root / "images" / "002.png").write_bytes(b"x")
    error = error_of(root)
    assert error.startswith(f"{root}: 1 fault: ")
    (fault,) = faults_of(capsys)
    assert error.endswith(f": {fault}")  # the end of a run repeats this line alone


def test_fast_finds_what_headers_show(root, capsys):
    save(root / "labels" / "004.png", np.zeros((6, 10, 3), np.uint8))
    save(root / "labels" / "005.png", np.zeros((10, 6), np.uint8))
    error_of(root, "--fast")
    first, second = faults_of(capsys)
    assert "004.png: label is 8-bit RGB" in first
    assert "005.png: label is 10 high 6 wide" in second


def test_images_of_two_sizes_are_refused(tmp_path, rng, capsys):
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
def test_other_kinds_are_refused(tmp_path, rng, make):
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


def test_class_without_a_pixel_is_named_in_output_and_report(root, capsys):
    report = check(root, classes=(*CLASSES, "train", "bus"))
    assert report["classes_without_pixels"] == ["train", "bus"]
    assert warnings_of(capsys) == ["no pixel belongs to 'train', 'bus'"]


@pytest.mark.parametrize(("value", "classes"), [(0, ("background", "object")), (1, CLASSES)])
def test_mask_of_one_class_and_255_is_refused(root, capsys, value, classes):
    """0 and 255 is how annotation tools write a mask; 255 is void, and mIoU would be 100 %."""
    for path in (root / "labels").iterdir():
        save(path, np.where(np.arange(60).reshape(6, 10) < 20, 255, value).astype(np.uint8))
    error_of(root, classes=classes)
    (fault,) = faults_of(capsys)
    name = classes[value]
    assert fault.startswith(f"{root}: labels hold only {value} ({name!r}) and 255, which is void")


def test_mask_of_0_and_1_with_void_passes(root):
    for path in (root / "labels").iterdir():
        save(path, np.array([0, 1, 255], np.uint8)[np.arange(60) % 3].reshape(6, 10))
    report = check(root, classes=("background", "object"))
    assert report["class_counts"] == [140, 140]
    assert report["void_count"] == 140


def test_one_class_of_a_named_kind_is_a_warning(tmp_path, rng, capsys):
    """A choice of classes, not a misread mask."""
    make_gtav(tmp_path / "gtav", 1, 6, 10, rng)
    label = np.where(np.arange(60).reshape(6, 10) < 20, 0, 7).astype(np.uint8)
    save(tmp_path / "gtav/labels/00001.png", label)
    report = check(tmp_path / "gtav", kind="gtav", classes=("road", "car"))
    assert report["classes_without_pixels"] == ["car"]
    assert warnings_of(capsys) == ["no pixel belongs to 'car'"]


def test_labels_that_could_not_be_counted_are_not_called_empty(root, capsys):
    for path in (root / "labels").iterdir():
        path.write_bytes(b"x")
    assert "7 faults" in error_of(root)
    assert all("no pixel" not in fault for fault in faults_of(capsys))


def test_void_labels_beside_unread_ones_are_told_apart(root, capsys):
    for path in (root / "labels").iterdir():
        save(path, np.full((6, 10), 255, np.uint8))
    (root / "labels/003.png").write_bytes(b"x")
    error_of(root)
    assert faults_of(capsys)[-1] == (
        f"{root}: no pixel of 6 labels belongs to any of the classes; 1 labels with faults are not"
        " counted"
    )


def test_many_faults_of_a_kind_share_a_line(tmp_path, rng, capsys):
    root = tmp_path / "many"
    make_folder(root, 40, 6, 10, 3, rng)
    for index, path in enumerate(sorted((root / "labels").iterdir())):
        save(path, np.full((6, 10), 9 + index % 3, np.uint8))
    (root / "images/039.png").write_bytes(b"x")
    error = error_of(root)
    many, one = faults_of(capsys)
    advice = f"{PLACES_OF_IDS}, here [9]"
    first = f"{root}/labels/000.png: unknown label id 9 in 60 pixels; allowed: 0-2, 255; {advice}"
    assert error.startswith(f"{root}: 40 faults, the first: {first}")
    assert "more of this kind" not in error
    names = ", ".join(f"{index:03}.png" for index in range(1, 21))
    assert many == f"{first} (and 38 more of this kind: {names}, ...)"
    assert one.startswith(f"{root}/images/039.png: is empty")


def test_faults_of_a_kind_share_a_line_though_they_list_other_ids(tmp_path, rng, capsys):
    root = tmp_path / "many"
    make_folder(root, 10, 6, 10, 3, rng)
    for index, path in enumerate(sorted((root / "labels").iterdir())):
        save(path, 9 + np.arange(60, dtype=np.uint8).reshape(6, 10) % (3 + index))
    error_of(root)
    (many,) = faults_of(capsys)
    assert "(and 9 more of this kind: 001.png" in many


def test_few_faults_of_a_kind_have_lines_of_their_own(root, capsys):
    for index in range(5):
        (root / f"labels/{index:03}.png").unlink()
    error_of(root)
    assert len(faults_of(capsys)) == 5


def test_what_is_passed_over_is_counted_and_named(root, capsys):
    (root / "labels/old").mkdir()
    for name in ("notes.txt", "000.tif", "001.bmp", "002.npy", "a\nb", "z.webp", ".hidden"):
        (root / "images" / name).write_bytes(b"x")
    check(root)
    assert warnings_of(capsys) == [
        f"6 files passed over in {root}/images: 000.tif, 001.bmp, 002.npy, 'a\\nb', notes.txt, ...",
        f"1 file passed over in {root}/labels: old/",
    ]


def test_what_is_passed_over_in_folders_by_city_is_named(tmp_path, rng, capsys):
    root = tmp_path / "cityscapes"
    make_cityscapes(root, 1, 6, 10, rng, cities=("ulm",))
    (root / "leftImg8bit/train/license.txt").write_text("x")
    (root / "gtFine/train/ulm/more").mkdir()
    check(root, "--split", "train", kind="cityscapes", classes=("car", "road"))
    assert [warning for warning in warnings_of(capsys) if "passed" in warning] == [
        f"1 file passed over in {root}/leftImg8bit/train: license.txt",
        f"2 files passed over in {root}/gtFine/train: more/, ulm_000000_000019_gtFine_instanceIds"
        ".png",
    ]


def test_only_files_of_another_kind_are_named_in_the_error(root):
    for path in (root / "images").iterdir():
        path.rename(path.with_suffix(".tiff"))
    shutil.rmtree(root / "labels")
    (root / "labels").mkdir()
    assert f"7 files passed over in {root}/images: 000.tiff, 001.tiff" in error_of(root)


def test_exceptions_that_match_nothing_are_named(root, capsys):
    (root / "cbda_skip.txt").write_text("000\n001.png\nnot there\n")
    assert check(root)["num_skipped"] == 1
    assert warnings_of(capsys) == [
        "cbda_skip.txt: 2 of its image ids, which are file names without their end, match no file"
        " here: '001.png', 'not there'"
    ]


def test_exceptions_in_the_folder_of_a_split_are_passed_over_by_name(tmp_path, rng, capsys):
    make_folder(tmp_path / "set/train", 2, 6, 10, 3, rng)
    (tmp_path / "set/train/cbda_skip.txt").write_text("000\n")
    assert check(tmp_path / "set", "--split", "train")["num_images"] == 2
    assert warnings_of(capsys) == [
        f"1 file passed over in {tmp_path}/set/train: cbda_skip.txt",
    ]


def test_pair_of_dangling_links_is_a_fault(root, capsys):
    for side in ("images", "labels"):
        (root / side / "007.png").symlink_to("/nowhere/007.png")
    error_of(root)
    faults = [f"{root}/{side}/007.png: is a link to a file that is not there" for side in SIDES]
    assert faults_of(capsys) == faults


def test_city_that_is_a_dangling_link_is_a_fault(tmp_path, rng, capsys):
    root = tmp_path / "cityscapes"
    make_cityscapes(root, 1, 6, 10, rng, cities=("ulm",))
    for side in ("leftImg8bit", "gtFine"):
        (root / side / "train/aachen").symlink_to("/nowhere/aachen")
    error_of(root, "--split", "train", kind="cityscapes", classes=("car", "road"))
    assert [fault.partition(": ")[2] for fault in faults_of(capsys)] == [
        "is a link to a file that is not there"
    ] * 2


@pytest.mark.parametrize("side", ["images", "labels"])
def test_named_pipe_is_refused_without_waiting(root, capsys, side):
    (root / side / "003.png").unlink()
    os.mkfifo(root / side / "003.png")
    error_of(root)
    assert f"{root}/{side}/003.png: is no regular file" in faults_of(capsys)


def test_list_of_exceptions_that_is_a_named_pipe_is_refused(root):
    os.mkfifo(root / "cbda_skip.txt")
    assert error_of(root) == f"{root}/cbda_skip.txt: is no regular file"


def test_palette_that_permutes_ids_of_one_file_is_a_fault(root, capsys):
    colours = [(10, 20, 30), (200, 0, 0), (0, 0, 200)]
    paths = sorted((root / "labels").iterdir())
    labels = [np.array(Image.open(path)) for path in paths]
    for path, label in zip(paths, labels, strict=True):
        save_with_palette(path, label, colours)
    check(root)
    shutil.rmtree(root.parent / "out")
    swapped = np.array([1, 0, 2], np.uint8)  # same picture, other numbers
    save_with_palette(paths[4], swapped[labels[4]], [colours[1], colours[0], colours[2]])
    error_of(root)
    (fault,) = faults_of(capsys)
    assert fault.startswith(
        f"{root}/labels/004.png: its palette shows id 0 as #c80000, that of 000.png as #0a141e"
    )


def test_palettes_may_differ_in_colours_that_no_pixel_has(root):
    """One is cut off behind the last id that the label has."""
    for index, path in enumerate(sorted((root / "labels").iterdir())):
        colours = [(9, 9, 9), (0, 200, 0), (0, 0, 200), (index, 0, 1)]
        save_with_palette(path, np.array(Image.open(path)), colours[: 3 + index % 2])
    check(root)


def test_black_and_white_mask_beside_greyscale_labels_is_a_fault(root, capsys):
    """Its white is index 1, where the others have void."""
    mask = (np.arange(60) < 20).reshape(6, 10).astype(np.uint8)
    save_with_palette(root / "labels/003.png", mask, [(0, 0, 0), (255, 255, 255)])
    error_of(root)
    (fault,) = faults_of(capsys)
    assert "003.png: its palette shows id 1 as #ffffff, that of 000.png as #010101" in fault


def test_black_and_white_masks_are_read_by_index(root):
    for path in (root / "labels").iterdir():
        mask = (np.arange(60) < 20).reshape(6, 10).astype(np.uint8)
        save_with_palette(path, mask, [(0, 0, 0), (255, 255, 255)])
    assert check(root, classes=("background", "object"))["class_counts"] == [280, 140]


def test_fast_check_warns_of_palettes_that_differ(root, capsys):
    for index, path in enumerate(sorted((root / "labels").iterdir())):
        save_with_palette(path, np.array(Image.open(path)), [(index % 2, 2, 3)] * 3)
    check(root, "--fast")
    (warning,) = warnings_of(capsys)
    assert warning.startswith("labels have 2 palettes; whether one of them permutes the ids")


def test_16_bit_images_that_hold_14_bits_are_a_fault(root, capsys):
    for path in (root / "images").iterdir():
        save_deep(path, np.linspace(0, 2**14 - 1, 60).reshape(6, 10))
    error_of(root)
    assert faults_of(capsys) == [
        f"{root}: 7 images of 16 bits hold 14 bits at most, of which 6 are left when the upper 8"
        " are read: scale its values to 16 bits, or save it with 8"
    ]


def test_16_bit_images_may_be_dark_beside_bright_ones(root):
    for index, path in enumerate(sorted((root / "images").iterdir())):
        save_deep(path, np.linspace(0, 2**16 - 1 if index == 5 else 2**13, 60).reshape(6, 10))
    check(root)


def test_fast_check_warns_of_16_bit_images(root, capsys):
    save_deep(root / "images/000.png", np.full((6, 10), 4095))
    check(root, "--fast")
    (warning,) = warnings_of(capsys)
    assert warning.startswith("1 image of 16 bits, of which the upper 8 are read")


@pytest.mark.parametrize("name", ["", " ", "a\nb", "a\x1b[2J", "\ud800"])
def test_class_name_that_is_no_text_on_one_line_is_refused(root, name):
    assert error_of(root, classes=("a", name)).startswith(f"class name {name!a} is empty, or not")


def test_class_names_of_any_script_pass(root):
    names = ("\u9053\u8def", "None", "$\\frac{$ {seed}")
    assert check(root, classes=names)["classes"] == list(names)


def test_every_second_pair_is_checked_and_all_are_expected(root):
    """7 pairs: 0, 2, 4 and 6 are taken."""
    whole = check(root)
    report = check(root, "--every", "2", "--num-images", "7")
    assert report["num_images"] == 4
    assert report["digest"] != whole["digest"]
    assert sum(report["class_counts"]) < sum(whole["class_counts"])
