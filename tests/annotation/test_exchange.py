"""Queries to other tools and answers back; files were written by the tools' own libraries."""

import csv
import json
import os
import re
import shutil
from pathlib import Path
from unittest.mock import Mock

import numpy as np
import pytest
from PIL import Image

from cbda.annotation.counting import count_round
from cbda.annotation.importing import find_answers
from cbda.annotation.labelmap import NAME, own_colours, read_labelmap
from cbda.annotation.masks import read_masks
from cbda.cli import main
from cbda.errors import UserError
from cbda.files.answer_lines import VOID_WINDOW
from cbda.files.answers import AnswerFile
from tests.annotation.pages import SIZE, make_round
from tests.datasets.layouts import save
from tests.queries import answer_to, make_queries

TOOLS = Path(__file__).parents[1] / "data/annotation_tools"
ROW, COLUMN = np.mgrid[: SIZE[0], : SIZE[1]]
CENTRES = [(0, 2, 3), (0, 7, 17), (1, 12, 24), (1, 5, 7), (0, 2, 24), (0, 17, 3)]
UNKNOWN = -1


def truth(image):
    """Ids of an image of the files: 255 void, -1 where nothing was painted."""
    return np.array([0, 1, 2, 255, UNKNOWN])[(ROW // 5 + COLUMN // 7 + image) % 5]


@pytest.fixture
def queries(tmp_path):
    return make_round(tmp_path, CENTRES, num_images=2)


def copy(name, folder):
    source = TOOLS / name
    if source.is_dir():
        return Path(shutil.copytree(source, folder / name))
    return Path(shutil.copy(source, folder / name))


@pytest.mark.parametrize("name", ["cvat", "label_studio.json", "label_studio_png"])
def test_masks_of_tools_are_read_pixel_for_pixel(queries, name):
    masks = dict(read_masks(TOOLS / name, queries))
    assert sorted(masks) == ["0000", "0001"]
    for image, ids in enumerate(masks[image_id] for image_id in sorted(masks)):
        np.testing.assert_array_equal(ids, truth(image))


@pytest.mark.parametrize("name", ["cvat", "label_studio.json", "label_studio_png"])
def test_windows_become_answers(queries, tmp_path, name):
    answers = AnswerFile(tmp_path / "answers.jsonl")
    found = find_answers(TOOLS / name, queries, answers)
    answers.append(queries, found.answers)
    assert len(found.partial) + len(found.answers) + sum(
        (truth(image)[queries.window(index).area] == UNKNOWN).all()
        for index, (image, *_) in enumerate(CENTRES)
    ) == len(CENTRES)
    assert len(found.answers) > 2
    for given in answers.latest.values():
        index = [queries.place(index) for index in range(len(queries))].index(given.place)
        window = truth(CENTRES[index][0])[queries.window(index).area].ravel().tolist()
        is_void = given.answer.state == VOID_WINDOW
        assert window == ([255] * 9 if is_void else list(given.answer.pixels))


def test_exported_queries_come_back(queries, tmp_path):
    answers = AnswerFile(tmp_path / "answers.jsonl")
    mixed = (0, 1, 255, 1, 1, 2, 0, 0, 2)
    given = [answer_to(queries, 0, *mixed), answer_to(queries, 1, 2)]
    given.append(answer_to(queries, 2, state=VOID_WINDOW, pixels=()))
    answers.append(queries, given)
    words = ["--queries", str(tmp_path / "queries.h5"), "--answers", str(answers.path)]
    out = tmp_path / "out"
    options = ["--target-root", str(tmp_path / "pool"), "--out", str(out)]
    assert main(["queries", "export", *words, *options]) == 0

    other = AnswerFile(tmp_path / "other.jsonl")
    found = find_answers(out, queries, other)
    assert found.answers == given
    assert (found.num_open, found.num_kept) == (3, 0)
    words[3] = str(other.path)
    for _ in range(2):  # a second time changes nothing
        assert main(["queries", "import", *words, "--source", str(out)]) == 0
    assert [item.answer for item in AnswerFile(other.path).latest.values()] == given
    assert len(other.path.read_text().splitlines()) == 4


def test_export_shows_every_query(queries, tmp_path):
    out = tmp_path / "out"
    words = ["--queries", tmp_path / "queries.h5", "--answers", tmp_path / "none.jsonl"]
    words += ["--target-root", tmp_path / "pool", "--out", out]
    assert main(["queries", "export", *map(str, words)]) == 0
    with (out / "queries.csv").open() as file:
        rows = list(csv.DictReader(file))
    assert [(row["image"], row["row"], row["column"]) for row in rows] == [
        (f"{image:04}", str(row), str(column)) for image, row, column in CENTRES
    ]
    assert {row["state"] for row in rows} == {"open"}
    assert all((out / row["crop"]).is_file() for row in rows)
    window = np.asarray(Image.open(out / "windows/0001.png"))
    image = np.asarray(Image.open(tmp_path / "pool/images/0001.png"))
    np.testing.assert_array_equal(window[11:14, 23:26], image[11:14, 23:26])
    assert (window[10, 23:26] == 255).all()
    assert (window[9, 23:26] == 0).all()
    assert main(["queries", "export", *map(str, words)]) == 2  # not over what is there


def test_table_with_classes_is_imported(queries, tmp_path):
    path = tmp_path / "queries.csv"
    path.write_text(
        "image,row,column,class\n0000,2,3,car\n0001,5,7,void\n0001,12,24,\n0000,7,17,skipped\n"
    )
    found = find_answers(path, queries, AnswerFile(tmp_path / "answers.jsonl"))
    assert [(answer.state, answer.pixels[:1]) for answer in found.answers] == [
        ("answered", (1,)),
        ("void", ()),
        ("skipped", ()),
    ]
    assert found.num_open == 3


def test_exported_table_comes_back(queries, tmp_path, capsys):
    answers = AnswerFile(tmp_path / "answers.jsonl")
    given = [answer_to(queries, 0, 2)]
    given += [
        answer_to(queries, index, state=state, pixels=())
        for index, state in enumerate(("void", "skipped", "unsure"), 1)
    ]
    answers.append(queries, [*given, answer_to(queries, 4, *range(3), *range(3), *range(3))])
    words = ["--queries", str(tmp_path / "queries.h5"), "--answers", str(answers.path)]
    out = tmp_path / "out"
    options = ["--target-root", str(tmp_path / "pool"), "--out", str(out)]
    assert main(["queries", "export", *words, *options]) == 0
    for words[3] in (str(tmp_path / "other.jsonl"), str(answers.path)):
        assert main(["queries", "import", *words, "--source", str(out / "queries.csv")]) == 0
    other = AnswerFile(tmp_path / "other.jsonl")
    assert [item.answer for item in other.latest.values()] == given
    named = "left open: 0000, row 2, column 24: has several classes"
    assert capsys.readouterr().out.count(named) == 1  # where it has no answer yet


def test_brush_on_the_image_counts_with_another_picture_beside_it(queries, tmp_path):
    expected = dict(read_masks(copy("label_studio.json", tmp_path), queries))
    found = dict(read_masks(broken_json(refer(to_name="image"))(tmp_path), queries))
    np.testing.assert_array_equal(found["0000"], expected["0000"])


def test_class_counts_where_the_state_says_something_else(queries, tmp_path):
    path = tmp_path / "t.csv"
    path.write_text("image,row,column,state,class\n0000,2,3,skipped,car\n0000,7,17,open,\n")
    found = find_answers(path, queries, AnswerFile(tmp_path / "answers.jsonl"))
    assert [answer.pixels for answer in found.answers] == [(1,) * 9]


def test_size_is_compared_before_run_lengths_are_decoded(queries, tmp_path, monkeypatch):
    path = broken_json(resize)(tmp_path)
    monkeypatch.setattr("cbda.annotation.label_studio.decode_rle", None)
    with pytest.raises(UserError, match="mask is 80 high 30 wide, its image 40 high 60 wide"):
        list(read_masks(path, queries))


DECODERS = ("masks.read_index", "masks.read_rgb", "label_studio.read_rgb")


@pytest.mark.parametrize(
    ("tool", "mask"),
    [
        ("plain", "0000.png"),
        ("cvat", "SegmentationClass/0000.png"),
        ("label_studio_png", "task-*.png"),
    ],
)
def test_size_is_compared_before_a_picture_is_decoded(queries, tmp_path, monkeypatch, tool, mask):
    """A small file may claim to be so large that its pixels fill the memory."""
    folder = tmp_path / "plain" if tool == "plain" else copy(tool, tmp_path)
    for path in sorted(folder.glob(mask))[:1] or [folder / mask]:
        save(path, np.zeros((9, 99), np.uint8))
    for name in DECODERS:
        monkeypatch.setattr(f"cbda.annotation.{name}", Mock(side_effect=MemoryError))
    with pytest.raises(UserError, match=r"png: mask is 9 high 99 wide, its image 40 high 60 wide"):
        list(read_masks(folder, queries))


@pytest.fixture
def export(queries, tmp_path):
    """The folder of an export of queries that nobody has answered."""
    words = ["--queries", tmp_path / "queries.h5", "--answers", tmp_path / "answers.jsonl"]
    words += ["--target-root", tmp_path / "pool", "--out", tmp_path / "export"]
    assert main(["queries", "export", *map(str, words)]) == 0
    return tmp_path / "export"


def fill_in(folder, label):
    """Write a class behind the first query of an exported table, as a person does."""
    table = folder / "queries.csv"
    first = "0000,2,3,1,open,"
    assert first in table.read_text()
    table.write_text(table.read_text().replace(first, first + label))


def import_folder(tmp_path, folder):
    words = ["--queries", tmp_path / "queries.h5", "--answers", tmp_path / "answers.jsonl"]
    return main(["queries", "import", *map(str, words), "--source", str(folder)])


def paint(folder, value):
    mask = np.asarray(Image.open(folder / "SegmentationClass/0000.png").convert("RGB")).copy()
    mask[1:4, 2:5] = read_labelmap(folder / NAME)[value]
    save(folder / "SegmentationClass/0000.png", mask)


@pytest.mark.parametrize("kept", ["all", "the table alone"])
def test_table_that_was_filled_in_is_taken_from_its_folder(export, tmp_path, capsys, kept):
    fill_in(export, "car")
    if kept != "all":
        shutil.rmtree(export / "SegmentationClass")
        (export / NAME).unlink()
        shutil.rmtree(export / "ImageSets")
    assert import_folder(tmp_path, export) == 0
    said = capsys.readouterr().out
    assert "1 answers added; 0 queries keep the answer that they have, 5 stay open" in said
    assert f"({export}/queries.csv)" in said
    (given,) = AnswerFile(tmp_path / "answers.jsonl").latest.values()
    assert given.answer.pixels == (1,) * 9


def test_table_and_masks_that_say_different_things_are_refused(export, tmp_path, capsys):
    fill_in(export, "car")
    paint(export, "tree")
    assert import_folder(tmp_path, export) == 2
    said = capsys.readouterr().err
    assert f"give --source {export}/queries.csv, or move that file away to have the masks" in said
    assert not (tmp_path / "answers.jsonl").exists()
    paint(export, "car")
    assert import_folder(tmp_path, export) == 0


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
@pytest.mark.parametrize("mark", [",", ";", "\t"])
@pytest.mark.parametrize("end", ["\n", "\r\n"])
def test_table_is_read_as_spreadsheets_save_it(queries, tmp_path, encoding, mark, end):
    rows = [["image", "row", "column", "class", "note"], ["0000", "2", "3", "car", "ä"], []]
    text = "".join(mark.join(row) + end for row in rows)
    (tmp_path / "t.csv").write_bytes(text.encode(encoding))
    found = find_answers(tmp_path / "t.csv", queries, AnswerFile(tmp_path / "answers.jsonl"))
    assert [answer.pixels for answer in found.answers] == [(1,) * 9]


def test_index_masks_are_imported(queries, tmp_path):
    mask = np.full(SIZE, 255, np.uint8)
    mask[:10] = 2
    save(tmp_path / "masks/0000.png", mask)
    found = find_answers(tmp_path / "masks", queries, AnswerFile(tmp_path / "answers.jsonl"))
    assert [answer.pixels for answer in found.answers] == [(2,) * 9] * 3


def test_window_with_a_part_of_its_labels_is_named_and_stays_open(queries, tmp_path, capsys):
    mask = np.full(SIZE, 255, np.uint8)
    mask[2] = 1
    save(tmp_path / "masks/0000.png", mask)
    words = ["--queries", tmp_path / "queries.h5", "--answers", tmp_path / "answers.jsonl"]
    assert main(["queries", "import", *map(str, words), "--source", str(tmp_path / "masks")]) == 0
    output = capsys.readouterr().out
    assert "left open: 0000, row 2, column 3: 6 of 9 px have no label" in output
    assert "0 answers added; 0 queries keep the answer that they have, 6 stay open" in output


def test_what_is_told_of_an_import_agrees_with_the_counts(queries, tmp_path, capsys):
    """Skipped and unsure queries have an answer, of which masks can't tell, and are not open."""
    answers = AnswerFile(tmp_path / "answers.jsonl")
    given = [answer_to(queries, index, 1) for index in range(2)]
    given += [
        answer_to(queries, index, state=state, pixels=())
        for index, state in ((2, "skipped"), (3, "unsure"))
    ]
    answers.append(queries, given)
    mask = np.full(SIZE, 255, np.uint8)
    mask[2, :10] = 1  # a part of the first window, which was answered
    save(tmp_path / "masks/0000.png", mask)
    words = ["--queries", str(tmp_path / "queries.h5"), "--answers", str(answers.path)]
    assert main(["queries", "import", *words, "--source", str(tmp_path / "masks")]) == 0
    (line,) = capsys.readouterr().out.splitlines()  # and none of the window, which is not open
    assert "0 answers added; 4 queries keep the answer that they have, 2 stay open" in line
    assert count_round(queries, AnswerFile(answers.path)).open == 2


def recode(path, encoding):
    path.write_text(path.read_text(), encoding=encoding)
    return path.parent


def edit(path, old, new):
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new))
    return path.parent if path.name == NAME else path


