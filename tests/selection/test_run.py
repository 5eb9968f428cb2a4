"""A run in memory is one of the workflow."""

import dataclasses
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
    plain = {"image_ids": IDS, "num_classes": CLASSES, "budget": 0.3, "rounds": ROUNDS}
    return cbda.Acquisition(**{**plain, **change})


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
    known = np.stack([run.labels[name] for name in IDS])
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
    ("classes", "message"),
    [
        (3, "allowed are 0 to 2, and 255"),
        (np.zeros((9, 9), int), "must be"),
        ("car", "column .*: 'car'; allowed are whole numbers"),
        (2.5, "column .*: 2.5; allowed are whole numbers"),
    ],
)
def test_answer_that_does_not_fit_is_refused(classes, message):
    run = start()
    query = run.next(logits(1))[0]
    with pytest.raises(cbda.UserError, match=message):
        run.label(query, classes)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"image_ids": ["000", "001", "000"]}, "image_ids: '000' is there twice"),
        ({"image_ids": "000"}, "image_ids: '000'; allowed is a list"),
        ({"num_classes": 2.0}, "num_classes 2.0: allowed are whole numbers from 1 to 255"),
        ({"num_classes": 0}, "num_classes 0"),
        ({"budget": True}, "budget True: allowed are numbers above 0, up to 1"),
        ({"budget": np.nan}, "budget nan"),
        ({"budget": 1.5}, "budget 1.5"),
        ({"budget": 2.5, "budget_unit": "queries"}, "budget 2.5: allowed are whole numbers"),
        ({"budget_unit": "query"}, "budget_unit 'query'"),
        ({"budget_unit": 3}, "budget_unit 3: allowed are fraction, "),
        ({"rounds": 0}, "rounds 0: allowed are whole numbers from 1 to 255"),
        ({"rounds": 2.0}, "rounds 2.0"),
        ({"rounds": True}, "rounds True"),
        ({"radius": 1.5}, "radius 1.5: allowed are whole numbers"),
        ({"radius": -1}, "radius -1"),
        ({"seed": -1}, "seed -1: allowed are whole numbers"),
        ({"seed": None}, "seed None"),
        ({"method": 3}, "method 3: allowed are "),
        ({"method": "cbd"}, "method 'cbd' .did you mean 'cbda'"),
        ({"never_ask": [np.ones(SIZE, bool)]}, "never_ask: .*allowed is a dict"),
        ({"never_ask": {"009": np.ones(SIZE, bool)}}, "image of never_ask '009'"),
        ({"never_ask": {"000": np.ones(SIZE)}}, "never_ask of '000': .*bool"),
        ({"method": cbda.Method(balance="ratio", target_distribution=(0.5, 0.5))}, "are 3 numbers"),
    ],
)
def test_wrong_argument_is_noticed_where_it_is_given(change, message):
    with pytest.raises(cbda.UserError, match=message) as found:
        start(**change)
    assert "\n" not in str(found.value)


@pytest.mark.parametrize(
    "change",
    [
        {"score": 3},
        {"unit": 3},
        {"allocation": None},
        {"radius": 1.5},
        {"radius": True},
        {"random_fraction": True},
        {"max_weight": "10"},
        {"choice": "power"},
        {"views": 8},
    ],
)
def test_wrong_part_of_a_method_is_noticed_where_it_is_given(change):
    with pytest.raises(cbda.UserError, match=f"{next(iter(change)).replace('_', '.')} .*: allowed"):
        cbda.Method(**change)


def test_numbers_of_numpy_are_numbers():
    run = start(num_classes=np.int64(3), rounds=np.int8(3), radius=np.uint8(1), seed=np.int32(0))
    assert run.next(logits(1)) == start().next(logits(1))


def test_labels_are_of_every_image_once_something_was_asked():
    run = start()
    assert not run.labels
    query = run.next(logits(1))[0]
    run.label(query, 2)
    assert [*run.labels] == IDS
    others = [name for name in IDS if name != query.image]
    assert all((run.labels[name] == 255).all() for name in others)
    asked = cbda.label_mask([query], query.image, SIZE)
    np.testing.assert_array_equal(run.labels[query.image] == 2, asked)
    np.testing.assert_array_equal(cbda.count_classes(run.labels, 3), run.class_counts)
    assert "street" not in run.labels


@pytest.mark.parametrize(
    "other", [{"row": 19}, {"image": "street"}, {"radius": 2}, {"column": 29, "row": 0}]
)
def test_query_that_was_not_asked_is_refused(other):
    run = start(budget=0.01, rounds=1, method="ra")
    query = run.next(logits(1))[0]
    with pytest.raises(cbda.UserError, match=r"was not asked in this run|is unknown"):
        run.label(dataclasses.replace(query, **other), 1)
    assert run.class_counts.sum() == 0


def test_query_of_an_earlier_round_is_answered_late():
    run = start()
    query = run.next(logits(1))[0]
    run.next(logits(2))
    run.label(query, 1)
    assert run.class_counts.tolist() == [0, int((run.labels[query.image] == 1).sum()), 0]
    assert run.class_counts[1] >= 4


