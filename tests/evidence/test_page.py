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


def test_balance_and_pure_windows_are_those_of_whole_runs(tables):
    (tables / "made_up").mkdir()
    rows = [
        ("ra", "0.05", 1, number, name, 10, 4, pure)
        for number, pure in ((1, 1), (2, 3))
        for name in ("road", "sky")
    ]
    columns = ["method", "budget", "seed", "round", "class", "acquired_px", "queries"]
    frame = pd.DataFrame(rows, columns=[*columns, "pure_queries"])
    frame.to_csv(tables / "made_up/diagnosis.csv", index=False)
    table = page.labels("made_up")
    assert table.loc["ra"].to_dict() == {"balance, 5 %": "1.000", "one class, 5 %": "50"}


def test_variants_are_ranked_against_the_usual_training(tables):
    usual = {"margin_pixel": 3, "random_pixel": 2, "random": 1, "ra_exact": 0}
    turned = {"margin_pixel": 0, "random_pixel": 1, "random": 2, "ra_exact": 3}
    for name, means in (("ranking_generated", usual), ("ranking_rounds", turned)):
        values = {
            (method, seed): value + seed % 2 * 0.1 * value
            for method, value in means.items()
            for seed in range(3)
        }
        write_classes(tables / name, values)
    table = page.ranking("0.002")
    assert list(table["tau"]) == ["1.00", "-1.00"]
    differences = table[["margin_pixel - random_pixel", "random - ra_exact"]].astype(str)
    assert list(differences.loc["ranking_generated"].str[:6]) == ["**+2.1", "**+2.1"]
    assert list(differences.loc["ranking_rounds"].str[:6]) == ["**-2.1", "**-2.1"]


def test_page_is_that_of_the_files_beside_it():
    text = page.PAGE_PATH.read_text()
    assert page.page(text) == text, "run `python -m evidence.page`"
