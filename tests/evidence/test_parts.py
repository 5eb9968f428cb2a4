"""Tables of question 1 say what their files say."""

import pandas as pd
import pytest

from evidence import parts
from evidence.cells import markdown
from evidence.effects import COLUMNS
from evidence.values import DATA


def write_classes(folder, values):
    """IoU by method and seed, of five rare classes and one more that is 7 times it."""
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
    table = parts.against("made_up", "0.002", "a")
    assert list(table["mIoU"]) == ["40.0", "42.3", "37.3"]
    assert list(table["minus `a`"]) == ["", "**+2.3 ± 1.4, 0.04**", "-2.7 ± 2.9, 0.057"]
    assert markdown(table).startswith("| n = 3 | mIoU |")


def write_effects(folder, data):
    row = ["mIoU", "main", "unit", 144, 1.25, 0.5, 0.001, 0.004, 0.7]
    pd.DataFrame([row], columns=COLUMNS).to_csv(folder / f"effects_{data}.csv", index=False)


def test_effects_of_both_data_sets_stand_side_by_side(tables):
    for data in DATA:
        write_effects(tables, data)
    text = markdown(parts.effects("mIoU", "main"))
    one = "**+1.2 ± 0.5, 0.004** | 0.7 (144)"
    assert text.splitlines()[2] == f"| pixels, not windows | {one} | {one} |"


def test_effects_of_the_data_set_that_is_done_are_shown(tables):
    write_effects(tables, "camvid")
    assert list(parts.effects("mIoU", "main")) == ["CamVid", "CamVid, seen from (n)"]


def test_known_effects_are_found_and_others_are_not(made_up):
    for table in parts.read_effects().values():
        main = table[table["measure"].eq("mIoU") & table["family"].eq("main")]
        found = main.set_index("effect")
        shown = found.index[found["p_holm"] < 0.05]
        expected = {"unit": 1.5, "allocation": -2.0, "margin - entropy": 5.0}
        expected |= {"margin - ripu_exact": 2.0, "ripu_exact - entropy": 3.0}
        assert set(shown) == set(expected)
        rows = found.loc[list(expected)]
        assert ((rows["estimate"] - list(expected.values())).abs() < 2 * rows["half_width"]).all()


def test_differences_at_every_budget_are_to_random_of_the_same_unit(made_up):
    table = parts.budgets("generated")
    assert list(table) == ["0.05 %", "0.2 %", "1 %", "5 %"]
    assert len(table) == 12
    means = table["1 %"].str.extract(r"([+-]\d+\.\d)")[0].astype(float)
    assert means["margin, pixels"] > means["entropy, windows"] + 2


def test_every_part_is_compared_with_random_queries_of_its_unit(made_up):
    table = parts.arms("camvid")
    assert list(table.index) == list(parts.ARMS)
    assert table["minus random"].str.contains("+", regex=False).all()


def test_balance_and_windows_of_one_class_are_shown_by_budget(made_up):
    table = parts.labels("labels_generated")
    assert len(table) == 10
    assert list(table)[:2] == ["balance, 0.2 %", "one class, 0.2 %"]


def test_effects_are_those_of_the_measure_and_families_that_are_named(made_up):
    assert len(parts.effects("mIoU", "main", "random")) == 11
    assert len(parts.effects("rare", "interaction")) == 10
    assert list(parts.by_score("mIoU").index)[:2] == ["pixels, not windows", "power noise"]


def test_pixels_are_compared_with_as_many_windows(made_up):
    table = parts.at_equal_queries()
    assert list(table) == ["0.05 %", "0.2 %", "1 %"]
    assert list(table.index[:3]) == ["random, streets", "margin, streets", "margin, noise, streets"]
    found = table.map(lambda text: float(text.strip("*").split(" ")[0]))
    assert found.to_numpy().mean() == pytest.approx(1.5, abs=0.5)  # what single pixels gain
