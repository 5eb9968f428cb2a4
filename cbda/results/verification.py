"""The state of every file of an experiment, by its record and by the sample sheets."""

import os
import re
from collections.abc import Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from cbda.datasets.digest import content_digest
from cbda.datasets.generated import MARK, find_changes, read_mark
from cbda.errors import UserError
from cbda.files.answer_lines import FORMAT, parse_line
from cbda.files.json_files import read_json
from cbda.files.queries import load_queries
from cbda.files.records import FOLDER, GONE, Record, is_result
from cbda.results.agreement import contradictions_of_rounds, find_contradictions, outdated_tables
from cbda.results.lineage import NO_RECORD, Ledger, results_folders
from cbda.results.sheet import Row, evaluated, read_rows
from cbda.results.unmade import find_unmade, listed_files
from cbda.settings.prediction import SUFFIXES

OK, USED, UNMADE = "ok", "gone: used and deleted", "not made yet"
YOURS = "yours: queries or answers, which have no record"
SHEET, COLOURS = "runs.csv", "labelmap.txt"
LINE_BYTES = 1 << 20  # of the first line of answers, which names the classes
# Names that the workflow gives; other files beside results are the user's.
MADE = re.compile(
    r"model\.pt|(metrics|evaluation|diagnosis|plan|manifest|source_statistics)\.json"
    r"|(source|target|val)\.json|(scores|labels|features)\.h5|report\.html|main_results\.(md|tex)"
    r"|(history|runs|table_mIoU|class_iou|acquisition|comparisons|learning_curve)\.csv"
    r"|(areas|penalties|ranks|diagnosis|answers)\.csv"
)
FIGURE = re.compile(
    r"(mIoU|worst_class_IoU|entropy|class_shares_budget.+|learning_curve|penalties|ranks)"
    r"(_column)?\.(png|svg|pdf)|(differences|class_differences|training|gallery_\d+)\.(png|svg|pdf)"
)


@dataclass(frozen=True)
class Finding:
    """The state of a file: ok, or a word for what is wrong and a reason."""

    path: Path
    state: str
    made_by: str = ""

    @property
    def is_wrong(self) -> bool:
        """Whether the file is not what was made."""
        return self.state not in (OK, USED, YOURS, UNMADE)

    @property
    def is_unmade(self) -> bool:
        """Whether the file is none yet."""
        return self.state == UNMADE


def verify(folders: Iterable[Path]) -> list[Finding]:
    """Compare everything below folders with its record, and generated sets with their marks."""
    folders = [Path(os.path.relpath(folder)) for folder in folders]
    folders += _generated_sets(folders)
    own = Ledger.read(folders)
    ledger = Ledger.read([*folders, *_folders_of_runs(own)])
    states = {path: _state(path, ledger) for path in _expected(folders, own)}
    for path, what in _contradictions(own, ledger):
        if states.get(path, OK) in (OK, USED, UNMADE):
            states[path] = what
    for path, what in _changed_pictures(folders):
        states[path] = what
    known = ledger.records
    made_by = {path: known[path].command if path in known else "" for path in states}
    return [Finding(path, states[path], made_by[path]) for path in sorted(states)]


def _folders_of_runs(own: Ledger) -> set[Path]:
    """Folders that hold what sample sheets name, such as labels that are replayed."""
    sheets = [path for path in own.records if path.name == SHEET and not own.problem(path)]
    found = {folder for sheet in sheets for folder in results_folders(read_rows(sheet))}
    return {folder for folder in found if folder.is_dir()}


def _state(path: Path, ledger: Ledger) -> str:
    problem = ledger.problem(path)
    if problem == GONE and ledger.is_used_up(path):
        return USED
    if problem == NO_RECORD and _is_yours(path):
        return YOURS
    return problem or OK


def _is_yours(path: Path) -> bool:
    """Whether a file holds queries or answers of people."""
    if path.suffix == ".h5":
        return _holds_queries(path)
    return path.suffix in (".json", ".jsonl") and _holds_answers(path)


def _holds_queries(path: Path) -> bool:
    try:
        load_queries(path)
    except UserError:
        return False
    return True


def _holds_answers(path: Path) -> bool:
    """Whether a file begins as one of answers does."""
    try:
        with path.open("rb") as file:
            return parse_line(file.readline(LINE_BYTES)).get("format") == FORMAT
    except (UserError, OSError):
        return False


