"""Answer files: nothing acknowledged is lost or counted twice."""

import hashlib
import json
import os
import signal
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from unittest.mock import Mock

import pytest

from cbda.errors import UserError
from cbda.files.answer_lines import SKIPPED, UNDONE, VOID_WINDOW, Answer, answer_line
from cbda.files.answers import AnswerFile
from tests.queries import answer_to, make_queries

QUERIES = make_queries([(0, 2, 3), (1, 0, 0), (0, 4, 8)])
PLACES = [QUERIES.place(index) for index in range(3)]


@pytest.fixture
def path(tmp_path):
    return tmp_path / "answers" / "round1.jsonl"


def states(path):
    answers = AnswerFile(path)
    return [answers.state(place) for place in PLACES]


def test_answers_are_read_as_they_were_given(path):
    given = answer_to(QUERIES, 1, 0, 1, 255, 2, seconds=2.5, who="Ann", answer_id="x")
    AnswerFile(path).append(QUERIES, [given])
    read = AnswerFile(path)
    assert read.latest[PLACES[1]].answer == given
    assert read.latest[PLACES[1]].asked.classes == QUERIES.classes
    assert read.seconds == 2.5


def test_every_state_is_told_apart(path):
    answers = [answer_to(QUERIES, 0, 1)]
    answers += [answer_to(QUERIES, 1, state=VOID_WINDOW, pixels=())]
    AnswerFile(path).append(QUERIES, answers)
    assert states(path) == ["answered", "void", "open"]


def test_last_answer_of_a_query_counts(path):
    answers = AnswerFile(path)
    for value in (0, 2):
        answers.append(QUERIES, [answer_to(QUERIES, 0, value)])
    assert AnswerFile(path).latest[PLACES[0]].answer.pixels == (2,) * 9
    assert len(path.read_text().splitlines()) == 3


def test_undone_answer_leaves_the_query_open(path):
    answers = AnswerFile(path)
    answers.append(QUERIES, [answer_to(QUERIES, 0, 1)])
    answers.append(QUERIES, [answer_to(QUERIES, 0, state=UNDONE, pixels=())])
    assert states(path) == ["open"] * 3
    assert len(path.read_text().splitlines()) == 3


def test_answer_sent_twice_counts_once(path):
    for _ in range(2):
        AnswerFile(path).append(QUERIES, [answer_to(QUERIES, 0, 1, seconds=2, answer_id="x")])
    assert AnswerFile(path).seconds == 2


def test_line_that_is_there_twice_counts_once(path):
    AnswerFile(path).append(QUERIES, [answer_to(QUERIES, 0, 1, seconds=2, answer_id="x")])
    with path.open("a") as file:
        file.write(path.read_text().splitlines(keepends=True)[-1])
    assert AnswerFile(path).seconds == 2


def test_answer_sent_by_several_at_a_time_counts_once(path, monkeypatch):
    def slow(*of):
        time.sleep(0.002)  # between what is read and what is written
        return answer_line(*of)

    monkeypatch.setattr("cbda.files.answers.answer_line", slow)

    def send(_):
        answers = AnswerFile(path)
        for number in range(20):
            answers.append(QUERIES, [answer_to(QUERIES, 0, 1, answer_id=str(number))])

    with ThreadPoolExecutor(4) as senders:
        list(senders.map(send, range(4)))
    assert len(path.read_text().splitlines()) == 1 + 20


def test_two_processes_see_each_others_answers(path):
    one, other = AnswerFile(path), AnswerFile(path)
    one.append(QUERIES, [answer_to(QUERIES, 0, 1)])
    news = other.append(QUERIES, [answer_to(QUERIES, 1, 2)])
    assert [given.place for given in news] == PLACES[:2]
    assert [given.place for given in one.refresh()] == PLACES[1:2]


@pytest.mark.parametrize("num_bytes", [1, 5, 40])
def test_torn_last_line_is_passed_over_and_stays(path, num_bytes):
    answers = AnswerFile(path)
    answers.append(QUERIES, [answer_to(QUERIES, 0, 1)])
    kept = path.stat().st_size
    answers.append(QUERIES, [answer_to(QUERIES, 1, 1)])
    torn = path.read_bytes()[: kept + num_bytes]
    path.write_bytes(torn)
    assert states(path) == ["answered", "open", "open"]
    AnswerFile(path).append(QUERIES, [answer_to(QUERIES, 2, 1)])
    assert path.read_bytes().startswith(torn)
    assert states(path) == ["answered", "open", "answered"]
    assert AnswerFile(path).num_torn == 1


