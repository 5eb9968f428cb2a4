"""Round trips through the libraries of CVAT and Label Studio, where these are installed.

They are large, and no part of the development environment: `pip install datumaro
label-studio-sdk`. Files that they wrote are among the data of the tests, for `test_exchange.py`.
"""

import json

import numpy as np
import pytest

from cbda.annotation.importing import find_answers
from cbda.annotation.masks import read_masks
from cbda.cli import main
from cbda.datasets.ids import VOID
from cbda.files.answer_lines import VOID_WINDOW
from cbda.files.answers import AnswerFile
from tests.annotation.pages import SIZE, make_round
from tests.annotation.test_exchange import CENTRES, UNKNOWN
from tests.queries import answer_to

FORMAT = "voc_segmentation"  # "Segmentation mask 1.1" of CVAT, which writes it by this library
LABELS = {0: "road", 1: "car", 2: "tree", VOID: "void"}


@pytest.fixture
def queries(tmp_path):
    return make_round(tmp_path, CENTRES, num_images=2)


def test_answers_go_through_datumaro_and_come_back(queries, tmp_path):
    library = pytest.importorskip("datumaro.components.dataset", reason="no datumaro")
    mixed = (0, 1, VOID, 1, 1, 2, 0, 0, 2)
    given = [answer_to(queries, 0, *mixed), answer_to(queries, 4, state=VOID_WINDOW, pixels=())]
    given.append(answer_to(queries, 2, 2))  # image by image, as they come back
    AnswerFile(tmp_path / "answers.jsonl").append(queries, given)
    words = ["--queries", tmp_path / "queries.h5", "--answers", tmp_path / "answers.jsonl"]
    words += ["--target-root", tmp_path / "pool", "--out", tmp_path / "ours"]
    assert main(["queries", "export", *map(str, words)]) == 0

    theirs = library.Dataset.import_from(str(tmp_path / "ours"), FORMAT)
    assert sorted(item.id for item in theirs) == ["0000", "0001"]
    theirs.export(str(tmp_path / "theirs"), FORMAT, label_map="source", save_media=False)
    found = find_answers(tmp_path / "theirs", queries, AnswerFile(tmp_path / "others.jsonl"))
    assert (found.answers, found.partial) == (given, [])


def random_ids():
    return np.random.default_rng(3).choice([0, 1, 2, VOID, UNKNOWN], (2, *SIZE))


def to_results(brush, ids):
    """What somebody painted, a brush a label, as Label Studio keeps it."""
    for value, label in LABELS.items():
        rle = brush.mask2rle(np.where(ids == value, 255, 0).astype(np.uint8))
        said = {"format": "rle", "rle": rle, "brushlabels": [label]}
        size = {"original_height": SIZE[0], "original_width": SIZE[1]}
        yield {"type": "brushlabels", "from_name": "tag", **size, "value": said}


def write_tasks(path, results):
    tasks = [
        {"id": n, "data": {"image": f"/up/{n:04}.png"}, "annotations": [{"result": painted}]}
        for n, painted in enumerate(results)
    ]
    path.write_text(json.dumps(tasks))


def test_brushes_of_label_studio_are_read_pixel_for_pixel(queries, tmp_path):
    brush = pytest.importorskip("label_studio_sdk.converter.brush", reason="no label-studio-sdk")
    ids = random_ids()
    write_tasks(tmp_path / "tasks.json", [list(to_results(brush, image)) for image in ids])
    masks = dict(read_masks(tmp_path / "tasks.json", queries))
    for image in range(2):
        np.testing.assert_array_equal(masks[f"{image:04}"], ids[image])


def test_pictures_of_label_studio_are_read_pixel_for_pixel(queries, tmp_path):
    brush = pytest.importorskip("label_studio_sdk.converter.brush", reason="no label-studio-sdk")
    ids, folder = random_ids(), tmp_path / "export"
    folder.mkdir()
    for number, image in enumerate(ids):
        output = {"tag": [{**one, **one["value"]} for one in to_results(brush, image)]}
        names = {"id": number, "annotation_id": 7, "completed_by": {"email": "ann@example.org"}}
        brush.convert_task({**names, "output": output}, str(folder), out_format="png")
    write_tasks(folder / "tasks.json", [[], []])
    masks = dict(read_masks(folder, queries))
    for image in range(2):
        np.testing.assert_array_equal(masks[f"{image:04}"], ids[image])
