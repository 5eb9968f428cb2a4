"""What commands do that read a data set: labels of one pool are not learned from another."""

import argparse
import json
from pathlib import Path

import numpy as np
import pytest

from cbda.commands.common import open_dataset, require_labelled_pool
from cbda.errors import UserError
from cbda.files.json_files import write_text
from cbda.files.records import read_record, record_path
from tests.experiments import job
from tests.pools import make_pool

CLASSES = ["a", "b", "c"]


def arguments(folder: Path, name: str, report: str) -> argparse.Namespace:
    """A pool of uncompressed images of one size, beside the report of its check."""
    place = folder / f"{report}.json" if report else None
    if place is not None and not place.exists():
        place.write_text(json.dumps({"num_images": 2, "digest": report}))
    given = {"kind": "folder", "root": str(folder / name), "split": "", "every": 1, "report": place}
    given |= {"label_ids": [], "void_ids": [], "never_ask": "", "num_images": 0}
    both = {f"{option}_{key}": v for key, v in given.items() for option in ("oracle", "target")}
    return argparse.Namespace(labels=folder / "labels.h5", **both)


def write_labels_of(args: argparse.Namespace) -> None:
    with job("acquire", oracle_kind="folder"):
        open_dataset(args, "oracle", CLASSES)
        write_text(args.labels, "labels")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for name, value in (("one", 0), ("copy", 0), ("other", 1)):
        labels = {image_id: np.full((4, 4), value, np.uint8) for image_id in ("x", "y")}
        make_pool(tmp_path / name, labels, 3)
    return tmp_path


def require(folder: Path, name: str, report: str) -> None:
    args = arguments(folder, name, report)
    require_labelled_pool(args, open_dataset(args, "target", CLASSES))


def test_labels_are_of_the_pool_with_the_same_bytes(folder: Path) -> None:
    write_labels_of(arguments(folder, "one", "checked"))
    require(folder, "one", "checked")
    require(folder, "copy", "checked")
    with pytest.raises(UserError, match=r"labels\.h5: is of other images or labels than .+other"):
        require(folder, "other", "another")


def test_names_and_sizes_count_without_reports(folder: Path) -> None:
    write_labels_of(arguments(folder, "one", ""))
    require(folder, "copy", "")
    require(folder, "copy", "checked")
    (folder / "other/images/x.png").write_bytes(b"of another size")
    with pytest.raises(UserError, match="is of other images"):
        require(folder, "other", "")


def test_labels_without_a_record_or_of_another_layout_are_accepted(folder: Path) -> None:
    args = arguments(folder, "one", "checked")
    write_labels_of(args)
    record = read_record(args.labels)
    assert record is not None
    assert record.inputs["oracle_content"] == "checked"
    record_path(args.labels).unlink()
    require(folder, "other", "another")