@pytest.mark.parametrize("num_bytes", [1, 12, 60])
def test_file_whose_first_line_was_torn_goes_on(path, num_bytes):
    AnswerFile(path).append(QUERIES, [answer_to(QUERIES, 0, 1)])
    path.write_bytes(path.read_bytes()[:num_bytes])
    for index in (1, 2):
        AnswerFile(path).append(QUERIES, [answer_to(QUERIES, index, 1)])
    assert states(path) == ["open", "answered", "answered"]


@pytest.mark.parametrize("line", [0, 1, 2, -1])
def test_damaged_line_that_has_its_end_is_named(path, line):
    answers = AnswerFile(path)
    answers.append(QUERIES, [answer_to(QUERIES, 0, value) for value in (0, 1, 2)])
    lines = path.read_bytes().splitlines(keepends=True)
    lines[line] = lines[line].replace(b"}", b"]")
    path.write_bytes(b"".join(lines))
    with pytest.raises(UserError, match=rf"jsonl: line {range(4)[line] + 1}: is not JSON"):
        AnswerFile(path)


def test_line_without_its_end_that_was_edited_is_named_and_not_torn(path):
    AnswerFile(path).append(QUERIES, [answer_to(QUERIES, 0, 1)])
    content = path.read_bytes().replace(b'"row": 2', b'"row": "2"').rstrip()
    path.write_bytes(content)
    with pytest.raises(UserError, match="line 2: row is '2'"):
        AnswerFile(path)


FOREIGN = {
    "a picture": b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR",
    "a note": b"ask Ann",
    "a note of lines": b"ask Ann\nand Bob\n",
    "a blank line": b"\n",
    "a table": b"image,row,column,class\na,1,1,car\n",
    "other JSON": b'{"format": "other"}\n',
    "JSON without an end": b'{"a": 1}',
    "a note that says torn": b"ask Ann (torn)\n",
    "answers without their first line": b'{"queries": "x", "row": 1}\n',
}


@pytest.mark.parametrize("content", FOREIGN.values(), ids=FOREIGN)
def test_file_that_is_none_of_answers_is_refused_and_stays(path, content):
    path.parent.mkdir()
    path.write_bytes(b"")
    answers = AnswerFile(path)
    path.write_bytes(content)
    for use in (
        lambda: AnswerFile(path),
        lambda: answers.append(QUERIES, [answer_to(QUERIES, 1, 1)]),
        lambda: answers.finish(QUERIES),
    ):
        with pytest.raises(UserError, match=r"jsonl: is no file of answers, and nothing is added"):
            use()
    assert path.read_bytes() == content


@pytest.mark.parametrize("encoding", ["utf-16", "utf-16-le", "utf-16-be"])
def test_file_saved_as_utf_16_is_named_and_not_added_to(path, encoding):
    answers = AnswerFile(path)
    answers.append(QUERIES, [answer_to(QUERIES, 0, 1)])
    path.write_text(path.read_text(), encoding=encoding)
    content = path.read_bytes()
    for use in (AnswerFile, lambda path: answers.append(QUERIES, [answer_to(QUERIES, 1, 1)])):
        with pytest.raises(UserError, match=r"jsonl: is UTF-16.*; save it as UTF-8"):
            use(path)
    assert path.read_bytes() == content


def test_file_with_a_mark_of_its_encoding_is_read(path):
    AnswerFile(path).append(QUERIES, [answer_to(QUERIES, 0, 1)])
    path.write_text(path.read_text(), encoding="utf-8-sig")
    assert states(path) == ["answered", "open", "open"]


@pytest.mark.parametrize("end", [",", " # mine", ";"])
def test_whole_line_with_something_behind_it_was_not_torn(path, end):
    AnswerFile(path).append(QUERIES, [answer_to(QUERIES, 0, 1), answer_to(QUERIES, 1, 1)])
    first, second, third = path.read_text().splitlines()
    path.write_text("\n".join([first, second + end, third, ""]))
    with pytest.raises(UserError, match="line 2: is not JSON"):
        AnswerFile(path)


