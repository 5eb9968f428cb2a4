"""What a run was asked for."""

from pathlib import Path

import pytest

from cbda.workflow.request import FOLDER, name_again, note_request, read_requests


def test_last_request_of_every_experiment_is_read(tmp_path: Path) -> None:
    for tables, number in (("results", 1), ("results/tiny", 2), ("results", 3)):
        note_request(tmp_path, tables, ["/bin/snakemake", "--cores", str(number)], {"a", "b"})
    found = {request.tables: request for request in read_requests(tmp_path)}
    assert found.keys() == {"results", "results/tiny"}
    assert found["results"].command == "snakemake --cores 3"
    assert found["results"].outputs == {"a", "b"}


@pytest.mark.parametrize(
    ("words", "kept"),
    [
        ("results/a.csv --cores 2", ""),
        ("a.csv --configfile b.yaml c.yaml --cores 2", " --configfile b.yaml c.yaml"),
        ("--configfile=b.yaml -C x=1 y=2 -n a.csv", " --configfile=b.yaml -C x=1 y=2"),
        (
            "-s other/Snakefile a.csv -d there --rerun-triggers mtime",
            " -s other/Snakefile -d there",
        ),
    ],
)
def test_file_is_named_under_the_configuration_of_a_run(words: str, kept: str) -> None:
    found = name_again(["/bin/snakemake", *words.split()], "PATH")
    assert found == f"snakemake PATH --cores all{kept}"


def test_command_is_told_on_one_line(tmp_path: Path) -> None:
    note_request(tmp_path, "results", ["snakemake", "--config", "a=\x1b[2J\n"], [])
    (found,) = read_requests(tmp_path)
    assert found.command == ascii("snakemake --config 'a=\x1b[2J\n'")


EDITED = {
    "empty": "",
    "a list": "[]",
    "nothing": "{}",
    "numbers": '{"tables": 1, "command": 2, "outputs": 3}',
    "a number as tables": '{"tables": 5, "command": "c", "outputs": []}',
    "no tables": '{"tables": null, "command": "c", "outputs": []}',
    "no output": '{"tables": "t", "command": "c", "outputs": [null]}',
    "a number as output": '{"tables": "t", "command": "c", "outputs": ["a", 3]}',
    "half a character": '{"tables": "\\ud800", "command": "c", "outputs": []}',
    "a command of a terminal": '{"tables": "t\\u001b[2J", "command": "c", "outputs": []}',
    "a zero": '{"tables": "t", "command": "c", "outputs": ["a\\u0000"]}',
}


@pytest.mark.parametrize("content", EDITED.values(), ids=EDITED)
def test_note_that_cannot_be_read_counts_for_nothing(tmp_path: Path, content: str) -> None:
    note_request(tmp_path, "results", ["snakemake"], [])
    (note,) = (tmp_path / FOLDER).iterdir()
    note.write_text(content)
    assert read_requests(tmp_path) == []
    assert read_requests(tmp_path / "none") == []
