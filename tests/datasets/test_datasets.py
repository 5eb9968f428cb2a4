import pickle
import re
import shutil

import numpy as np
import pytest
import yaml
from PIL import Image

from cbda.datasets import camvid, cityscapes, synthia
from cbda.datasets.catalogue import KINDS, create_dataset
from cbda.datasets.dataset import MAX_LISTED, PLACES_OF_IDS, pair_counts
from cbda.datasets.ids import VOID
from cbda.errors import UserError
from cbda.settings.datasets import DatasetSettings
from tests.datasets.layouts import (
    FILTER_NONE,
    FILTER_SUB,
    FILTER_UP,
    make_camvid,
    make_cityscapes,
    make_folder,
    make_gtav,
    make_synthia,
    save,
    save_rgb16,
)

CLASSES = ("sky", "traffic light", "road")


@pytest.fixture
def rng():
    return np.random.default_rng(0)


@pytest.fixture
def folder(tmp_path, rng):
    make_folder(tmp_path, 3, 6, 10, 3, rng)
    return tmp_path


def open_folder(root, **options):
    return create_dataset("folder", root, classes=CLASSES, **options)


def error_of(call, *args, **options):
    with pytest.raises(UserError) as caught:
        call(*args, **options)
    assert "\n" not in str(caught.value)
    return str(caught.value)


def test_folder_reads_what_was_written(tmp_path, rng):
    labels = make_folder(tmp_path, 3, 6, 10, 3, rng)
    dataset = open_folder(tmp_path)
    assert (dataset.kind, dataset.root, dataset.split) == ("folder", tmp_path, "")
    assert dataset.classes == CLASSES
    assert len(dataset) == 3
    assert dataset.image_ids == ("000", "001", "002") == tuple(labels)
    assert dataset.image_size(1) == (6, 10)
    assert dataset.read_image(1).shape == (6, 10, 3)
    assert dataset.read_label(1).dtype == np.uint8
    assert (dataset.read_label(1) == labels["001"]).all()


def test_folder_reads_splits_and_jpegs(tmp_path, rng):
    labels = make_folder(tmp_path / "val", 2, 6, 10, 3, rng)
    images = tmp_path / "val" / "images"
    Image.open(images / "000.png").save(images / "000.JPG")
    (images / "000.png").unlink()
    dataset = open_folder(tmp_path, split="val")
    assert dataset.records[0].image_path.name == "000.JPG"
    assert (dataset.read_label(0) == labels["000"]).all()


def test_names_of_any_script_are_read(tmp_path):
    name = 'a; b\'s "c" $d\\ü 雨.x'
    save(tmp_path / "images" / f"{name}.png", np.zeros((2, 3, 3), np.uint8))
    save(tmp_path / "labels" / f"{name}.png", np.ones((2, 3), np.uint8))
    dataset = open_folder(tmp_path)
    assert dataset.image_ids == (name,)
    assert (dataset.read_label(0) == 1).all()


def test_hidden_and_foreign_files_are_left_out(folder):
    for name in ("._000.png", ".DS_Store", "Thumbs.db"):
        (folder / "images" / name).write_bytes(b"x")
    (folder / "labels" / "old.png").mkdir()
    assert len(open_folder(folder)) == 3


def test_dataset_travels_to_another_process(folder):
    dataset = pickle.loads(pickle.dumps(open_folder(folder)))
    assert dataset == open_folder(folder)
    assert (dataset.read_label(2) == open_folder(folder).read_label(2)).all()


def test_folder_keeps_void_and_refuses_unknown_ids(folder):
    path = folder / "labels" / "001.png"
    ids = np.zeros((6, 10), np.uint8)
    ids[0, :4] = VOID
    save(path, ids)
    assert (open_folder(folder).read_label(1) == ids).all()
    ids[1, :2] = 3
    save(path, ids)
    message = error_of(open_folder(folder).read_label, 1)
    advice = f"{PLACES_OF_IDS}, here [3]"
    assert message == f"{path}: unknown label id 3 in 2 pixels; allowed: 0-2, 255; {advice}"


def test_ids_that_are_no_class_are_listed_as_void_ids_takes_them(folder):
    path = folder / "labels" / "001.png"
    save(path, np.arange(60, dtype=np.uint8).reshape(6, 10) % 12)
    ids: tuple[list[str], list[str]] = (["3", "8", "9"], [])
    message = error_of(open_folder(folder, ids=ids).read_label, 1)
    assert "unknown label id 0-2, 4-7, 10-11 in 45 pixels; allowed: 3, 8-9, 255; " in message
    assert "of each class in label_ids of this data set, and those that are no class" in message
    listed = re.findall(r"void_ids, here (\[.+\])$", message)[0]
    read = DatasetSettings.model_validate({"root": "a", "void_ids": yaml.safe_load(listed)})
    label = open_folder(folder, ids=(ids[0], read.void_ids)).read_label(1)
    assert np.unique(label).tolist() == [0, 1, 2, VOID]


