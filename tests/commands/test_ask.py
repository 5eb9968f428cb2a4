"""The command `ask`, as a workflow runs it again and again."""

import json
import re
import shlex
import shutil
from dataclasses import replace

import numpy as np
import pytest

from cbda.cli import build_parser, main
from cbda.files.answers import AnswerFile
from cbda.files.queries import load_queries, save_queries
from cbda.selection.querying import choose
from tests.datasets.layouts import make_folder
from tests.pools import write_scores
from tests.queries import answer_to
from tests.selection.rounds import read

COMMAND = """ask --scores scores.h5 --oracle-root pool --method-unit region
    --method-allocation dynamic --method-balance none --radius 1 --budget 0.1 --rounds 2 --round 1
    --classes road car tree
    --queries answers/queries.h5 --answers answers/answers.jsonl --out labels.h5"""


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """A pool of 2 images of 20x30 px without labels, and its scores."""
    monkeypatch.chdir(tmp_path)
    make_folder(tmp_path / "pool", 2, 20, 30, 3, np.random.default_rng(0))
    for path in (tmp_path / "pool/labels").iterdir():
        path.unlink()
    (tmp_path / "pool/labels").rmdir()
    score_again(tmp_path, 0)
    return tmp_path


def score_again(folder, seed):
    score = np.random.default_rng(seed).random((2, 20, 30), np.float32)
    (folder / "scores.h5").unlink(missing_ok=True)
    write_scores(folder / "scores.h5", ["000", "001"], score, score.astype(np.uint8), 3, 1)


def ask():
    return main(shlex.split(COMMAND))


def test_round_waits_for_answers_and_goes_on(folder, capsys):
    assert ask() == 75
    error = capsys.readouterr().err
    assert "round 1: 8 of 8 queries wait for an answer; answer them on the page of `" in error
    assert error.count("\n") == 1
    command = re.findall("`cbda (.+?)`", error)[0]
    build_parser().parse_args(shlex.split(command))
    assert not (folder / "labels.h5").exists()

    queries = load_queries(folder / "answers/queries.h5")
    answers = AnswerFile(folder / "answers/answers.jsonl")
    answers.append(queries, [answer_to(queries, index, 1, seconds=6) for index in range(8)])
    assert ask() == 0
    assert (
        "8 queries: 8 answered; 8 windows of one class, 0 mixed; 0.8 minutes"
        in capsys.readouterr().out
    )
    label = read(folder / "labels.h5", "label")
    assert np.count_nonzero(label == 1) == sum(queries.window(i).num_px for i in range(8))


@pytest.fixture
def before(folder):
    """What the labels hold when all was answered."""
    ask()
    queries = load_queries(folder / "answers/queries.h5")
    answers = AnswerFile(folder / "answers/answers.jsonl")
    answers.append(queries, [answer_to(queries, index, index % 3) for index in range(8)])
    assert ask() == 0
    return contents(folder)


def contents(folder):
    names = ("label", "round", "query")
    arrays = [read(folder / "labels.h5", name).tolist() for name in names]
    return arrays, (folder / "answers/answers.jsonl").read_bytes()


CHOOSE = "cbda.selection.answering.choose"
OTHERS = ("--seed 3", "--budget 0.2")


@pytest.mark.parametrize("change", ["", *OTHERS, " ".join(OTHERS)])
def test_scoring_again_loses_no_answer(folder, before, capsys, change):
    score_again(folder, 1)
    capsys.readouterr()
    assert main([*shlex.split(COMMAND), *change.split()]) == 0
    assert "queries.h5, chosen before, stay\n" in capsys.readouterr().out
    assert contents(folder) == before


METHODS = {
    "--method-allocation per_image": "ripu/region/per_image/none",
    "--method-balance consumed": "ripu/region/dynamic/consumed",
    "--method-explore 0.5": "ripu/region/dynamic/none/explore0.5",
    "--method-sampling power": "ripu/region/dynamic/none/--sampling power",
}


@pytest.mark.parametrize("change", METHODS)
def test_queries_that_another_method_chose_are_refused(folder, before, capsys, change):
    assert main([*shlex.split(COMMAND), *change.split()]) == 2
    said = capsys.readouterr().err
    found = f"is ripu/region/dynamic/none, this run has {METHODS[change]}; go back, or give this"
    assert f"answers/queries.h5: method of the queries {found} method queries and answers" in said
    assert said.count("\n") == 1
    assert contents(folder) == before


@pytest.mark.parametrize("change", METHODS)
def test_queries_of_before_which_know_no_method_are_taken(folder, before, change):
    path = folder / "answers/queries.h5"
    queries = load_queries(path)
    path.unlink()
    save_queries(path, replace(queries, method=""))
    assert main([*shlex.split(COMMAND), *change.split()]) == 0
    assert contents(folder) == before


