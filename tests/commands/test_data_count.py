import json

import numpy as np
import pytest

from cbda.cli import main
from cbda.errors import UserError
from cbda.files.json_files import load_statistics
from tests.datasets.layouts import make_gtav, save_palette
from tests.pools import make_pool

CLASSES = ("road", "sky", "car")


@pytest.fixture
def source(tmp_path):
    """Two images: ids 7 and 26 (road, car) in one, 23 and 0 (sky, void) in the other."""
    root = tmp_path / "gtav"
    make_gtav(root, 2, 4, 6, np.random.default_rng(0))
    one = np.full((4, 6), 7, np.uint8)
    one[0, :2] = 26
    other = np.full((5, 6), 23, np.uint8)
    other[0] = 0
    save_palette(root / "labels/00001.png", one)
    save_palette(root / "labels/00002.png", other)
    return root


def test_counts_by_image(source, tmp_path):
    out = tmp_path / "statistics.json"
    words = ["--source-kind", "gtav", "--source-root", str(source), "--classes", *CLASSES]
    assert main(["data", "count", *words, "--out", str(out)]) == 0
    image_ids, classes, counts = load_statistics(out)
    assert image_ids == ["00001", "00002"]
    assert classes == list(CLASSES)
    assert counts.tolist() == [[22, 0, 2], [0, 24, 0]]


def test_two_workers_write_the_same_file(tmp_path):
    """More images than a worker takes at a time, each with counts of its own."""
    labels = {f"{i:02}": (np.arange(24) < i).reshape(4, 6).astype(np.uint8) for i in range(20)}
    make_pool(tmp_path / "pool", labels, 2)
    words = ["data", "count", "--source-root", str(tmp_path / "pool"), "--classes", "a", "b"]
    outs = {number: tmp_path / f"{number}.json" for number in ("1", "2")}
    for number, out in outs.items():
        assert main([*words, "--num-workers", number, "--out", str(out)]) == 0
    assert outs["1"].read_bytes() == outs["2"].read_bytes()
    assert load_statistics(outs["1"])[2].tolist() == [[24 - i, i] for i in range(20)]


@pytest.mark.parametrize("content", ["[]", '{"format": "cbda.scores"}', "{"])
def test_another_file_is_refused(tmp_path, content):
    path = tmp_path / "statistics.json"
    path.write_text(content)
    with pytest.raises(UserError, match=r"statistics\.json"):
        load_statistics(path)


def test_file_is_plain_json(source, tmp_path):
    out = tmp_path / "statistics.json"
    words = ["--source-kind", "gtav", "--source-root", str(source), "--classes", *CLASSES]
    main(["data", "count", *words, "--num-workers", "2", "--out", str(out)])
    assert set(json.loads(out.read_text())) == {
        "format",
        "version",
        "image_ids",
        "classes",
        "class_counts",
        "sha256",
    }
