"""The page's tables are those of the files that are kept."""

import pandas as pd
import pytest

from evidence import page
from evidence.effects import COLUMNS


@pytest.fixture
def tables(tmp_path, monkeypatch):
    monkeypatch.setattr(page, "TABLES", tmp_path)
    return tmp_path


def write_classes(folder, values):
    """IoU by method and seed, of five rare classes and one more that is 6 times it."""
    folder.mkdir()
    classes = ["pole", "sign", "fence", "pedestrian", "bicyclist", "road"]
    rows = [
        (method, "0.002", seed, name, value * (1 if name != "road" else 7))
        for (method, seed), value in values.items()
        for name in classes
    ]
    columns = ["method", "budget", "seed", "class", "IoU"]
    pd.DataFrame(rows, columns=columns).to_csv(folder / "class_iou.csv", index=False)


def test_differences_are_paired_by_seed_and_corrected(tables):
    values = {("a", 1): 10, ("a", 2): 20, ("a", 3): 30, ("b", 1): 11, ("b", 2): 21.5, ("b", 3): 31}
    write_classes(tables / "made_up", {**values, ("c", 1): 9, ("c", 2): 19, ("c", 3): 28})
    table = page.against("made_up", "0.002", "a")
    assert list(table["mIoU"]) == ["40.0", "42.3", "37.3"]
    assert table.loc["b", "minus `a`"] == "**+2.3 ± 1.4, 0.04**"
    assert table.loc["c", "minus `a`"] == "-2.7 ± 2.9, 0.057"


def test_effects_of_both_data_sets_stand_side_by_side(tables):
    row = ["mIoU", "main", "unit", 1.25, 0.5, 0.001, 0.004, 0.7]
    for data in page.DATA:
        pd.DataFrame([row], columns=COLUMNS).to_csv(tables / f"effects_{data}.csv", index=False)
    text = page._markdown(page.effects("mIoU", "main"))
    assert text.splitlines()[2] == (
        "| pixels, not windows | **+1.2 ± 0.5, 0.004** | 0.7 | **+1.2 ± 0.5, 0.004** | 0.7 |"
    )


def test_page_is_that_of_the_files_beside_it():
    text = page.PAGE_PATH.read_text()
    assert page.page(text) == text, "run `python -m evidence.page`"
