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
    note_request(tmp_path, "results", ["snakemake", "--config", "a=\x1b[2J\n"], ["a"])
    (found,) = read_requests(tmp_path)
    assert found.command == ascii("snakemake --config 'a=\x1b[2J\n'")


OF_ONE = "snakemake --cores all --configfile b.yaml"


@pytest.mark.parametrize(
    ("words", "command", "whole"),
    [
        ("--cores 2", "snakemake --cores 2", "snakemake --cores 2"),
        ("all --cores all", "snakemake all --cores all", "snakemake --cores all"),
        (
            "results/plan.json --cores all --configfile b.yaml",
            "snakemake results/plan.json --cores all --configfile b.yaml",
            OF_ONE,
        ),
        (
            "-p --cores all a.csv -k b.csv --configfile=b.yaml",
            "snakemake -p --cores all a.csv -k b.csv --configfile=b.yaml",
            "snakemake --cores all -k --configfile=b.yaml",
        ),
        (
            "--cores all --until pretrain score --configfile b.yaml",
            "snakemake --cores all --until pretrain score --configfile b.yaml",
            OF_ONE,
        ),
        (
            "--cores all -Oevaluate --batch=tabulate=1/2 --configfile b.yaml",
            "snakemake --cores all -Oevaluate --batch=tabulate=1/2 --configfile b.yaml",
            OF_ONE,
        ),
        ("-f a.csv --cores 1", "snakemake a.csv --cores 1", "snakemake --cores 1"),
        ("-R score --cores 1 -F", "snakemake --cores 1", "snakemake --cores 1"),
        ("a.csv -c4 --until score", "snakemake a.csv -c4 --until score", "snakemake --cores all"),
        ("-Fc2 a.csv", "snakemake -Fc2 a.csv", "snakemake --cores all"),
        (
            "a.csv --workflow-profile workflow/profiles/slurm --config a=b c=d",
            "snakemake a.csv --workflow-profile workflow/profiles/slurm --config a=b c=d",
            "snakemake --workflow-profile workflow/profiles/slurm --config a=b c=d",
        ),
    ],
)
def test_command_of_the_whole_experiment_has_no_part_of_it_as_target(
    tmp_path: Path, words: str, command: str, whole: str
) -> None:
    """And none makes anew what is there."""
    note_request(tmp_path, "results", ["/bin/snakemake", *words.split()], ["a"])
    (found,) = read_requests(tmp_path)
    assert (found.command, found.whole) == (command, whole)


@pytest.mark.parametrize(
    ("words", "outputs"),
    [("verify --cores 1", []), ("--touch --cores 1", ["a"]), ("-tc2", ["a"]), ("-Ft -c2", ["a"])],
)
def test_run_that_makes_nothing_is_not_what_was_asked_for(
    tmp_path: Path, words: str, outputs: list[str]
) -> None:
    note_request(tmp_path, "results", ["snakemake", "--cores", "2"], ["a"])
    note_request(tmp_path, "results", ["snakemake", *words.split()], outputs)
    (found,) = read_requests(tmp_path)
    assert found.command == "snakemake --cores 2"


def test_program_is_named_as_it_is_typed(tmp_path: Path) -> None:
    note_request(tmp_path, "results", ["/lib/snakemake/__main__.py", "-c", "2", "a"], ["a"])
    (found,) = read_requests(tmp_path)
    assert found.command == "python -m snakemake -c 2 a"
    assert found.whole == "python -m snakemake -c 2"


def test_values_that_look_like_options_are_no_trouble(tmp_path: Path) -> None:
    words = ["snakemake", "a.csv", "--cores", "2", "--apptainer-args", "-B /data"]
    note_request(tmp_path, "results", words, ["a"])
    (found,) = read_requests(tmp_path)
    assert found.command == "snakemake a.csv --cores 2 --apptainer-args '-B /data'"
    assert found.whole == "snakemake --cores 2"


EDITED = {
    "empty": "",
    "a list": "[]",
    "nothing": "{}",
    "numbers": '{"tables": 1, "command": 2, "whole": 3, "outputs": 3}',
    "a number as tables": '{"tables": 5, "command": "c", "whole": "w", "outputs": []}',
    "no tables": '{"tables": null, "command": "c", "whole": "w", "outputs": []}',
    "no output": '{"tables": "t", "command": "c", "whole": "w", "outputs": [null]}',
    "a number as output": '{"tables": "t", "command": "c", "whole": "w", "outputs": ["a", 3]}',
    "half a character": '{"tables": "\\ud800", "command": "c", "whole": "w", "outputs": []}',
    "one of a terminal": '{"tables": "t\\u001b[2J", "command": "c", "whole": "w", "outputs": []}',
    "a number as all of it": '{"tables": "t", "command": "c", "whole": 1, "outputs": []}',
    "a zero": '{"tables": "t", "command": "c", "whole": "w", "outputs": ["a\\u0000"]}',
}


@pytest.mark.parametrize("content", EDITED.values(), ids=EDITED)
def test_note_that_cannot_be_read_counts_for_nothing(tmp_path: Path, content: str) -> None:
    note_request(tmp_path, "results", ["snakemake"], ["a"])
    (note,) = (tmp_path / FOLDER).iterdir()
    note.write_text(content)
    assert read_requests(tmp_path) == []
    assert read_requests(tmp_path / "none") == []
