"""What a run of Snakemake was asked for, noted beside its own notes for `cbda status`."""

import hashlib
import os
import re
import shlex
import sys
from collections.abc import Collection, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple

from cbda.errors import UserError

FOLDER = "cbda.requests"
# Options of Snakemake, and how many words may follow: those by which it knows an experiment, those
# that say how it works (on cores, or by a profile that tells them), and those that make anew what
# is there.
KNOWN_BY = {
    **dict.fromkeys(("--configfile", "--configfiles", "--config", "-C"), sys.maxsize),
    **dict.fromkeys(("--snakefile", "-s", "--directory", "-d"), 1),
}
WITH_CORES = dict.fromkeys(("--cores", "-c", "--jobs", "-j", "--profile", "--workflow-profile"), 1)
CARRIED = {
    **KNOWN_BY,
    **WITH_CORES,
    **dict.fromkeys(("--executor", "-e", "--retries", "-T"), 1),
    **dict.fromkeys(("--resources", "--res", "--default-resources"), sys.maxsize),
    **dict.fromkeys(("--software-deployment-method", "--sdm"), sys.maxsize),
    **dict.fromkeys(("--keep-going", "-k", "--rerun-incomplete", "--ri"), 0),
}
FORCING = {
    **dict.fromkeys(("--force", "-f", "--forceall", "-F"), 0),
    **dict.fromkeys(("--forcerun", "-R"), sys.maxsize),
}
TOUCHING = re.compile("--touch$|-[npkqFf]*t")


class Request(NamedTuple):
    """What the last run of an experiment was asked for."""

    tables: str  # folder of its tables, by which experiments are told apart
    command: str  # as it was typed, but that it makes nothing anew
    whole: str  # the same for all of the experiment
    outputs: frozenset[str]  # of all jobs that it takes, made before or not


def note_request(notes: Path, tables: str, words: Sequence[str], outputs: Collection[str]) -> None:
    """Note what a run is asked for, in place of what the last one of its experiment was.

    One that makes nothing, such as `verify`, or only touches files, asks for nothing.
    """
    from cbda.files.json_files import write_json

    if not outputs or any(map(TOUCHING.match, words)):
        return
    _, typed = _split(words[1:], FORCING)
    content = {
        "tables": tables,
        "command": shlex.join([*_program(words[0]), *typed]),
        "whole": _whole(words),
        "outputs": sorted(outputs),
    }
    with suppress(UserError):  # a disk that is full is told of by the jobs
        _place(notes, tables).parent.mkdir(parents=True, exist_ok=True)
        write_json(_place(notes, tables), content)


def _whole(words: Sequence[str]) -> str:
    """The command that makes all of the experiment that a command line is of."""
    kept, _ = _split(words[1:], CARRIED)
    is_told = any(word.partition("=")[0] in WITH_CORES for word in kept)
    cores = [] if is_told else ["--cores", "all"]
    return shlex.join([*_program(words[0]), *cores, *kept])


def _program(path: str) -> list[str]:
    """What is typed to run Snakemake, by the file that ran."""
    name = os.path.basename(path)
    return ["python", "-m", "snakemake"] if name == "__main__.py" else [name]


def _split(words: Sequence[str], known: Mapping[str, int]) -> tuple[list[str], list[str]]:
    """The options that are known, with the words that may follow them, and all other words."""
    taken: list[str] = []
    others: list[str] = []
    num_wanted = 0
    for word in words:
        option, equals, _ = word.partition("=")
        if word.startswith("-"):
            num_wanted = 0 if equals else known.get(option, 0)
            is_taken = option in known
        else:
            is_taken = num_wanted > 0
            num_wanted -= is_taken
        (taken if is_taken else others).append(word)
    return taken, others


def name_again(words: Sequence[str], name: str) -> str:
    """The command that makes a file of the experiment that a command line is of."""
    kept, _ = _split(words[1:], KNOWN_BY)
    return shlex.join(["snakemake", name, "--cores", "all", *kept])


def read_requests(notes: Path) -> list[Request]:
    """Of every experiment that was ever run in a working folder, what was asked for last."""
    found = (_read(path) for path in sorted((notes / FOLDER).glob("*.json")))
    return [request for request in found if request is not None]


def _read(path: Path) -> Request | None:
    from cbda.datasets.listing import is_plain, shown_name
    from cbda.files.json_files import read_json

    with suppress(UserError, KeyError, TypeError):  # it is worth little
        content = read_json(path)
        tables, command, whole, outputs = (content[name] for name in Request._fields)
        if all(map(_is_printable, [tables, command, whole, *outputs])) and is_plain(tables):
            return Request(tables, shown_name(command), shown_name(whole), frozenset(outputs))
    return None


def _is_printable(found: object) -> bool:
    """Whether something is a text of whole characters, without the one that no file name has."""
    return (
        isinstance(found, str)
        and "\0" not in found
        and found == found.encode(errors="ignore").decode()
    )


def _place(notes: Path, tables: str) -> Path:
    name = hashlib.sha256(os.path.normpath(tables).encode()).hexdigest()[:16]
    return notes / FOLDER / f"{name}.json"
