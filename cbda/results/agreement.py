"""Whether the runs of a sample sheet are what it says, down to their pretraining."""

import json
from collections import Counter
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

from cbda.acquisition.catalogue import METHODS
from cbda.errors import UserError
from cbda.files.records import GONE, note_input
from cbda.results.lineage import Ledger, results_digest, results_folders
from cbda.results.sheet import NONE, Row, evaluated

NUM_NAMED = 20
DIAGNOSES = "diagnoses"
# Inputs of what is made from a whole sheet, and the columns of the files that it is made from.
READ = {
    "results": ("evaluation", "labels", "retrained"),
    "curves": ("evaluation", "labels", "round_evaluation"),
    DIAGNOSES: ("labels", "diagnosis"),
}
ACQUIRING = ("acquire", "ask")
METHOD_PARTS = ("unit", "allocation", "balance")


class Problem(NamedTuple):
    """What is wrong with a result: a word for its state, and a reason."""

    path: Path
    what: str

    def __str__(self) -> str:
        return f"{self.path}: {self.what}"


def require_agreement(sheet: Path, rows: list[Row], read: str = "results") -> Ledger:
    """The records of the runs that are there, which must be as the sheet says; notes what is read.

    Raises:
        UserError: results are damaged, without records, or of other runs; the first are printed.
    """
    ledger = Ledger.read(results_folders(rows), trust_times=True)
    if read == DIAGNOSES:
        problems = list(dict.fromkeys(contradictions_of_rounds(rows, ledger)))
    else:
        there = [row for row in rows if row.evaluation == NONE or Path(row.evaluation).is_file()]
        problems = list(dict.fromkeys(find_contradictions(there, ledger)))
    if problems:
        print("\n".join(map(str, problems[:NUM_NAMED])))
        more = f" and {len(problems) - 1} more, see above" if len(problems) > 1 else ""
        raise UserError(f"{sheet}: no table, since its results don't hold: {problems[0]}{more}")
    note_input(read, results_digest(rows, ledger, READ[read]))
    return ledger


def find_contradictions(rows: list[Row], ledger: Ledger) -> Iterator[Problem]:
    """What is wrong with runs or between them; evaluations that are not there are passed over."""
    runs = {row.evaluation: row for row in evaluated(rows)}
    labels: dict[tuple[str, ...], list[Path]] = {}
    for row in rows:
        if row.labels != NONE:
            labels.setdefault(row[:3], []).append(Path(row.labels))
    sound = []
    for row in runs.values():
        found = list(_contradictions_of_run(row, labels.get(row[:3], []), ledger))
        yield from found
        sound += [] if found else [row]
    yield from _unlike_others(sound, ledger)
    yield from _foreign_diagnoses(rows, ledger)
    yield from _foreign_evaluations(rows, ledger)


def outdated_tables(sheet: Path, rows: list[Row], ledger: Ledger) -> Iterator[Problem]:
    """Tables and figures of a sheet that were made from other results than those that are there."""
    files = {name for row in rows for name in (row.evaluation, row.labels) if name != NONE}
    if any(Path(name) not in ledger.records for name in files):
        return  # it is told if they were made; what the tables were made from is not known
    now = {read: results_digest(rows, ledger, columns) for read, columns in READ.items()}
    for path, record in ledger.records.items():
        read = {name: record.inputs.get(name, digest) for name, digest in now.items()}
        if sheet.parent in path.parents and read != now:
            yield Problem(path, "foreign: was made from other results than those that are here")


def contradictions_of_rounds(rows: list[Row], ledger: Ledger) -> Iterator[Problem]:
    """What is wrong with the labels of rounds, and what they were made from, or with diagnoses.

    Evaluations, of whatever models, are none of it.
    """
    rounds = [row for row in rows if row.diagnosis != NONE]
    numbers = Counter(row[:3] for row in rounds)
    for row in (row for row in rounds if row.labels != NONE):
        labels = Path(row.labels)
        for path in ledger.trace(labels) if labels in ledger.records else [labels]:
            problem = ledger.problem(path)
            if problem and (problem != GONE or path == labels):
                yield Problem(path, problem)
            if path in ledger.records:
                unlike = _unlike_row(path, row, numbers[row[:3]], ledger)
                yield from (Problem(path, what) for what in unlike)
    yield from _foreign_diagnoses(rounds, ledger)


def _foreign_diagnoses(rows: list[Row], ledger: Ledger) -> Iterator[Problem]:
    for row in rows:
        labels, diagnosis = (ledger.records.get(Path(p)) for p in (row.labels, row.diagnosis))
        if labels and diagnosis and diagnosis.inputs.get("labels", "") != labels.sha256:
            yield Problem(Path(row.diagnosis), f"foreign: is not of {row.labels}")


