"""What a run of Snakemake was asked for, noted beside its own notes for `cbda status`."""

import hashlib
import os
import shlex
import sys
from collections.abc import Collection, Iterable, Sequence
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple

from cbda.errors import UserError

FOLDER = "cbda.requests"
# Options of Snakemake by which it knows an experiment, and how many words may follow.
KNOWN_BY = {
    **dict.fromkeys(("--configfile", "--configfiles", "--config", "-C"), sys.maxsize),
    **dict.fromkeys(("--snakefile", "-s", "--directory", "-d"), 1),
}
# What Snakemake calls its options that leave jobs out, and those that make anew what is there.
CUTTING = ("until", "omit_from", "batch", "target_jobs", "allowed_rules")
FORCING = ("force", "forceall", "forcerun")


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

    if not outputs or {"--touch", "-t"} & {*words}:
        return
    command, whole = _shorten(words, FORCING), _shorten(words, FORCING + CUTTING, targets=False)
    content = {"tables": tables, "command": command, "whole": whole, "outputs": sorted(outputs)}
    with suppress(UserError):  # a disk that is full is told of by the jobs
        _place(notes, tables).parent.mkdir(parents=True, exist_ok=True)
        write_json(_place(notes, tables), content)


def _shorten(words: Sequence[str], left_out: Iterable[str], targets: bool = True) -> str:
    """A command line without some options and what they are given, and maybe without targets."""
    from snakemake.cli import get_argument_parser

    parser = get_argument_parser()
    kept = [os.path.basename(words[0])]
    for option in _by_option(words[1:]):
        found, _ = parser.parse_known_args(option)
        is_kept = not any(getattr(found, name) for name in left_out)
        kept += [word for word in option if (targets if word in found.targets else is_kept)]
    return shlex.join(kept)


def _by_option(words: Sequence[str]) -> list[list[str]]:
    """Words cut before each option; what leads the first is what stands before any."""
    parts: list[list[str]] = [[]]
    for word in words:
        if word.startswith("-"):
            parts.append([])
        parts[-1].append(word)
    return parts


def name_again(words: Sequence[str], name: str) -> str:
    """The command that makes a file of the experiment that a command line is of."""
    kept: list[str] = []
    num_wanted = 0
    for word in words[1:]:
        if word.startswith("-"):
            option, equals, _ = word.partition("=")
            kept += [word] if option in KNOWN_BY else []
            num_wanted = 0 if equals else KNOWN_BY.get(option, 0)
        elif num_wanted:
            kept.append(word)
            num_wanted -= 1
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
