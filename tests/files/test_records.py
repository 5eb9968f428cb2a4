"""Records: in place before their results, without anything that differs between equal jobs."""

import json
import os
import shutil
import sys

import pytest

from cbda.errors import UserError
from cbda.files.json_files import write_text
from cbda.files.records import (
    GONE,
    find_problem,
    forget,
    read_record,
    record_path,
    seal,
)
from tests.experiments import job, record_of


def make(path, text="a result", **facts):
    with job("evaluate", **facts):
        write_text(path, text)
    return path


@pytest.fixture
def result(tmp_path):
    return make(tmp_path / "evaluation.json", flip=True)


def replace_by_folder(path):
    path.unlink()
    path.mkdir()


def replace_by_pipe(path):
    path.unlink()
    os.mkfifo(path)


def test_record_tells_what_made_a_result(result):
    record = record_of(result)
    assert (record.name, record.bytes, record.command) == ("evaluation.json", 8, "evaluate")
    assert record.configuration == {"flip": True}
    assert find_problem(result, record) == ""


def test_equal_jobs_have_equal_records(result, tmp_path):
    other = make(tmp_path / "elsewhere" / result.name, flip=True)
    assert record_path(other).read_bytes() == record_path(result).read_bytes()
    assert str(tmp_path) not in record_path(result).read_text()


def test_what_no_job_wrote_has_no_record(result, tmp_path):
    write_text(tmp_path / "a.json", "by hand")
    write_text(result, "by hand")
    assert read_record(tmp_path / "a.json") is None
    assert read_record(result) is None, "that of the result before it"


@pytest.mark.parametrize(
    "name", ["model.pt.resume", ".cbda_generated.json", "table_mIoU.partial.csv"]
)
def test_what_is_no_result_has_no_record(tmp_path, name):
    assert read_record(make(tmp_path / name)) is None


def test_record_is_found_through_a_link(result, tmp_path):
    (tmp_path / "link.json").symlink_to(result)
    assert read_record(tmp_path / "link.json") == read_record(result)


@pytest.mark.parametrize(
    ("damage", "problem"),
    [
        (lambda path: path.write_text("a resul"), "damaged: 7 bytes in place of 8"),
        (lambda path: path.write_text("A result"), "damaged: other bytes than when it was made"),
        (lambda path: path.unlink(), GONE),
        (lambda path: path.chmod(0), "unreadable: nobody has the permission"),
        (replace_by_folder, "damaged: no file"),
        (replace_by_pipe, "damaged: no file"),
    ],
)
@pytest.mark.parametrize("trust_times", [False, True])
def test_damage_is_named(result, damage, problem, trust_times):
    status, record = result.stat(), record_of(result)
    damage(result)
    if result.is_file():
        os.utime(result, ns=(status.st_atime_ns, status.st_mtime_ns))
    assert find_problem(result, record, trust_times) == problem


def test_only_what_has_changed_is_read_again(result, tmp_path, monkeypatch):
    read = []

    def note(path):
        read.append(path)
        return "?"

    monkeypatch.setattr("cbda.files.records.file_sha256", note)
    record = record_of(result)
    assert find_problem(result, record, trust_times=True) == ""
    assert not read
    copy = shutil.copytree(tmp_path, tmp_path / "copy", copy_function=shutil.copy2) / result.name
    find_problem(copy, record, trust_times=True)
    assert read == [copy]


def test_result_found_sound_is_not_read_again(result):
    os.utime(record_path(result), (0, 0))
    assert find_problem(result, record_of(result), trust_times=True) == ""
    result.write_text("A result")
    seal(result)  # as if it had been compared
    assert find_problem(result, record_of(result), trust_times=True) == ""
    assert find_problem(result, record_of(result)) != ""


@pytest.mark.parametrize("place", range(5, 700, 100))
def test_flipped_bit_of_a_record_is_an_error(result, place):
    path = record_path(result)
    content = bytearray(path.read_bytes())
    content[place % len(content)] ^= 1
    path.write_bytes(content)
    with pytest.raises(UserError, match="this record is damaged"):
        read_record(result)


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"name": 1}', "[" * 100_000])
def test_other_content_is_no_record(result, text):
    record_path(result).write_text(text)
    with pytest.raises(UserError, match="this record is damaged"):
        read_record(result)


def test_edited_number_with_a_new_digest_of_the_file_is_an_error(result):
    path = record_path(result)
    content = json.loads(path.read_text())
    path.write_text(json.dumps({**content, "bytes": 9}, indent=1, sort_keys=True) + "\n")
    with pytest.raises(UserError, match="this record is damaged"):
        read_record(result)


def write_until_killed(path, text, num_events):
    """Write in a process that dies at an event of the file system; whether it did."""
    child = os.fork()
    if child == 0:
        left = [num_events]

        def count(event, _):
            if event in ("open", "os.rename", "os.remove", "os.mkdir", "os.utime", "os.listdir"):
                left[0] -= 1
                if left[0] == 0:
                    os._exit(9)

        sys.addaudithook(count)
        make(path, text)
        os._exit(0)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 9


def test_no_kill_leaves_a_result_with_another_record(tmp_path):
    path = make(tmp_path / "evaluation.json", "before")
    num_events = 1
    while write_until_killed(path, f"after {num_events}", num_events):
        record = record_of(path)
        assert find_problem(path, record) in ("", GONE)
        num_events += 1
    assert num_events > 6
    assert path.read_text() == f"after {num_events}"
    assert sorted(os.listdir(tmp_path)) == [".cbda", path.name]
    assert os.listdir(tmp_path / ".cbda") == [f"{path.name}.json"]


def test_record_can_be_forgotten(result):
    forget(result)
    forget(result)
    assert read_record(result) is None