@pytest.mark.parametrize(
    ("truth", "message"),
    [
        ({}, "truth: lacks '000'"),
        ([TRUTH["000"]], r"truth: \[\(20, 30\) \w+\]; allowed is a dict"),
        ({**TRUTH, "000": np.zeros((99, 99), int)}, r"truth of '000': \(99, 99\), must be"),
        ({**TRUTH, "000": np.zeros((*SIZE, 3), int)}, r"truth of '000': \(20, 30, 3\)"),
        ({**TRUTH, "000": np.full(SIZE, 0.7)}, "label of '000', row .*: float64"),
        ({**TRUTH, "000": np.ma.masked_all(SIZE, int)}, "truth of '000': a masked array"),
    ],
)
def test_truth_that_does_not_fit_is_one_line(truth, message):
    run = start(method="ra")
    run.next(logits(1))
    with pytest.raises(cbda.UserError, match=message):
        run.reveal(truth)


def test_truth_with_a_mistake_answers_nothing():
    run = start(method="ra")
    asked = {query.image for query in run.next(logits(1))}
    truth = {**TRUTH, max(asked): np.full(SIZE, 99)}
    assert len(asked) > 1
    with pytest.raises(cbda.UserError, match="99; allowed are 0 to"):
        run.reveal(truth)
    assert not run.class_counts.any()


def test_mask_of_another_size_than_the_images_is_named():
    run = start(never_ask={"000": np.zeros((20, 31), bool)})
    message = r"never_ask of '000': \(20, 31\), must be \(20, 30\)"
    with pytest.raises(cbda.UserError, match=message):
        run.next(logits(1))


def test_another_size_in_a_later_round_is_one_line():
    run = start(never_ask={"000": np.zeros(SIZE, bool)})
    run.next(logits(1))
    with pytest.raises(cbda.UserError, match=r"images of \(9, 9\) px; .* were \(20, 30\)"):
        run.next([torch.randn(3, 9, 9) for _ in IDS])


@pytest.mark.parametrize(
    ("score", "prediction", "message"),
    [
        (np.zeros(SIZE), np.full(SIZE, 257), "prediction 0: 257 to 257; allowed are 0 to 2"),
        (np.zeros(SIZE), np.zeros(SIZE), "prediction float64; allowed"),
        (np.full(SIZE, np.nan), np.zeros(SIZE, int), "score 0: holds NaN"),
        (np.full(SIZE, 1e300), np.zeros(SIZE, int), "score 0: holds NaN or infinite"),
        (np.zeros(SIZE), [[0, 1]], r"score 0: \(20, 30\) and prediction \(1, 2\)"),
        (np.ma.masked_all(SIZE), np.zeros(SIZE, int), "score 0: a masked array"),
    ],
)
def test_score_map_that_is_none_is_one_line(score, prediction, message):
    maps = [cbda.ScoreMap(score, prediction)] * 3
    with pytest.raises(cbda.UserError, match=message):
        cbda.choose_queries(IDS, maps, 3, num_classes=CLASSES)


def test_maps_of_two_shapes_are_no_score_map():
    message = r"score map: score \(20, 30\) and prediction \(30, 20\); allowed are two \(H,W\)"
    with pytest.raises(cbda.UserError, match=message):
        cbda.ScoreMap(np.zeros(SIZE, np.float32), np.zeros(SIZE[::-1], np.uint8))


def test_exhausted_image_says_how_much_of_it_was_excluded():
    never = {"001": np.ones(SIZE, bool)}
    message = r"^round 1: image '001' is exhausted: 0 of .* never_ask exclude 100.0% of its pixels"
    with pytest.raises(cbda.UserError, match=message):
        start(never_ask=never, method="ra").next(logits(1))


def test_exhausted_pool_does_not_name_a_temporary_file():
    never = {name: np.ones(SIZE, bool) for name in IDS}
    with pytest.raises(cbda.UserError, match=r"^round 1: .*is exhausted"):
        start(never_ask=never).next(logits(1))


def test_budget_may_count_queries_and_pixels_may_be_left_out():
    never = {"000": np.ones(SIZE, bool), "001": np.ones(SIZE, bool)}
    run = start(budget=12, budget_unit="queries", never_ask=never)
    queries = run.next(np.stack([values.numpy() for values in logits(1)]))
    assert [q.image for q in queries] == ["002"] * 4


@pytest.mark.parametrize(
    ("facts", "message"),
    [
        ({"budget": 0.01, "rounds": 5, "method": "ra"}, "budget 0.01: .* 0.075 of the pool"),
        ({"budget": 20, "budget_unit": "queries", "rounds": 8}, "budget 20: .* 24 queries"),
        (
            {"budget": 2, "budget_unit": "queries_per_image", "rounds": 4},
            r"up to 2\.67 queries_per_image",
        ),
    ],
)
def test_budget_of_less_than_whole_queries_is_warned_of_once(facts, message):
    run = start(**{"rounds": 2, **facts})
    with pytest.warns(UserWarning, match=message) as told:
        run.next(logits(1))
    run.next(logits(2))
    assert len(told) == 1


def test_own_score_maps_are_chosen_from():
    score = np.zeros(SIZE, np.float32)
    score[10, 15] = 1
    blank = np.zeros(SIZE, np.uint8)
    maps = [cbda.ScoreMap(score * place, blank) for place in (1, 3, 2)]
    found = cbda.choose_queries(IDS, maps, 3, method="da", num_classes=CLASSES)
    assert [(q.image, q.row, q.column) for q in found[:2]] == [("001", 10, 15), ("002", 10, 15)]
    with pytest.raises(cbda.UserError, match="give num_classes"):
        cbda.choose_queries(IDS, maps, 3, method="da")
