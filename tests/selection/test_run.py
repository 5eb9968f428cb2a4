"""A run in memory is one of the workflow."""

import pickle
from typing import Any

import numpy as np
import pytest
import torch

import cbda
from cbda.acquisition.scoring import score_image
from cbda.cli import main
from tests.datasets.layouts import make_folder
from tests.pools import write_scores
from tests.selection.rounds import read

IDS, SIZE, CLASSES = ["000", "001", "002"], (20, 30), 3
ROUNDS = 3
TRUTH = {name: np.full(SIZE, index, np.uint8) for index, name in enumerate(IDS)}


def logits(number):
    generator = torch.Generator().manual_seed(number)
    return [torch.randn(CLASSES, *SIZE, generator=generator) for _ in IDS]


def start(**change):
    return cbda.Acquisition(IDS, CLASSES, **{"budget": 0.3, "rounds": ROUNDS, **change})


@pytest.mark.parametrize(
    ("method", "words"),
    [
        ("cbda", "--method-allocation dynamic --method-balance quota"),
        ("cb", "--method-allocation per_image --method-balance consumed"),
    ],
)
def test_rounds_are_those_of_the_command_line(tmp_path, method, words):
    truth = make_folder(tmp_path / "pool", 3, *SIZE, CLASSES, np.random.default_rng(0))
    run = start(method=method)
    previous: list[Any] = []
    for number in range(1, ROUNDS + 1):
        run.next(logits(number))
        run.reveal(truth)
        maps = [score_image("ripu", "region", 1, 0, 1, 0, values) for values in logits(number)]
        score, prediction = (np.stack(part) for part in zip(*maps, strict=True))
        write_scores(tmp_path / "scores.h5", IDS, score, prediction, CLASSES, 1)
        command = f"acquire --method-unit region --radius 1 --budget 0.3 --rounds 3 {words}"
        command += f" --round {number} --num-classes {CLASSES}"
        out = tmp_path / f"labels{number}.h5"
        places = ["--scores", tmp_path / "scores.h5", "--oracle-root", tmp_path / "pool"]
        assert main([*command.split(), *map(str, [*places, *previous, "--out", out])]) == 0
        previous = ["--labels", out]
        asked = read(out, "query")
        expected = [tuple(row[1:]) for row in asked.tolist() if row[0] == number]
        assert [(IDS.index(q.image), q.row, q.column) for q in run.queries] == expected
    blank = np.full(SIZE, 255, np.uint8)
    known = np.stack([run.labels.get(name, blank) for name in IDS])
    np.testing.assert_array_equal(known, read(out, "label"))
    assert run.is_finished
    with pytest.raises(cbda.UserError, match="all 3 rounds are done"):
        run.next(logits(4))


def test_pickled_run_goes_on():
    run = start()
    run.next(logits(1))
    run.reveal(TRUTH)
    copy = pickle.loads(pickle.dumps(run))
    assert copy.next(logits(2)) == run.next(logits(2))


def test_what_was_asked_is_not_asked_again_without_an_answer():
    run = start()
    first, second = run.next(logits(1)), run.next(logits(1))
    asked = {(q.image, q.row, q.column) for q in first}
    assert not asked & {(q.image, q.row, q.column) for q in second}
    assert run.class_counts.tolist() == [0, 0, 0]


def test_answers_are_a_class_or_those_of_the_window():
    run = start(method="da")
    query = run.next(iter(logits(1)))[0]
    run.label(query, 2)
    assert (run.labels[query.image][query.window] == 2).all()
    run.label(query, np.full_like(run.labels[query.image][query.window], 255))
    assert run.class_counts.sum() == 0


@pytest.mark.parametrize(
    ("classes", "message"), [(3, "allowed are 0 to 2, and 255"), (np.zeros((9, 9), int), "must be")]
)
def test_answer_that_does_not_fit_is_refused(classes, message):
    run = start()
    query = run.next(logits(1))[0]
    with pytest.raises(cbda.UserError, match=message):
        run.label(query, classes)


def test_budget_may_count_queries_and_pixels_may_be_left_out():
    never = {"000": np.ones(SIZE, bool), "001": np.ones(SIZE, bool)}
    run = start(budget=12, budget_unit="queries", never_ask=never)
    queries = run.next(np.stack([values.numpy() for values in logits(1)]))
    assert [q.image for q in queries] == ["002"] * 4


def test_own_score_maps_are_chosen_from():
    score = np.zeros(SIZE, np.float32)
    score[10, 15] = 1
    blank = np.zeros(SIZE, np.uint8)
    maps = [cbda.ScoreMap(score * place, blank) for place in (1, 3, 2)]
    found = cbda.choose_queries(IDS, maps, 3, method="da", num_classes=CLASSES)
    assert [(q.image, q.row, q.column) for q in found[:2]] == [("001", 10, 15), ("002", 10, 15)]
    with pytest.raises(cbda.UserError, match="give num_classes"):
        cbda.choose_queries(IDS, maps, 3, method="da")
