"""What a run finds: results that are not what was made, of which Snakemake sees no change.

It compares times and settings, not bytes: a file that was damaged or replaced and has its old time
is up to date to it, and so is one whose notes in `.snakemake/metadata` are lost, under whatever
settings.
"""

import json
import os
from base64 import urlsafe_b64encode
from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from itertools import chain
from pathlib import Path
from typing import Any

from cbda.datasets.generated import find_altered, is_manifest
from cbda.errors import UserError
from cbda.files.records import FOLDER, GONE, find_problem, load_record, read_record, record_path
from cbda.workflow.given import Parse, describe_changes
from cbda.workflow.jobs import Jobs
from cbda.workflow.layout import generated_sets, result_folders
from cbda.workflow.people import (
    left_over_predictions,
    predicted_files,
    prediction_folders,
    predictions,
)
from cbda.workflow.request import name_again

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
# Those of them with which files lose their content, or count as results.
OVERWRITING = ("--forceall", "-F", "--delete-all-output", "--touch", "-t")

DAMAGED = (
    "results are not as they were made, which Snakemake would not notice; restore them, or delete"
    " them and have them made again by name, as in"
)
FOREIGN = (
    "files lie where results are to be, and no record tells that cbda made them; move them away, so"
    " that they are neither overwritten nor taken for results"
)
ARE_GONE = "results are gone that were made; name them to have them made again, as in"
MASKS_ARE_GONE = (
    "masks are gone that were made; all masks of their run are made anew once they are asked for"
)
MASKS_ARE_LEFT = (
    "files lie beside the masks of predict.images that are of other images, or not asked for;"
    " earlier runs made them, and none replaces them: move them away, or delete them"
)
MADE_OTHERWISE = (
    "results were made otherwise than they would be now, and Snakemake's notes of them are lost"
    " (.snakemake/metadata); delete them to have them made again, or go back to their settings"
)
LOST = (
    "Snakemake's notes of results are lost (.snakemake/metadata); by their records they are what"
    " would be made now, and are kept"
)


def is_about_something_else(words: Sequence[str]) -> bool:
    """Whether a command line makes nothing from the results that are there."""
    return any(word in ELSEWHERE for word in words[1:])


def is_overwriting(words: Sequence[str]) -> bool:
    """Whether a command line has Snakemake delete files, or take them for results, as they are."""
    return any(word in OVERWRITING for word in words[1:])


class Results:
    """The results that a run finds.

    Args:
        jobs: of the experiment, whose results are looked at.
        notes: Snakemake's folder `.snakemake`.
        rules: all rules of Snakemake.
        parse: reads the command line of a job.
        words: of the command line of this run.
    """

    def __init__(
        self,
        jobs: Jobs,
        notes: Path,
        rules: Iterable[Any],
        parse: Parse,
        words: Sequence[str] = (),
    ) -> None:
        self._jobs, self._rules, self._parse = jobs, list(rules), parse
        self._notes, self._again = Notes(notes), f"`{name_again(words, 'PATH')}`"

    def examine(self) -> list[str]:
        """Compare with records; only what has changed since the last time is read.

        Returns:
            Warnings, of results that are gone, or of which Snakemake's notes are lost.

        Raises:
            UserError: some are damaged, or were made with other settings and Snakemake's notes of
                them are lost, or are none; a line for each of the first.
        """
        damaged, gone, all_gone, unknown = [], [], [], []
        for path, problem in chain(_problems(self._folders()), self._problems_of_masks()):
            if self._notes.is_under_way(path):
                continue
            if problem == GONE:
                all_gone.append(path)
                gone += [path] if self._was_finished(path) else []
            elif problem:
                damaged.append(f"{path}: {problem}")
            elif not self._notes.has(path):
                unknown.append(path)
        damaged += [f"{path}: {problem}" for path, problem in _altered_pictures(self._jobs)]
        if damaged:
            raise UserError(_list(damaged, f"{DAMAGED} {self._again}"))
        self.require_none_foreign()
        lost = self._require_same_settings(unknown)
        left = left_over_predictions(self._jobs)
        gone_again = f"{ARE_GONE} {self._again}"
        said = {gone_again: gone, MASKS_ARE_GONE: self._lost_masks(all_gone), MASKS_ARE_LEFT: left}
        said |= {LOST: lost}
        return [_list(paths, what) for what, paths in said.items() if paths]

    def _problems_of_masks(self) -> Iterator[tuple[str, str]]:
        """Recorded masks of images that are there, and what is wrong with each, if anything."""
        for path in self._masks():
            place = record_path(Path(path))
            if place.exists():
                yield _problem(place, path)

    def _masks(self) -> list[str]:
        """What a run predicts, which is no output of a rule."""
        marks = predictions(self._jobs) if self._jobs.config.predict.images else []
        return [path for mark in marks for path in predicted_files(self._jobs, mark)]

    def _was_finished(self, path: str) -> bool:
        """Whether Snakemake has finished a result, or its folder, and has not deleted it itself."""
        is_noted = self._notes.has(path) or self._notes.has(os.path.dirname(path))
        return is_noted and Path(path).name != TEMPORARY

    def _lost_masks(self, gone: list[str]) -> list[str]:
        """Those of some results that are masks of images that are there; they are no outputs."""
        made = set(self._masks() if gone else [])
        return [path for path in gone if path in made]

    def require_none_foreign(self) -> None:
        """Raise a `UserError` if files have names of results, and nothing tells what made them."""
        foreign = sorted(self._foreign())
        if foreign:
            raise UserError(_list(foreign, FOREIGN))

    def _foreign(self) -> Iterator[str]:
        outputs = [output for rule in self._rules for output in rule.output]
        suffixes = {Path(output).suffix for output in outputs}
        for path in _without_record(self._folders()):
            if Path(path).suffix in suffixes and any(output.match(path) for output in outputs):
                is_noted = self._notes.has(path) or self._notes.is_under_way(path)
                if not is_noted and not is_manifest(Path(path)):
                    yield path

    def _folders(self) -> list[str]:
        return [*result_folders(self._jobs), *prediction_folders(self._jobs)]

    def _require_same_settings(self, paths: list[str]) -> list[str]:
        """Those of some results that rules make, none of which would be made otherwise now."""
        made_by = {path: rule for path in paths for rule in self._rules if rule.is_producer(path)}
        changed = {path: self._changes(path, rule) for path, rule in made_by.items()}
        lines = [f"{path}: {what}" for path, what in changed.items() if what]
        if lines:
            raise UserError(_list(lines, MADE_OTHERWISE))
        return list(made_by)

    def _changes(self, path: str, rule: Any) -> str:
        """What is different now from when a result was made."""
        record = read_record(Path(path))
        if record is None:
            return "has no record of what made it"
        classes = tuple(self._jobs.config.classes)
        return describe_changes(rule, path, record, classes, self._parse)