def _expected(folders: Iterable[Path], ledger: Ledger) -> set[Path]:
    """What has a record, or should have one."""
    together = {
        path.with_name(name) for path, record in ledger.records.items() for name in record.outputs
    }
    recorded = {*ledger.records, *ledger.unreadable}
    unrecorded = {path for folder in folders for path in _results_beside_records(folder)}
    return recorded | together | unrecorded


def _results_beside_records(folder: Path) -> Iterator[Path]:
    """Files in folders where there are records that are called like results, or hold answers."""
    for place in folder.rglob(FOLDER):
        for path in place.parent.iterdir():
            if is_result(path) and path.is_file() and (is_made(path) or _is_yours(path)):
                yield path


def is_made(path: Path) -> bool:
    """Whether the workflow may have made a file, by its name."""
    predicted = SUFFIXES.keys() & {folder.name for folder in path.parents}
    if any(path.suffix == SUFFIXES[name] for name in predicted):
        return True
    names = FIGURE if path.parent.name == "figures" else MADE
    return names.fullmatch(path.name) is not None


def _contradictions(own: Ledger, ledger: Ledger) -> Iterator[tuple[Path, str]]:
    """What sample sheets of one's own expect and is not so."""
    sheets = [path for path in own.records if path.name == SHEET]
    for sheet in (path for path in sheets if not ledger.problem(path)):
        rows = read_rows(sheet)
        unmade = find_unmade(sheet, rows, ledger)
        yield from ((path, UNMADE) for path in unmade)
        found = _contradictions_of_sheet(sheet, rows, ledger)
        yield from (problem for problem in found if problem[0] not in unmade)
    yield from _unlike_siblings(own)
    yield from _of_other_models(ledger)


def _contradictions_of_sheet(
    sheet: Path, rows: list[Row], ledger: Ledger
) -> Iterator[tuple[Path, str]]:
    """What a sample sheet expects and is not so; of runs without an evaluation, of their rounds."""
    for path in listed_files(rows) - ledger.records.keys():
        yield path, ledger.problem(path) or OK
    if evaluated(rows):
        yield from find_contradictions(rows, ledger)
    measured = {row[:3] for row in evaluated(rows) if Path(row.evaluation) in ledger.records}
    yield from contradictions_of_rounds([r for r in rows if r[:3] not in measured], ledger)
    yield from outdated_tables(sheet, rows, ledger)


def _unlike_siblings(ledger: Ledger) -> Iterator[tuple[Path, str]]:
    """Results of one job, as they say of each other, that are of two."""
    for path, record in ledger.records.items():
        for name in record.outputs:
            other = ledger.records.get(path.with_name(name), record)
            if (other.configuration, other.inputs) != (record.configuration, record.inputs):
                yield path, f"foreign: is not of the job that made {name}"


def _of_other_models(ledger: Ledger) -> Iterator[tuple[Path, str]]:
    """Masks, and what goes with them, by another model than the list of colours over them."""
    marks = {path.parent: record for path, record in ledger.records.items() if path.name == COLOURS}
    for path, record in ledger.records.items():
        for folder in path.parents:
            if folder not in marks or path.relative_to(folder).parts[0] not in SUFFIXES:
                continue
            is_complete = not ledger.problem(folder / COLOURS)
            if is_complete and _model(record) != _model(marks[folder]):
                yield path, f"foreign: was predicted by another model than {COLOURS} says"


def _model(record: Record) -> str:
    return record.inputs.get("checkpoint", "")


def _generated_sets(folders: Iterable[Path]) -> list[Path]:
    """Generated sets that the reports of data checks name."""
    reports = [path for folder in folders for path in folder.rglob("data/*.json")]
    roots = set()
    for path in reports:
        with suppress(UserError, KeyError, TypeError):
            roots.add(Path(read_json(path)["root"]))
    return sorted(root for root in roots if (root / MARK).exists())


def _changed_pictures(folders: Iterable[Path]) -> Iterator[tuple[Path, str]]:
    """Pictures of generated sets that are not as they were made."""
    for root in dict.fromkeys(folder.absolute() for folder in _sets(folders)):
        try:
            files = read_mark(root).get("files", {})
            paths = [path for path in (root / name for name in files) if path.is_file()]
            contents = {path: content_digest(path) for path in paths}
            changes = list(find_changes(root, paths, contents))
        except (UserError, OSError) as error:
            changes = [(root / MARK, str(error))]
        yield from ((path, f"damaged: {problem}") for path, problem in changes)


def _sets(folders: Iterable[Path]) -> Iterator[Path]:
    return (mark.parent for folder in folders for mark in [*folder.rglob(MARK)])