def test_code_that_chooses_otherwise_loses_no_answer(folder, before, monkeypatch):
    others = np.array([(0, 1, 1), (1, 18, 28)], np.int32)
    monkeypatch.setattr(CHOOSE, lambda *_: others)
    assert ask() == 0
    assert contents(folder) == before


def test_code_that_chooses_otherwise_asks_nothing_twice(folder, before, monkeypatch, capsys):
    """The queries are lost too: all answers keep their place, and none of the budget is left."""
    (folder / "answers/queries.h5").unlink()
    score_again(folder, 1)
    monkeypatch.setattr(CHOOSE, lambda *given: choose(*given)[::-1])
    assert ask() == 0
    assert "round 1: 8 answers from before keep their place" in capsys.readouterr().out
    (label, rounds, query), said = contents(folder)
    (label_before, rounds_before, query_before), said_before = before
    assert (label, rounds, said) == (label_before, rounds_before, said_before)
    assert sorted(query) == sorted(query_before)


def test_lost_queries_are_chosen_around_the_answers(folder, capsys):
    ask()
    queries = load_queries(folder / "answers/queries.h5")
    answers = AnswerFile(folder / "answers/answers.jsonl")
    answers.append(queries, [answer_to(queries, index, 1) for index in range(5)])
    (folder / "answers/queries.h5").unlink()
    score_again(folder, 1)
    assert ask() == 75
    captured = capsys.readouterr()
    assert "round 1: 5 answers from before keep their place" in captured.out
    assert "3 of 3 queries wait" in captured.err
    answers.finish(load_queries(folder / "answers/queries.h5"))
    assert ask() == 0
    assert len(read(folder / "labels.h5", "query")) == 5


def test_finished_round_leaves_the_rest_open(folder):
    ask()
    queries = load_queries(folder / "answers/queries.h5")
    AnswerFile(folder / "answers/answers.jsonl").finish(queries)
    assert ask() == 0
    assert not read(folder / "labels.h5", "round").any()


def test_queries_of_another_round_are_refused(folder, capsys):
    ask()
    assert main([*shlex.split(COMMAND), "--radius", "0"]) == 2
    assert main([*shlex.split(COMMAND), "--classes", "road", "car", "sky"]) == 2
    assert "queries.h5: classes of the queries is" in capsys.readouterr().err


def test_other_images_of_the_same_names_are_refused_and_no_answer_is_lost(folder, before, capsys):
    image = folder / "pool/images/000.png"
    image.write_bytes((folder / "pool/images/001.png").read_bytes())
    assert ask() == 2
    assert (
        "queries.h5: asks about another image than pool/images/000.png" in capsys.readouterr().err
    )
    words = "--queries answers/queries.h5 --answers answers/answers.jsonl --target-root pool"
    assert main(["queries", "export", *words.split(), "--out", "export"]) == 2
    assert "queries.h5: asks about another image" in capsys.readouterr().err
    assert not (folder / "export").exists()
    assert contents(folder) == before


def swap_images(folder):
    """Other images of the same names and size."""
    paths = [folder / f"pool/images/00{index}.png" for index in (0, 1)]
    for path, content in zip(paths, [path.read_bytes() for path in paths][::-1], strict=True):
        path.write_bytes(content)


def test_answers_to_other_images_are_refused_though_the_queries_are_lost(folder, before, capsys):
    (folder / "answers/queries.h5").unlink()
    swap_images(folder)
    assert ask() == 2
    said = capsys.readouterr().err
    assert re.search(r"answers\.jsonl: holds answers to another image '00\d' than there is", said)
    assert contents(folder) == before
    assert not (folder / "answers/queries.h5").exists()
    swap_images(folder)
    assert ask() == 0


def test_answers_of_before_which_know_no_images_are_taken(folder, before):
    path = folder / "answers/answers.jsonl"
    lines = [json.loads(line) for line in path.read_text().splitlines()]
    assert all(len(line.pop("image_sha256")) == 64 for line in lines[1:])
    path.write_text("".join(f"{json.dumps(line)}\n" for line in lines))
    assert ask() == 0
    assert contents(folder)[0] == before[0]


@pytest.mark.parametrize("command", ["annotate", "queries export", "queries import"])
def test_answers_to_other_images_than_those_asked_about_are_refused(
    folder, before, capsys, command
):
    swap_images(folder)
    (folder / "answers/queries.h5").unlink()
    shutil.move(folder / "answers/answers.jsonl", folder / "old.jsonl")
    assert ask() == 75
    places = "" if command == "queries import" else "--target-root pool"
    places += {"queries export": " --out out", "queries import": " --source out"}.get(command, "")
    words = f"{command} --queries answers/queries.h5 --answers old.jsonl {places}"
    assert main(words.split()) == 2
    assert "old.jsonl: holds answers to another image" in capsys.readouterr().err
