"""Generated sets where sets of the user's were meant."""

from typing import Any

import pytest

from cbda.errors import UserError
from cbda.scenes.kinds import CLASSES
from cbda.workflow.config import load_config

ANIMALS = ["cat", "dog"]
SETS = {name: {"root": f"/data/{name}"} for name in ("source", "target", "val")}
PEOPLE = {
    "experiment": {
        **{"oracle": "people", "seeds": [0], "methods": ["cbda"], "references": []},
        "budgets": [0.1],
    },
    "tabulate": {"baseline": "cbda"},
}


def refusal(*given: str, **change: Any) -> str:
    """What is said of an experiment with two classes and some sets of the user's."""
    sets = {name: SETS[name] for name in given}
    with pytest.raises(UserError) as caught:
        load_config({"classes": ANIMALS, "datasets": sets, **change}, {})
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
        {"datasets": {"target": SETS["target"]}, "classes": list(CLASSES["streets"])},
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
