"""What a run finds: results that are not what was made, of which Snakemake sees no change.

It compares times and settings, not bytes: a file that was damaged or replaced and has its old time
is up to date to it, and so is one whose notes in `.snakemake/metadata` are lost, under whatever
settings.
"""

import json
import os
from base64 import urlsafe_b64encode
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Protocol

from cbda.datasets.generated import find_altered
from cbda.errors import UserError
from cbda.files.records import FOLDER, GONE, find_problem, load_record
from cbda.workflow.jobs import Jobs

NUM_NAMED = 10
TEMPORARY = "scores.h5"
NAME_LENGTH = 254  # Snakemake's, of files in `.snakemake/metadata`
# Options of Snakemake with which nothing is made, or what is there is accepted or deleted.
ELSEWHERE = (
    *("--touch", "-t", "--unlock", "--lint", "--cleanup-metadata", "--cm", "--list", "-l"),
    *("--list-target-rules", "--lt", "--summary", "-S", "--detailed-summary", "-D"),
    *("--delete-all-output", "--delete-temp-output", "--dag", "--rulegraph", "--filegraph"),
    *("--d3dag", "--archive", "--containerize", "--list-untracked", "--list-changes", "--lc"),
    *("--cleanup-shadow", "--conda-create-envs-only", "--forceall", "-F", "verify"),
)


class Output(Protocol):
    """A pattern of output files, as a rule of Snakemake has them."""

    def match(self, target: str) -> object:
        """Something, if a path is one of them."""


def is_about_something_else(words: Sequence[str]) -> bool:
    """Whether a command line makes nothing from the results that are there."""
    return any(word in ELSEWHERE for word in words[1:])


def examine_results(jobs: Jobs, notes: Path, outputs: Iterable[Output]) -> str:
    """Compare what is there with its records; only what has changed since the last time is read.

    Args:
        jobs: of the experiment, whose results are looked at.
        notes: Snakemake's folder `.snakemake`.
        outputs: of all rules.

    Returns:
        A warning of results that are gone; empty if there are none.

    Raises:
        UserError: some are damaged, or Snakemake's notes of them are lost; a line for each of
            the first.
    """
    damaged: list[str] = []
    gone, lost = [], []
    kept = _Notes(notes)
    outputs = list(outputs)
    for path, problem in _problems(jobs.result_folders()):
        if kept.is_under_way(path):
            continue
        if problem == GONE:
            gone += [path] if kept.has(path) and Path(path).name != TEMPORARY else []
        elif problem:
            damaged.append(f"{path}: {problem}")
        elif not kept.has(path) and any(output.match(path) for output in outputs):
            lost.append(path)
    damaged += [f"{path}: {problem}" for path, problem in _altered_pictures(jobs)]
    _require_none(damaged, lost)
    return _warn_of(gone)


def _problems(folders: Iterable[str]) -> Iterator[tuple[str, str]]:
    """Recorded results in folders, and what is wrong with each, if anything."""
    for folder in folders:
        place = Path(folder, FOLDER)
        names = sorted(os.listdir(place)) if place.is_dir() else []
        for name in names:
            if name.endswith(".json") and not name.startswith("."):
                yield _problem(place / name, os.path.join(folder, name.removesuffix(".json")))


def _problem(place: Path, path: str) -> tuple[str, str]:
    try:
        record = load_record(place)
    except UserError as error:
        return path, str(error) if os.path.lexists(path) else ""
    return path, find_problem(Path(path), record, trust_times=True) if record else ""


def _altered_pictures(jobs: Jobs) -> Iterator[tuple[Path, str]]:
    """Pictures of generated sets with other content than they were made with."""
    for root in jobs.generated_sets():
        yield from find_altered(Path(root))


def _require_none(damaged: list[str], lost: list[str]) -> None:
    if damaged:
        advice = (
            "restore them, or delete them and have them made again by name, such as"
            " `snakemake PATH --cores all`; `cbda verify` lists all that is wrong"
        )
        raise UserError(_list(damaged, "results are not as they were made", advice))
    if lost:
        advice = (
            "if they were made with these settings, run `snakemake --touch` with the same targets"
            " once; else delete them, and they are made again"
        )
        what = "results are here of which Snakemake's notes (.snakemake/metadata) are lost"
        raise UserError(_list(lost, what, advice))


def _warn_of(gone: list[str]) -> str:
    advice = "name them, such as `snakemake PATH --cores all`, to have them made again"
    return _list(gone, "results are gone that were made", advice) if gone else ""


def _list(lines: list[str], what: str, advice: str) -> str:
    """A line for each of the first, and what to do."""
    more = [f"and {len(lines) - NUM_NAMED} more"] if len(lines) > NUM_NAMED else []
    return "\n".join([f"{len(lines)} {what}: {advice}", *lines[:NUM_NAMED], *more])


class _Notes:
    """Snakemake's notes of what it made."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def has(self, path: str) -> bool:
        """Whether it has readable notes of how a file was made."""
        try:
            return bool(json.loads(self._place("metadata", path).read_bytes()))
        except (OSError, ValueError, RecursionError):
            return False

    def is_under_way(self, path: str) -> bool:
        """Whether a job that was to make a file has not come to its end."""
        return self._place("incomplete", path).exists()

    def _place(self, kind: str, path: str) -> Path:
        """Where notes of a file lie; long names are cut into folders."""
        name = urlsafe_b64encode(path.encode()).decode()
        parts = [name[i : i + NAME_LENGTH] for i in range(0, len(name), NAME_LENGTH)]
        return Path(self._folder, kind, *(f"@{part}" for part in parts[:-1]), parts[-1])