def _foreign_evaluations(rows: list[Row], ledger: Ledger) -> Iterator[Problem]:
    """Evaluations of rounds, and of models trained anew, that are not of the model beside them."""
    names = (name for row in rows for name in (row.round_evaluation, row.retrained))
    for path in (Path(name) for name in names if name != NONE):
        problem = ledger.problem(path)
        if problem and problem != GONE:
            yield Problem(path, problem)
        elif path in ledger.records:
            model = ledger.origin(path, "checkpoint")
            if model is None or model.parent != path.parent:
                yield Problem(path, f"foreign: measured {model or 'a model without a record'}")


def _contradictions_of_run(row: Row, labels: list[Path], ledger: Ledger) -> Iterator[Problem]:
    evaluation = Path(row.evaluation)
    for path in dict.fromkeys((evaluation, *labels)):
        problem = ledger.problem(path)
        if problem:
            yield Problem(path, problem)
    if evaluation not in ledger.records:
        return
    steps = list(ledger.trace(evaluation))
    for path in steps:
        problem = ledger.problem(path)
        if problem and problem != GONE and path not in (evaluation, *labels):
            yield Problem(path, problem)
        yield from (Problem(path, what) for what in _unlike_row(path, row, len(labels), ledger))
    yield from _of_other_runs(evaluation, labels, steps, ledger)


def _unlike_row(path: Path, row: Row, rounds: int, ledger: Ledger) -> Iterator[str]:
    """Settings of a result that are not those of its row."""
    record = ledger.records[path]
    expected = {"seed": row.seed}
    if record.command in ACQUIRING:
        expected |= {"budget": row.budget, "rounds": str(rounds)}
        if row.method in METHODS:
            parts = {part: getattr(METHODS[row.method], part) for part in METHOD_PARTS}
            expected |= {f"method_{part}": value for part, value in parts.items()}
    for name, wanted in expected.items():
        found = str(record.configuration.get(name, wanted))
        if found != wanted and not _is_same_number(found, wanted):
            yield f"foreign: its {name} is {found}, that of the run {wanted}"
    for name in ledger.origins(path):
        if ledger.origin(path, name) is None:
            yield f"foreign: was made from {name} that no record here knows"


def _is_same_number(one: str, other: str) -> bool:
    """Whether two texts are the same number, such as a budget of 0.10 and of 0.1."""
    try:
        return float(one) == float(other)
    except ValueError:
        return False


def _of_other_runs(
    evaluation: Path, labels: list[Path], steps: list[Path], ledger: Ledger
) -> Iterator[Problem]:
    """Models and labels on the way to an evaluation that are not of its run."""
    if "checkpoint" in ledger.records[evaluation].inputs:
        model = ledger.origin(evaluation, "checkpoint")
        if model is not None and evaluation.parent not in model.parents:
            yield Problem(evaluation, f"foreign: measured {model}")
    acquired = {path for path in steps if ledger.records[path].command in ACQUIRING}
    known = {path for path in labels if path in ledger.records}
    if acquired != known and acquired | known:
        odd = min(acquired ^ known)
        yield Problem(evaluation, f"foreign: {odd} is not what its model was trained with")


def _unlike_others(rows: Iterable[Row], ledger: Ledger) -> Iterator[Problem]:
    """Runs with other settings than those of other seeds, or with another evaluation."""
    groups: dict[tuple[str, ...], dict[Path, dict[str, Any]]] = {}
    for row in rows:
        evaluation = Path(row.evaluation)
        settings = _settings(evaluation, ledger)
        groups.setdefault(row[:2], {})[evaluation] = settings
        own = {name: v for name, v in settings.items() if name.startswith("evaluate")}
        groups.setdefault((), {})[evaluation] = own
    for group in groups.values():
        texts = {path: json.dumps(settings, sort_keys=True) for path, settings in group.items()}
        usual, _ = Counter(texts.values()).most_common(1)[0]
        for path, text in texts.items():
            if text != usual:
                what = _difference(group[path], json.loads(usual))
                yield Problem(path, f"foreign: other settings than the other runs: {what}")


def _settings(evaluation: Path, ledger: Ledger) -> dict[str, Any]:
    """Configuration and data of all jobs behind an evaluation, its seed left out."""
    settings: dict[str, Any] = {}
    for path in ledger.trace(evaluation):
        record = ledger.records[path]
        place = f"{record.command} {record.configuration.get('round', '')}".strip()
        place += f" until {record.configuration['until']}" if record.command == "finetune" else ""
        facts = {**record.configuration, **{f"{name} data": v for name, v in record.data.items()}}
        settings |= {f"{place}: {name}": v for name, v in facts.items() if name != "seed"}
    return settings


def _difference(settings: dict[str, Any], usual: dict[str, Any]) -> str:
    """The first setting that two runs don't share."""
    names = sorted(settings.keys() | usual.keys())
    differing = [name for name in names if settings.get(name) != usual.get(name)]
    name = differing[0] if differing else "order"
    return f"{name} is {settings.get(name)} in place of {usual.get(name)}"