def test_key_twice_in_a_line_is_named(path):
    AnswerFile(path).append(QUERIES, [answer_to(QUERIES, 0, 1)])
    path.write_text(path.read_text().replace('"row": ', '"row": 0, "row": ', 1))
    with pytest.raises(UserError, match=r"line 2: is not JSON .key 'row' is there twice"):
        AnswerFile(path)


@pytest.mark.parametrize("seconds", ["1e300", "1" + "0" * 400, "NaN", "Infinity"])
def test_seconds_beyond_all_measure_are_named(path, seconds):
    AnswerFile(path).append(QUERIES, [answer_to(QUERIES, 0, 1, seconds=1.5)])
    path.write_text(path.read_text().replace("1.5", seconds))
    with pytest.raises(UserError, match=r"line 2: seconds are .*, must be 0 to 1000000000"):
        AnswerFile(path)


def test_last_line_without_its_end_counts_once(path):
    answers = AnswerFile(path)
    answers.append(QUERIES, [answer_to(QUERIES, 0, 1, seconds=1)])
    path.write_bytes(path.read_bytes()[:-1])
    other = AnswerFile(path)
    other.append(QUERIES, [answer_to(QUERIES, 1, 1, seconds=1)])
    assert (other.seconds, AnswerFile(path).seconds) == (2, 2)


def test_answers_to_several_rounds_share_a_file(path):
    second = make_queries([(1, 3, 3)], round=2)
    AnswerFile(path).append(QUERIES, [answer_to(QUERIES, 0, 1)])
    AnswerFile(path).append(second, [answer_to(second, 0, 2)])
    assert [given.asked.round for given in AnswerFile(path).latest.values()] == [1, 2]


def test_finished_round_is_known(path):
    AnswerFile(path).finish(QUERIES, "Ann")
    assert AnswerFile(path).finished == {QUERIES.digest}


@pytest.mark.parametrize(
    ("answer", "message"),
    [
        (Answer("a", 2, 3, "answered", (1, 1)), "has 2 pixels, must have 9"),
        (Answer("a", 2, 3, "answered", (7,) * 9), "class 7 is unknown; allowed: 0 to 2, and 255"),
        (Answer("a", 6, 3, SKIPPED), "row 6, column 3 lie outside"),
        (Answer("a", 2, 3, "perhaps"), "state 'perhaps' is unknown"),
    ],
)
def test_answer_that_does_not_fit_is_not_written(path, answer, message):
    with pytest.raises(UserError, match=message):
        AnswerFile(path).append(QUERIES, [answer])
    assert not path.exists()


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda line: {**line, "row": "2"}, "line 2: row is '2'"),
        (lambda line: {**line, "queries": "0"}, "line 2: names queries that no line before"),
        (lambda line: {**line, "pixels": [9] * 9}, "line 2: class 9 is unknown"),
        (lambda line: {"queries": line["queries"]}, "line 2: lacks image, row, column, state"),
    ],
)
def test_line_that_cannot_be_is_named(path, change, message):
    AnswerFile(path).append(QUERIES, [answer_to(QUERIES, 0, 1)])
    first, line = path.read_text().splitlines()
    path.write_text(f"{first}\n{json.dumps(change(json.loads(line)))}\n")
    with pytest.raises(UserError, match=message):
        AnswerFile(path)


def test_line_of_deeply_nested_json_is_named(path):
    AnswerFile(path).finish(QUERIES)
    with path.open("a") as file:
        file.write('{"a":' * 10**5 + "1" + "}" * 10**5 + "\n")
    with pytest.raises(UserError, match="line 3: is not JSON"):
        AnswerFile(path)


def test_named_pipe_is_not_waited_for(path):
    path.parent.mkdir()
    os.mkfifo(path)
    with pytest.raises(UserError, match="is no regular file"):
        AnswerFile(path)


