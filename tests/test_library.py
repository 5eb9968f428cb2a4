"""Whatever a function of the library is given, it takes it, or says in one line why not."""

from collections.abc import Callable
from functools import cache
from typing import Any

import numpy as np
import pytest
import torch

import cbda
from cbda.acquisition import ripu_region
from cbda.selection import select

IDS, SIZE = ["a", "b", "c"], (12, 16)
LOGITS = [np.random.default_rng(n).normal(size=(4, *SIZE)).astype(np.float32) for n in range(3)]
WRONG: list[Any] = [
    *(None, True, -1, 2.5, float("nan"), float("inf"), 10**400, 2**63, 1 + 2j, "x", "x" * 10**6),
    *(
        b"x",
        [],
        {},
        set(),
        [[1], [2, 3]],
        [None] * 3,
        ["x"] * 3,
        {"a": None},
        {1: 2},
        object(),
        int,
    ),
    *({"a": np.full(SIZE, 2.7)}, {"a": np.full(SIZE, 999)}, np.zeros(3), np.zeros((3, 3))),
    *(np.ma.masked_all(SIZE), np.array("x"), np.array(None), np.datetime64("2020")),
    *(np.zeros((2, 2), "U3"), np.zeros(3, [("a", "i4")]), np.float16(0.5)),
    *(torch.zeros(2), torch.zeros(SIZE, dtype=torch.bfloat16), torch.tensor(True)),
    torch.zeros((3, 4, *SIZE), device="meta"),
]


def run() -> cbda.Acquisition:
    return cbda.Acquisition(IDS, 4, budget=0.28, rounds=2)


@cache
def asked() -> cbda.Acquisition:
    """A run of one round, whose queries wait."""
    begun = run()
    begun.next(LOGITS)
    return begun


def label(query: Any, classes: Any) -> None:
    asked().label(asked().queries[0] if query is None else query, classes)


def choose(score: Any, prediction: Any) -> None:
    maps = [cbda.ScoreMap(score, prediction)] * 3
    cbda.choose_queries(IDS, maps, 3, num_classes=4)


CALLS: dict[str, tuple[Callable[..., Any], dict[str, Any]]] = {
    "Acquisition": (
        cbda.Acquisition,
        {"image_ids": IDS, "num_classes": 4, "budget": 0.28, "rounds": 2, "never_ask": None}
        | {"budget_unit": "fraction", "method": "cbda", "radius": 1, "seed": 0},
    ),
    "next": (lambda logits: run().next(logits), {"logits": LOGITS}),
    "label": (label, {"query": None, "classes": 1}),
    "reveal": (lambda truth: asked().reveal(truth), {"truth": {}}),
    "choose_queries": (
        cbda.choose_queries,
        {"image_ids": IDS, "logits": LOGITS, "num_queries": 4, "method": "ra", "radius": 1}
        | {"labels": None, "asked": None, "budget_queries": None, "seed": 0, "round_number": 1}
        | {"num_classes": None},
    ),
    "ScoreMap": (choose, {"score": np.zeros(SIZE), "prediction": np.zeros(SIZE, np.uint8)}),
    "score_map": (
        cbda.score_map,
        {"logits": LOGITS[0], "score": "ripu", "unit": "region", "radius": 1, "seed": 0},
    ),
    "count_classes": (
        cbda.count_classes,
        {"labels": {"a": np.zeros(SIZE, np.uint8)}, "num_classes": 4},
    ),
    "class_weights": (
        cbda.class_weights,
        {"acquired": [1, 2], "balance": "consumed", "budget_px": 9, "max_weight": 10.0}
        | {"target_distribution": "uniform", "predicted": [1, 1]},
    ),
    "label_mask": (
        cbda.label_mask,
        {"queries": [cbda.Query("a", 1, 1, 1)], "image": "a", "shape": SIZE},
    ),
    "Query": (cbda.Query, {"image": "a", "row": 1, "column": 1, "radius": 1}),
    "Method": (
        cbda.Method,
        {"score": "ripu", "unit": "region", "allocation": "dynamic", "balance": "none", "radius": 1}
        | {"max_weight": 1.0, "target_distribution": "uniform", "random_fraction": 0.1},
    ),
    "select": (
        select,
        {"score": np.zeros(SIZE), "blocked": np.zeros(SIZE, bool), "num_queries": 2}
        | {"radius": 1, "unit": "region"},
    ),
    "ripu_region": (ripu_region, {"logits": torch.from_numpy(LOGITS[0]), "radius": 1}),
}


def refusal(name: str, **given: Any) -> str:
    """Why a function does not take what it is given; empty if it does."""
    call, plain = CALLS[name]
    try:
        call(**{**plain, **given})
    except cbda.UserError as error:
        return str(error)
    return ""


@pytest.mark.parametrize(
    ("name", "argument"), [(name, argument) for name in CALLS for argument in CALLS[name][1]]
)
@pytest.mark.filterwarnings("error")
def test_wrong_argument_is_taken_or_refused_in_one_line(name: str, argument: str) -> None:
    for value in WRONG:
        said = refusal(name, **{argument: value})
        assert "\n" not in said
        assert len(said) < 1500


def test_what_is_right_is_taken() -> None:
    assert {name: refusal(name) for name in CALLS if name != "reveal"} == dict.fromkeys(
        CALLS.keys() - {"reveal"}, ""
    )