def test_ids_of_noise_are_not_listed_one_by_one(folder):
    path = folder / "labels" / "001.png"
    for num_ids, is_listed in ((MAX_LISTED, True), (MAX_LISTED + 1, False)):
        image = np.arange(60 * 100, dtype=np.uint16).reshape(60, 100) % (num_ids + 3)
        save(folder / "images" / "001.png", np.zeros((60, 100, 3), np.uint8))
        save(path, image.astype(np.uint8))
        message = error_of(open_folder(folder).read_label, 1)
        assert message.endswith("]" if is_listed else " in void_ids")


def test_image_and_label_of_different_size(folder):
    save(folder / "labels" / "001.png", np.zeros((10, 6), np.uint8))
    message = error_of(open_folder(folder).read_label, 1)
    assert f"{folder / 'labels' / '001.png'}: label is 10 high 6 wide" in message
    assert f"{folder / 'images' / '001.png'} is 6 high 10 wide" in message


def test_unpaired_files_are_named(folder):
    (folder / "labels" / "000.png").unlink()
    (folder / "images" / "001.png").unlink()
    message = error_of(open_folder, folder)
    assert "2 files" in message
    assert f"{folder}/images/000.png: no label 000.png in {folder}/labels" in message
    assert f"{folder}/labels/001.png: no image 001.png or 001.jpg or 001.jpeg in" in message


def test_doubled_stem_is_a_fault(folder):
    shutil.copy(folder / "images" / "000.png", folder / "images" / "000.jpg")
    message = error_of(open_folder, folder)
    assert f"000.png: has the same id as {folder}/images/000.jpg" in message


def test_name_that_is_no_text(folder):
    shutil.copy(folder / "images" / "000.png", bytes(folder / "images") + b"/stra\xdfe.png")
    assert r"'stra\udcdfe.png': file name is not UTF-8 text" in error_of(open_folder, folder)
    shutil.copy(folder / "images" / "000.png", folder / "images" / "a\nb.png")
    assert r"'a\nb.png': file name is not" in error_of(open_folder, folder)


def test_skipped_ids_are_left_out(folder):
    save(folder / "labels" / "001.png", np.zeros((1, 1), np.uint8))
    (folder / "cbda_skip.txt").write_bytes(b"\xef\xbb\xbf001\r\n\r\nnot there\n")
    assert open_folder(folder).image_ids == ("000", "002")
    (folder / "cbda_skip.txt").write_text("000\n001\n002")
    assert "no image *.png" in error_of(open_folder, folder)


def test_skip_file_that_is_no_text(folder):
    (folder / "cbda_skip.txt").write_bytes(b"\xff\xfe")
    assert f"{folder / 'cbda_skip.txt'}: cannot be read" in error_of(open_folder, folder)


def test_wrong_kind_lists_the_allowed():
    message = error_of(create_dataset, "citiscapes", ".")
    wrong = "dataset kind 'citiscapes' (did you mean 'cityscapes'?) is unknown"
    assert message == f"{wrong}; allowed: {', '.join(KINDS)}"


@pytest.mark.parametrize("kind", KINDS)
def test_missing_root_is_named(tmp_path, kind):
    split = "" if KINDS[kind].split == "none" else "train"
    message = error_of(create_dataset, kind, tmp_path / "no", split, ("road", "car"))
    assert f"{tmp_path / 'no'}: no such folder; dataset kind {kind} looks for images" in message


def test_missing_split_says_where_it_looked(tmp_path, rng):
    make_camvid(tmp_path, 1, 3, 4, rng)
    message = error_of(create_dataset, "camvid", tmp_path, "valid")
    assert f"{tmp_path / 'valid'}: no such folder" in message
    assert f"labels in {tmp_path / 'validannot'}" in message


def test_empty_split_is_refused(tmp_path):
    (tmp_path / "images").mkdir()
    (tmp_path / "labels").mkdir()
    assert f"no image *.png in {tmp_path / 'images'}" in error_of(create_dataset, "gtav", tmp_path)


def test_split_where_it_does_not_belong(tmp_path):
    assert "gtav has no splits" in error_of(create_dataset, "gtav", tmp_path, "train")
    assert "cityscapes needs a split" in error_of(create_dataset, "cityscapes", tmp_path)


def test_folder_asks_for_classes(folder):
    assert "give the classes" in error_of(create_dataset, "folder", folder)


def test_misspelt_class_is_refused(tmp_path):
    message = error_of(create_dataset, "camvid", tmp_path, "train", ("road", "tre"))
    assert message.startswith("dataset kind camvid: no label of the dataset is named 'tre'")
    assert "allowed: sky, building, pole" in message


def test_cityscapes_layout_is_read(tmp_path, rng):
    labels = make_cityscapes(tmp_path, 2, 6, 10, rng, split="val")
    dataset = create_dataset("cityscapes", tmp_path, "val")
    assert len(dataset) == 4
    assert dataset.image_ids == tuple(sorted(labels))
    assert dataset.image_ids[0] == "aachen_000000_000019"
    ids, label = labels["ulm_000001_000019"], dataset.read_label(3)
    assert dataset.classes[0] == "road"
    assert ((label == 0) == (ids == 7)).all()
    assert ((label == 18) == (ids == 33)).all()
    assert (label[ids < 7] == VOID).all()


