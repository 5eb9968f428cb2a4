"""Answers belong to the bytes of the images that they were given to."""

import pytest

from cbda.errors import UserError
from cbda.files.answer_lines import UNDONE
from cbda.files.answered_images import (
    require_answered_images,
    require_answered_pool,
    require_answers_to,
)
from cbda.files.answers import AnswerFile
from cbda.files.queries import with_images
from tests.queries import answer_to, make_queries

CENTRES = [(0, 2, 3), (1, 0, 0)]


@pytest.fixture
def paths(tmp_path):
    """Files in place of two images."""
    paths = {name: tmp_path / f"{name}.png" for name in "ab"}
    for name, path in paths.items():
        path.write_bytes(name.encode())
    return paths


def answers_to(path, queries, indices=(0, 1), **changes):
    answers = AnswerFile(path)
    answers.append(queries, [answer_to(queries, index, 1, **changes) for index in indices])
    return AnswerFile(path)


def test_answer_to_another_image_is_named(tmp_path, paths):
    queries = with_images(make_queries(CENTRES), paths)
    answers = answers_to(tmp_path / "answers.jsonl", queries)
    require_answered_pool(answers, paths)
    require_answered_images(answers, queries.known_images)
    paths["b"].write_bytes(b"c")
    with pytest.raises(UserError, match=r"answers\.jsonl: holds answers to another image 'b'"):
        require_answered_pool(answers, paths)
    del paths["b"]  # of another pool, whose answers count for nothing here
    require_answered_pool(answers, paths)


def test_answer_that_was_taken_back_is_to_no_image(tmp_path, paths):
    queries = with_images(make_queries(CENTRES), paths)
    path = tmp_path / "answers.jsonl"
    answers_to(path, queries)
    answers = answers_to(path, queries, [1], state=UNDONE, pixels=())
    require_answered_images(answers, {**queries.known_images, "b": "0" * 64})


def test_what_nobody_knows_is_not_compared(tmp_path, paths):
    old, new = make_queries(CENTRES), with_images(make_queries(CENTRES), paths)
    require_answered_images(answers_to(tmp_path / "old.jsonl", old), new.known_images)
    require_answered_images(answers_to(tmp_path / "new.jsonl", new), old.known_images)


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ('["road", "car", "tree"]', '["car", "road", "tree"]', "classes is .*'car', 'road'"),
        ('"round": 1', '"round": 2', "round is 2, not 1: restore it"),
        ('"row": 2', '"row": 3', "answer at 'a', row 3, column 3, which is none of the queries"),
        ('"image": "b"', '"image": "c"', "answer at 'c', row 0"),
    ],
)
def test_answers_that_contradict_their_queries_are_named(tmp_path, old, new, message):
    queries, path = make_queries(CENTRES), tmp_path / "answers.jsonl"
    require_answers_to(answers_to(path, queries), queries)
    path.write_text(path.read_text().replace(old, new))
    with pytest.raises(UserError, match=message):
        require_answers_to(AnswerFile(path), queries)
    other = make_queries([(0, 4, 4)])
    require_answers_to(AnswerFile(path), other)
