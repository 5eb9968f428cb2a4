"""Generated sets where sets of the user's were meant."""

from pathlib import Path
from typing import Any

import pytest

from cbda.cli import main
from cbda.errors import UserError
from cbda.scenes.kinds import CLASSES
from cbda.workflow.config import load_config

ANIMALS = ["cat", "dog"]
STREETS = list(CLASSES["streets"])  # those of CamVid too
SETS = {name: {"root": f"/data/{name}"} for name in ("source", "target", "val")}
MAKE = "data make --domain target --num-images 1 --height 48 --width 64"
PEOPLE = {
    "experiment": {
        **{"oracle": "people", "seeds": [0], "methods": ["cbda"], "references": []},
        "budgets": [0.1],
    },
    "tabulate": {"baseline": "cbda"},
}


def refusal(*given: str, **change: Any) -> str:
    """What is said of an experiment with two classes and some sets of the user's."""
    raw = {"classes": ANIMALS, "datasets": {name: SETS[name] for name in given}, **change}
    with pytest.raises(UserError) as caught:
        load_config(raw, {})
    return str(caught.value)


@pytest.mark.parametrize(
    ("given", "places"),
    [
        ([], "datasets.source and datasets.target and datasets.val"),
        (["target"], "datasets.source and datasets.val"),
        (["source", "target"], "datasets.val"),
        (["source", "val"], "datasets.target"),
        (["target", "val"], "datasets.source"),
    ],
)
def test_set_that_was_forgotten_is_no_generated_one(given: list[str], places: str) -> None:
    said = refusal(*given)
    assert said.startswith(f"{places}: not given, and the default is generated streets, whose")
    assert "evaluated" not in said


def test_people_are_told_that_they_may_do_without_a_validation_set() -> None:
    said = refusal("source", "target", **PEOPLE)
    assert 'datasets.val.root: "" if there are none: nothing is evaluated' in said


CAMVID = {"kind": "camvid", "root": "/data/CamVid"}


@pytest.mark.parametrize(("given", "forgotten"), [("target", "val"), ("val", "target")])
def test_pool_and_validation_set_are_of_one_domain(given: str, forgotten: str) -> None:
    said = refusal(classes=STREETS, datasets={given: {**CAMVID, "split": "train"}})
    default = "not given, and the default is generated streets, whereas"
    expected = f"datasets.{forgotten}: {default} datasets.{given} is /data/CamVid, of kind camvid: "
    assert said.startswith(expected)
    assert "; " not in said


def test_generated_set_has_no_layout_of_a_public_one() -> None:
    root = "data/generated/target_train"  # of config.yaml, where but the kind was changed
    target = {"kind": "camvid", "split": "train", "root": root}
    said = refusal(classes=STREETS, datasets={"target": target})
    assert said.startswith(
        "datasets.target.root: not given, and the default is a generated set,"
        f" {root}, of kind folder: give the folder of the camvid data set"
    )


@pytest.mark.parametrize("root", ["pool", "pool/images"])
def test_pool_that_was_rendered_by_hand_is_of_the_domain_of_the_default(
    root: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    assert main([*MAKE.split(), "--out", "pool/manifest.json"]) == 0
    load_config({"datasets": {"target": {"kind": "images", "root": root}}, **PEOPLE}, {})


def test_pool_without_labels_has_no_classes() -> None:
    pool = {"kind": "images", "root": "data/generated/target_train/images"}
    datasets = {"source": SETS["source"], "target": pool, "val": {"root": ""}}
    load_config({"classes": ANIMALS, "datasets": datasets, **PEOPLE}, {})


def test_generated_set_that_was_given_is_told_as_one() -> None:
    sets = {**SETS, "source": {"root": "data/own/source"}}
    made = {"data_make": {"root": "data/own"}, "datasets": sets}
    with pytest.raises(UserError, match=r"^datasets.source: generated streets, whose classes"):
        load_config({"classes": ANIMALS, **made}, {})


@pytest.mark.parametrize(
    "change",
    [
        {"datasets": SETS, "classes": ANIMALS},
        {"datasets": {name: SETS[name] for name in ("target", "val")}, "classes": STREETS},
        {
            "datasets": {
                **SETS,
                "source": {"root": "data/generated/source", "label_ids": ["0,1,2,3", 4]},
            },
            "classes": ANIMALS,
        },
    ],
    ids=["sets of the user's", "classes of the scenes", "ids of every class"],
)
def test_what_has_the_classes_is_allowed(change: dict[str, Any]) -> None:
    load_config(change, {})