def test_cityscapes_with_a_file_beside_the_cities(tmp_path, rng):
    make_cityscapes(tmp_path, 1, 6, 10, rng)
    (tmp_path / "leftImg8bit" / "train" / "license.txt").write_text("x")
    assert len(create_dataset("cityscapes", tmp_path, "train")) == 2


def test_cityscapes_without_its_labels_is_refused(tmp_path, rng):
    make_cityscapes(tmp_path, 1, 6, 10, rng, cities=("ulm",))
    path = tmp_path / "gtFine/train/ulm/ulm_000000_000019_gtFine_labelIds.png"
    path.rename(path.with_name(path.name.replace("labelIds", "labelTrainIds")))
    message = error_of(create_dataset, "cityscapes", tmp_path, "train")
    assert "no label ulm_000000_000019_gtFine_labelIds.png in" in message


def test_gtav_reads_indices_and_sizes_differ(tmp_path, rng):
    labels = make_gtav(tmp_path, 2, 6, 10, rng)
    dataset = create_dataset("gtav", tmp_path)
    assert dataset.classes == cityscapes.CLASSES
    assert [dataset.image_size(i) for i in (0, 1)] == [(6, 10), (7, 10)]
    ids, label = labels["00002"], dataset.read_label(1)
    assert ((label == 13) == (ids == 26)).all()
    assert (label[ids == 34] == VOID).all()


def test_gtav_maps_to_camvid_names(tmp_path, rng):
    labels = make_gtav(tmp_path, 1, 6, 10, rng)
    ids = labels["00001"]
    label = create_dataset("gtav", tmp_path, classes=camvid.CLASSES).read_label(0)
    assert ((label == camvid.CLASSES.index("pavement")) == (ids == 8)).all()
    assert ((label == camvid.CLASSES.index("bicyclist")) == np.isin(ids, (25, 33))).all()
    assert (label[ids == 12] == VOID).all()


def test_synthia_layout_is_read(tmp_path, rng):
    labels = make_synthia(tmp_path, 2, 6, 10, rng)
    dataset = create_dataset("synthia", tmp_path)
    assert dataset.classes == synthia.CLASSES
    assert len(dataset.classes) == 16
    ids, label = labels["0000001"], dataset.read_label(1)
    assert ((label == 0) == (ids == 3)).all()
    assert ((label == dataset.classes.index("wall")) == (ids == 21)).all()
    assert (label[np.isin(ids, (0, 13, 14, 16, 18, 20, 22))] == VOID).all()


@pytest.mark.parametrize("filter_type", [FILTER_NONE, FILTER_SUB, FILTER_UP])
def test_synthia_keeps_16_bits(tmp_path, rng, filter_type):
    pixels = rng.integers(0, 2**16, size=(7, 9, 3)).astype(np.uint16)
    save_rgb16(tmp_path / "a.png", pixels, filter_type)
    assert (synthia.read_ids(tmp_path / "a.png") == pixels[:, :, 0]).all()


def test_synthia_refuses_8_bit_and_unknown_labels(tmp_path, rng):
    make_synthia(tmp_path, 1, 6, 10, rng)
    path = tmp_path / "GT" / "LABELS" / "0000000.png"
    dataset = create_dataset("synthia", tmp_path)
    save(path, np.zeros((6, 10, 3), np.uint8))
    assert "label is 8-bit RGB, must be 16-bit RGB" in error_of(dataset.read_label, 0)
    save_rgb16(path, np.full((6, 10, 3), 3 * 256, np.uint16))
    assert "unknown label id 768 in 60 pixels; allowed: 0-22" in error_of(dataset.read_label, 0)


def test_camvid_layout_is_read(tmp_path, rng):
    labels = make_camvid(tmp_path, 2, 6, 10, rng, split="val")
    dataset = create_dataset("camvid", tmp_path, "val")
    ids, label = labels["0016E5_00001"], dataset.read_label(1)
    assert (label[ids < 11] == ids[ids < 11]).all()
    assert (label[ids == 11] == VOID).all()


def test_camvid_maps_to_cityscapes_names(tmp_path, rng):
    labels = make_camvid(tmp_path, 1, 6, 10, rng)
    classes = ("vegetation", "road", "person", "bicycle")
    label = create_dataset("camvid", tmp_path, "train", classes).read_label(0)
    for index, label_id in enumerate((5, 3, 9, 10)):
        assert ((label == index) == (labels["0016E5_00000"] == label_id)).all()


def test_pairs_are_counted_by_class(folder):
    for name, value in (("000", 0), ("001", 2), ("002", VOID)):
        save(folder / "labels" / f"{name}.png", np.full((6, 10), value, np.uint8))
    dataset = open_folder(folder)
    counts = [pair_counts(dataset, index) for index in range(3)]
    assert counts[0].dtype == np.int64
    assert [row.tolist() for row in counts] == [[60, 0, 0, 0], [0, 0, 60, 0], [0, 0, 0, 60]]
