"""Queries from logits, without files."""

import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

import cbda
from cbda.acquisition.methods import Method
from cbda.acquisition.scoring import score_image
from cbda.cli import main
from cbda.errors import UserError
from tests.datasets.layouts import make_folder
from tests.pools import write_scores
from tests.selection.rounds import read

ROOT = Path(__file__).parents[2]
IDS, SIZE = ["000", "001", "002"], (20, 30)


def logits(num_images=3, size=SIZE):
    generator = torch.Generator().manual_seed(0)
    return [torch.randn(3, *size, generator=generator) for _ in range(num_images)]


@pytest.mark.parametrize(
    ("method", "words"),
    [
        ("cb", "--method-allocation per_image --method-balance consumed"),
        ("ra", "--method-allocation per_image --method-balance none"),
        ("cbda", "--method-allocation dynamic --method-balance quota"),
    ],
)
def test_picks_are_those_of_the_command_line(tmp_path, method, words):
    make_folder(tmp_path / "pool", 3, *SIZE, 3, np.random.default_rng(0))
    maps = [score_image("ripu", "region", 1, 0, 1, n, values) for n, values in enumerate(logits())]
    score, prediction = (np.stack(part) for part in zip(*maps, strict=True))
    write_scores(tmp_path / "scores.h5", IDS, score, prediction, 3, 1)
    command = f"acquire --method-unit region --radius 1 --budget 12 --budget-unit queries {words}"
    places = ["--scores", tmp_path / "scores.h5", "--oracle-root", tmp_path / "pool"]
    numbers = "--rounds 1 --round 1 --num-classes 3"
    out = ["--out", tmp_path / "labels.h5"]
    assert main([*command.split(), *map(str, places), *numbers.split(), *map(str, out)]) == 0
    expected = [tuple(row) for row in read(tmp_path / "labels.h5", "query")[:, 1:].tolist()]
    found = cbda.choose_queries(IDS, iter(logits()), 12, method=method)
    assert [(IDS.index(q.image), q.row, q.column) for q in found] == expected
    assert {q.radius for q in found} == {1}


def test_what_is_known_or_forbidden_is_not_asked_for():
    known = np.full(SIZE, 255, np.uint8)
    known[:, :15] = 2
    forbidden = np.zeros(SIZE, bool)
    forbidden[:10] = True
    facts: dict[str, Any] = {"labels": {"000": known}, "asked": {"001": forbidden}, "radius": 1}
    found = cbda.choose_queries(IDS, logits(), 60, method=Method(allocation="dynamic"), **facts)
    assert min(q.column for q in found if q.image == "000") > 15
    assert min(q.row for q in found if q.image == "001") > 10
    assert len(found) == 60


def test_classes_that_are_labelled_are_asked_for_less():
    values, label = torch.zeros(3, *SIZE), np.full(SIZE, 255, np.uint8)
    values[0, :, :15] = values[1, :, 15:] = 1.0
    values += 0.1 * torch.rand(values.shape, generator=torch.Generator().manual_seed(0))
    label[:10, :15] = 0
    method = Method(score="entropy", allocation="dynamic", balance="consumed")
    facts: dict[str, Any] = {"labels": {"a": label}, "budget_queries": 50}
    found = cbda.choose_queries(["a", "b"], [values, values], 10, method=method, **facts)
    assert all(q.column > 13 for q in found)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"method": "cbd"}, "method 'cbd' .did you mean 'cbda'"),
        ({"logits": logits(2)}, "logits of 2 images, but there are names of 3"),
        ({"logits": logits(4)}, r"logits 3: \(3, 20, 30\); allowed are 3"),
        ({"logits": [*logits(2), *logits(1, (20, 31))]}, r"logits 2: \(3, 20, 31\)"),
        ({"logits": []}, "logits: none"),
        ({"labels": {"x": np.zeros(SIZE, np.uint8)}}, "image of labels 'x'"),
        ({"labels": {"000": np.zeros((2, 2), np.uint8)}}, r"labels of '000': \(2, 2\)"),
        ({"labels": {"000": np.full(SIZE, 7, np.uint8)}}, "labels of '000': 7; allowed are 0 to 2"),
        ({"labels": {"000": np.full(SIZE, 0.7)}}, "labels of '000': float64"),
        ({"labels": [np.zeros(SIZE, np.uint8)]}, "labels: .*allowed is a dict"),
        ({"asked": {"000": np.ones(SIZE)}}, "asked of '000': .*bool"),
        ({"image_ids": ["000", "001", "001"]}, "image_ids: '001' is there twice"),
        ({"image_ids": "000"}, "image_ids: '000'; allowed is a list"),
        ({"num_queries": 2.5}, "num_queries 2.5: allowed are whole numbers from 1 on"),
        ({"num_queries": True}, "num_queries True"),
        ({"budget_queries": 0}, "budget_queries 0"),
        ({"round_number": 0}, "round_number 0: allowed are whole numbers from 1 to 255"),
        ({"seed": -1}, "seed -1"),
        ({"radius": "1"}, "radius '1'"),
        ({"num_classes": 2.0}, "num_classes 2.0"),
        ({"logits": 3}, "logits: int; allowed is a list or a generator"),
        ({"logits": logits()[0]}, r"logits 0: \(20, 30\); allowed is \(C,H,W\)"),
        ({"num_queries": 1000}, "the pool has room for 200 queries"),
    ],
)
def test_what_does_not_fit_is_one_line(change, message):
    given: dict[str, Any] = {"image_ids": IDS, "logits": logits(), "num_queries": 3, **change}
    with pytest.raises(UserError, match=message):
        cbda.choose_queries(**given)


@pytest.mark.parametrize(
    "change", [lambda values: values.to(torch.float8_e4m3fn), lambda values: values.to_sparse()]
)
def test_tensors_that_cannot_be_computed_with_are_one_line(change):
    values = change(torch.as_tensor(logits()[0]))
    with pytest.raises(UserError, match=r"logits 0: sparse, or of 8 bits; give to_dense\(\) or"):
        cbda.choose_queries(["a"], [values], 3)


def test_number_of_classes_is_that_of_the_logits():
    with pytest.raises(
        UserError, match=r"logits 0: \(\d+, 20, 30\); allowed are 3 of \(9, 20, 30\)"
    ):
        cbda.choose_queries(["a", "b", "c"], logits(), 4, num_classes=9)


def test_package_itself_costs_nothing():
    code = "import sys, cbda; assert not {'torch', 'numpy'} & sys.modules.keys()"
    subprocess.run([sys.executable, "-c", code], check=True, cwd=ROOT)


def test_choosing_needs_no_more_than_a_light_installation():
    light = "{'torch', 'PIL', 'tqdm', 'pandas', 'snakemake', 'matplotlib'}"
    code = "import numpy, sys, cbda; run = cbda.Acquisition(['a'], 2, budget=0.5, rounds=1); "
    code += "run.next([numpy.random.default_rng(0).normal(size=(2, 9, 9))]); "
    code += f"import sys; assert not (found := {light} & sys.modules.keys()), found"
    subprocess.run([sys.executable, "-c", code], check=True, cwd=ROOT)