def broken_table(text):
    def write(folder):
        (folder / "t.csv").write_text(text)
        return folder / "t.csv"

    return write


def broken_bytes(content, name="t.csv"):
    def write(folder):
        (folder / name).write_bytes(content)
        return folder / name

    return write


def make_pipe(folder):
    os.mkfifo(folder / "masks")
    return folder / "masks"


def broken_json(change):
    def write(folder):
        path = copy("label_studio.json", folder)
        tasks = json.loads(path.read_text())
        result = change(tasks, tasks[0]["annotations"][0]["result"][0])
        path.write_text(json.dumps(tasks if result is None else result))
        return path

    return write


def set_label(tasks, brush):
    brush["value"]["brushlabels"] = ["cat"]


def overlap(tasks, brush):
    brush["value"]["brushlabels"] = ["car"]
    tasks[0]["annotations"][0]["result"].append(json.loads(json.dumps(brush)))
    brush["value"]["brushlabels"] = ["road"]


def cut(tasks, brush):
    brush["value"]["rle"] = brush["value"]["rle"][:20]


def resize(tasks, brush):
    brush["original_width"] = 30
    brush["original_height"] = 80


def make_rectangle(tasks, brush):
    brush["type"] = "rectanglelabels"


def rename(tasks, brush):
    tasks[1]["data"] = {"image": "/data/upload/1/cat.png"}