WRITER = """
import sys
from pathlib import Path
from cbda.files.answers import AnswerFile
from tests.files.test_answers import QUERIES
from tests.queries import answer_to
answers = AnswerFile(Path(sys.argv[1]))
for number in range(10_000):
    name = f"{sys.argv[2]} {number}"
    answers.append(QUERIES, [answer_to(QUERIES, 0, number % 3, answer_id=name)])
    print(number, flush=True)
"""


def test_killed_writers_lose_nothing_that_they_acknowledged(path):
    acknowledged = set()
    for attempt in range(3):
        words = [sys.executable, "-c", WRITER, str(path)]
        writers = [
            subprocess.Popen([*words, f"{attempt}-{n}"], stdout=subprocess.PIPE, text=True)
            for n in range(2)
        ]
        assert all(writer.stdout is not None and writer.stdout.readline() for writer in writers)
        time.sleep(0.05)
        for number, writer in enumerate(writers):
            os.kill(writer.pid, signal.SIGKILL)
            printed = writer.communicate()[0].split()
            acknowledged |= {f"{attempt}-{number} {n}" for n in ["0", *printed]}
    lines = [json.loads(line) for line in path.read_text().splitlines() if line.endswith("}")]
    found = [line["answer_id"] for line in lines if "answer_id" in line]
    assert acknowledged <= set(found)
    assert len(found) == len(set(found))


OTHERS = [answer_to(QUERIES, 2, 1), answer_to(QUERIES, 2, 2)]
HARMS = {
    "gone": lambda path: path.unlink(),
    "moved": lambda path: path.rename(path.with_suffix(".old")),
    "cut off": lambda path: os.truncate(path, path.stat().st_size // 2),
    "emptied": lambda path: path.write_text(""),
    "replaced": lambda path: (path.unlink(), AnswerFile(path).append(QUERIES, OTHERS)),
    "edited in place": lambda path: path.write_bytes(path.read_bytes().replace(b"Ann", b"Bob")),
    "folder moved": lambda path: path.parent.rename(path.parent.with_name("elsewhere")),
}


@pytest.mark.parametrize("harm", HARMS)
def test_answers_that_were_read_and_are_no_more_there_stop_whoever_read_them(path, harm):
    """Nothing is acknowledged that is not in the right file, and no other is begun."""
    answers = AnswerFile(path)
    answers.append(QUERIES, [answer_to(QUERIES, 0, 1, who="Ann")])
    HARMS[harm](path)
    before = path.read_bytes() if path.exists() else None
    for action in (
        answers.refresh,
        lambda: answers.append(QUERIES, [answer_to(QUERIES, 1, 1)]),
        lambda: answers.finish(QUERIES),
    ):
        with pytest.raises(UserError, match=r"is gone|holds other answers"):
            action()
    assert (path.read_bytes() if path.exists() else None) == before


def test_answers_that_are_put_back_go_on(path):
    answers = AnswerFile(path)
    answers.append(QUERIES, [answer_to(QUERIES, 0, 1)])
    content = path.read_bytes()
    path.unlink()
    path.write_bytes(content)
    answers.append(QUERIES, [answer_to(QUERIES, 1, 1)])
    assert states(path) == ["answered", "answered", "open"]


def test_file_that_is_moved_while_it_is_written_to_is_told(path, monkeypatch):
    answers = AnswerFile(path)
    answers.append(QUERIES, [answer_to(QUERIES, 0, 1)])

    def move(*of):
        path.rename(path.with_suffix(".old"))
        return answer_line(*of)

    monkeypatch.setattr("cbda.files.answers.answer_line", move)
    with pytest.raises(UserError, match="was moved while an answer was written"):
        answers.append(QUERIES, [answer_to(QUERIES, 1, 1)])
    assert not path.exists()


def test_prefix_is_read_again_only_after_others_wrote(path, monkeypatch):
    one, other = AnswerFile(path), AnswerFile(path)
    other.append(QUERIES, [answer_to(QUERIES, 0, 1)])
    one.append(QUERIES, [answer_to(QUERIES, 1, 1)])
    sha256 = Mock(side_effect=hashlib.sha256)
    monkeypatch.setattr(hashlib, "sha256", sha256)
    for index in range(3):
        one.append(QUERIES, [answer_to(QUERIES, index, 2)])
    assert sha256.call_count == 0
    other.refresh()
    assert sha256.call_count == 1