def _without_record(folders: Iterable[str]) -> Iterator[str]:
    """Files in folders that have no record, hidden ones left out."""
    for folder in filter(os.path.isdir, folders):
        place = Path(folder, FOLDER)
        recorded = set(os.listdir(place)) if place.is_dir() else set()
        for name in os.listdir(folder):
            path = os.path.join(folder, name)
            is_recorded = name.startswith(".") or f"{name}.json" in recorded
            if is_recorded or not os.path.isfile(path):
                continue
            if not record_path(Path(path)).exists():  # of a link, beside what it leads to
                yield path


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
        return path, str(error) if os.path.lexists(path) else GONE
    return path, find_problem(Path(path), record, trust_times=True) if record else ""


def _altered_pictures(jobs: Jobs) -> Iterator[tuple[Path, str]]:
    """Pictures of generated sets with other content than they were made with."""
    for root in generated_sets(jobs):
        yield from find_altered(Path(root))


def _list(lines: list[str], what: str) -> str:
    """What is so, a line for each of the first."""
    more = [f"and {len(lines) - NUM_NAMED} more"] if len(lines) > NUM_NAMED else []
    return "\n".join([f"{what}:", *lines[:NUM_NAMED], *more])


class Notes:
    """Snakemake's notes of what it made."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def has(self, path: str) -> bool:
        """Whether it has notes of how a file was made; those that can't be read are removed."""
        place = self._place("metadata", path)
        try:
            return bool(json.loads(place.read_text(encoding="utf-8")))
        except (ValueError, RecursionError):  # at which Snakemake may come to grief
            with suppress(OSError):
                place.unlink()
        except OSError:
            pass
        return False

    def is_under_way(self, path: str) -> bool:
        """Whether a job that was to make a file has not come to its end."""
        return self._place("incomplete", path).exists()

    def read(self, path: str) -> str:
        """Its notes of how a file was made; empty if it has none."""
        with suppress(OSError, UnicodeDecodeError):
            return self._place("metadata", path).read_text(encoding="utf-8")
        return ""

    def replace(self, path: str, text: str) -> None:
        """Have it believe earlier notes of a file, which is finished."""
        self._place("incomplete", path).unlink(missing_ok=True)
        if text:
            self._place("metadata", path).write_text(text, encoding="utf-8")

    def _place(self, kind: str, path: str) -> Path:
        """Where notes of a file lie; long names are cut into folders."""
        name = urlsafe_b64encode(path.encode()).decode()
        parts = [name[i : i + NAME_LENGTH] for i in range(0, len(name), NAME_LENGTH)]
        return Path(self._folder, kind, *(f"@{part}" for part in parts[:-1]), parts[-1])