def set_part(**parts):
    """A change of a brush, or of what it says."""

    def change(tasks, brush):
        of = brush["value"] if {*parts} & {*brush["value"]} else brush
        of.update(parts)

    return change


def refer(**parts):
    """A change that adds a picture of no pool to a task, and says what a brush is on."""

    def change(tasks, brush):
        tasks[0]["data"] = {"image": "a/0000.png", "other": "/data/look.jpg"}
        brush.update(parts)

    return change


def unsubmit(tasks, brush):
    for task in tasks:
        task["predictions"], task["annotations"] = task.pop("annotations"), []


def annotate(**parts):
    def change(tasks, brush):
        tasks[0].update(parts)

    return change


def widen(tasks, brush):
    brush["value"]["rle"][4] |= 0xF8  # of 32 bits each


def with_foreign_picture(folder):
    folder = copy("label_studio_png", folder)
    picture = next(folder.glob("task-*.png"))
    shutil.copy(picture, folder / re.sub(r"task-\d+", "task-99", picture.name))
    return folder


def put(pixels, name="0000.png"):
    def write(folder):
        save(folder / "masks" / name, pixels)
        return folder / "masks"

    return write


BROKEN = {
    "no such source": (lambda folder: folder / "none", "no such file or folder"),
    "an empty table": (broken_table(""), "lacks column image, row, column, class"),
    "a column is missing": (broken_table("image,row,class\n"), "lacks column column"),
    "no query there": (
        broken_table("image,row,column,class\n0000,9,9,car\n"),
        "line 2: .* is no query",
    ),
    "a query twice": (
        broken_table("image,row,column,class\n" + 2 * "0000,2,3,car\n"),
        "line 3: .* is there twice",
    ),
    "a class of a table": (
        broken_table("image,row,column,class\n0000,2,3,cat\n"),
        "line 2: class 'cat' is unknown; allowed: road, car, tree, void, skipped, unsure",
    ),
    "a column twice": (
        broken_table("image,row,column,class,class\n0000,2,3,car,tree\n"),
        "t.csv: has column class twice",
    ),
    "a field too many": (
        broken_table("image,row,column,class\n0000,2,3,car,tree\n"),
        "line 2: has 5 fields, the first line 4",
    ),
    "a field too few": (
        broken_table("image,row,column,class\n0000,2,3\n"),
        "line 2: has 3 fields, the first line 4",
    ),
    "a quote that stays open": (
        broken_table('image,row,column,class\n0000,2,3,"car\n0001,5,7,void\n'),
        "line 2: is not CSV .unexpected end of data",
    ),
    "a quote within a field": (
        broken_table('image,row,column,class\n0000,2,3,"c"ar\n'),
        "line 2: is not CSV",
    ),
    "a field without end": (
        broken_table("image,row,column,class\n" + "x" * 200_000),
        "line 2: is not CSV .field larger",
    ),
    "a table that is not UTF-8": (
        broken_bytes("image,row,column,class,é\n".encode("latin-1")),
        "t.csv: is not UTF-8 .*; save it as CSV UTF-8",
    ),
    "half a table in UTF-16": (
        broken_bytes("image,row,column,class\n".encode("utf-16")[:-1]),
        "t.csv: is not UTF-8 .*; save it as CSV UTF-8",
    ),
    "other columns": (
        broken_table("bild;zeile;spalte;klasse\n"),
        "lacks column image, row, column, class; its first line: 'bild;zeile;spalte;klasse'",
    ),
    "a number without end": (
        broken_table(f"image,row,column,class\n0000,{'9' * 5000},3,car\n"),
        "line 2: '99.* is no whole number",
    ),
    "a folder as a table": (
        lambda folder: (folder / "t.csv").mkdir() or folder / "t.csv",
        "t.csv: ",
    ),
    "no number": (
        broken_table("image,row,column,class\n0000,2,x,car\n"),
        "line 2: 'x' is no whole",
    ),
    "a label that is no class": (
        lambda folder: edit(copy("cvat", folder) / NAME, "car:", "cat:"),
        "colour 0,0,142 of 475 px is no label's; labels that are no class: cat",
    ),
    "a labelmap without colours": (
        lambda folder: edit(copy("cvat", folder) / NAME, "0,0,142", ""),
        "line 4: .* is not label:red,green,blue:parts:actions",
    ),
    "a labelmap that is UTF-16": (
        lambda folder: recode(copy("cvat", folder) / NAME, "utf-16"),
        "labelmap.txt: not a readable labelmap",
    ),
    "a colour twice": (
        lambda folder: edit(copy("cvat", folder) / NAME, "0,0,142", "128,64,128"),
        "line 4: label or colour is there twice",
    ),
    "a brush of no class": (broken_json(set_label), "task 1: label 'cat' is no class"),
    "two classes in a pixel": (broken_json(overlap), "task 1: .* px are 'car' and something else"),
    "run lengths cut off": (broken_json(cut), "task 1: run lengths end too early"),
    "a mask of another size": (
        broken_json(resize),
        "task 1: mask is 80 high 30 wide, its image 40",
    ),
    "a rectangle": (broken_json(make_rectangle), "has 'rectanglelabels'; allowed: brushlabels"),
    "an image of no pool": (broken_json(rename), "task 2: .*cat.png.* names no image of the pool"),
    "two images in a task": (
        broken_json(annotate(data={"other": "http://x/0001.png", "image": "0a1b2c3d-0000.png"})),
        "task 1: .* names 0000, 0001, must be one image of the pool",
    ),
    "a file of another kind": (
        broken_bytes(b"P5", "mask.pgm"),
        "mask.pgm: is a file of another kind; give a file .csv or .json, or a folder of masks",
    ),
    "a pipe": (make_pipe, "masks: is no regular file; give"),
    "a brush on a picture beside the image": (
        broken_json(refer(to_name="other")),
        "task 1: a brush is on '/data/look.jpg', no image of the pool",
    ),
    "a brush on one of two pictures": (
        broken_json(refer(to_name="photo")),
        "task 1: a brush is on 'photo', which may be any picture: call .*, unlike other",
    ),
    "a brush on a turned image": (
        broken_json(set_part(image_rotation=90)),
        "task 1: a brush is on an image turned by 90 degrees",
    ),
    "predictions alone": (
        broken_json(unsubmit),
        "holds predictions, but no annotations; submit them",
    ),
    "a state that contradicts a class": (
        broken_table("image,row,column,state,class\n0000,2,3,void,road\n"),
        "line 2: state 'void' and class 'road' contradict each other",
    ),
    "a state": (
        broken_table("image,row,column,state,class\n0000,2,3,done,\n"),
        "line 2: state 'done' is unknown; allowed: open, answered, void, skipped, unsure",
    ),
    "another radius": (
        broken_table("image,row,column,radius,class\n0000,2,3,5,car\n"),
        "line 2: radius is 5, that of the queries 1",
    ),
    "a brush without a size": (
        broken_json(set_part(original_width=None)),
        "task 1: a brush has no value, original_height or original_width",
    ),
    "a brush without a value": (broken_json(set_part(value=[1])), "task 1: a brush has no value"),
    "run lengths of another size": (
        broken_json(set_part(original_width=61)),
        "task 1: mask is 40 high 61 wide, its image 40 high 60 wide",
    ),
    "run lengths that are no bytes": (
        broken_json(set_part(rle=[10**9])),
        "task 1: run lengths of '.*' are no brush",
    ),
    "values of 32 bits": (broken_json(widen), "task 1: run lengths of '.*' are no brush"),
    "annotations that are no list": (
        broken_json(annotate(annotations={"a": 1})),
        "task 1: annotations is no list of objects",
    ),
    "a result that is none": (
        broken_json(annotate(annotations=[{"result": ["x"]}])),
        "task 1: result is no list of objects",
    ),
    "an id that is a text": (broken_json(annotate(id="../1")), "ids of tasks must be numbers"),
    "a key twice": (
        broken_bytes(b'[{"data": {}, "data": {"image": "0000.png"}}]', "t.json"),
        "t.json: not a readable JSON file .key 'data' is there twice",
    ),
    "tasks in UTF-16": (
        broken_bytes("[]".encode("utf-16"), "t.json"),
        "t.json: not a readable JSON file",
    ),
    "a picture of no task": (with_foreign_picture, "task-99.*.png: is of no task"),
    "no tasks": (broken_json(lambda tasks, brush: {"tasks": 1}), "not an export of Label Studio"),
    "an index that is no class": (
        put(np.full(SIZE, 7, np.uint8)),
        "value 7 is no class; allowed: 0",
    ),
    "an index mask of another size": (
        put(np.zeros((9, 9), np.uint8)),
        "0000.png: mask is 9 high 9 wide, its image 40",
    ),
    "a mask of no image": (put(np.zeros(SIZE, np.uint8), "9999.png"), "9999.png: is of no image"),
    "masks as colours": (put(np.zeros((*SIZE, 3), np.uint8)), "label is 8-bit RGB, must be 8-bit"),
}


@pytest.mark.parametrize("case", BROKEN)
def test_broken_import_is_one_line(queries, tmp_path, capsys, case):
    write, message = BROKEN[case]
    words = ["--queries", tmp_path / "queries.h5", "--answers", tmp_path / "answers.jsonl"]
    words += ["--source", write(tmp_path)]
    assert main(["queries", "import", *map(str, words)]) == 2
    error = capsys.readouterr().err
    assert error.count("\n") == 1
    assert re.search(message, error), error
    assert not (tmp_path / "answers.jsonl").exists()


def test_no_two_labels_share_a_colour(tmp_path):
    colours = own_colours([f"class {index}" for index in range(200)])
    assert len(set(colours.values())) == 202


def test_names_of_classes_come_first():
    queries = make_queries([], classes=("background", "void"))
    assert list(own_colours(queries.classes)) == ["unlabeled", "ignore", "background", "void"]


def test_labelmap_of_cvat_is_read():
    assert read_labelmap(TOOLS / "cvat" / NAME)["road"] == (128, 64, 128)
