"""Where people answer: what a configuration may ask of them, their files, and what is made."""

import os
from collections.abc import Iterator, Sequence
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

from cbda.acquisition.catalogue import METHODS
from cbda.acquisition.methods import WINDOWS
from cbda.datasets.catalogue import UNLABELLED
from cbda.datasets.tree import open_tree
from cbda.errors import UserError
from cbda.files.records import read_record
from cbda.results.sheet import NONE, evaluated
from cbda.settings.options import to_options
from cbda.settings.prediction import predicted_file
from cbda.workflow.contents import describe_pictures
from cbda.workflow.request import name_again

if TYPE_CHECKING:
    from cbda.files.answers import AnswerFile
    from cbda.workflow.config import Config
    from cbda.workflow.jobs import Jobs

PEOPLE = "people"
COUNTS = "answers.csv"
PAGE = "report.html"
MEASURED = ("table_mIoU.csv", "class_iou.csv", "acquisition.csv", "comparisons.csv", PAGE)
MARK = "predictions/labelmap.txt"  # written last: a folder of masks with it is complete


def oracle_mistakes(config: "Config") -> Iterator[str]:
    """Keys that don't fit who answers."""
    experiment, pool = config.experiment, config.datasets.target
    if experiment.oracle != PEOPLE:
        fitting = "allowed with experiment.oracle: people"
        if pool.kind == UNLABELLED:
            yield f"datasets.target.kind: {UNLABELLED} has no labels to answer by; {fitting}"
        if not config.datasets.val.root:
            yield f"datasets.val.root: is empty, so that nothing can be compared; {fitting}"
        return
    for key in ("seeds", "methods", "budgets"):
        if (number := len(getattr(experiment, key))) != 1:
            yield f"experiment.{key}: {number} of them; people answer one run: give one"
    for name in experiment.methods:
        if (unit := _unit_of(config, name)) not in WINDOWS:
            allowed = (
                f"people see windows; allowed are methods whose unit is {' or '.join(WINDOWS)}"
            )
            yield f"experiment.methods: {name} asks for a unit {unit}, and {allowed}"
    if pool.kind == UNLABELLED and "full" in experiment.references:
        yield "experiment.references: full needs all labels of the pool; leave it out"
    if is_within(config.pathvars.answers, config.pathvars.results):
        where = f"{config.pathvars.answers} lies in {config.pathvars.results}"
        yield f"pathvars.answers: {where}, which may be deleted; give a folder outside of it"


def _unit_of(config: "Config", name: str) -> str:
    """The unit of a method; that of an unknown one is no mistake of its own."""
    custom = config.experiment.custom_methods
    if name in custom:
        return custom[name].unit
    return METHODS[name].unit if name in METHODS else WINDOWS[0]


def is_within(path: str, folder: str) -> bool:
    """Whether a path leads into a folder, or to it."""
    real = os.path.realpath(folder)
    return os.path.commonpath([os.path.realpath(path), real]) == real


def asks_people(jobs: "Jobs") -> bool:
    """Whether people answer, rather than the labels of the pool."""
    return jobs.config.experiment.oracle == PEOPLE


def acquiring(jobs: "Jobs") -> str:
    """The rule that makes labels."""
    return "ask" if asks_people(jobs) else "acquire"


def answers_file(jobs: "Jobs") -> str:
    """Where all answers are, whatever run they were given to."""
    return f"{jobs.config.pathvars.answers}/answers.jsonl"


def queries_file(jobs: "Jobs", number: int) -> str:
    """Where the queries of a round are."""
    return f"{jobs.config.pathvars.answers}/round{number}.h5"


def ask_arguments(jobs: "Jobs", number: int) -> list[str]:
    """The user's files of a round."""
    return to_options("", {"queries": queries_file(jobs, number), "answers": answers_file(jobs)})


def count_arguments(jobs: "Jobs") -> list[str]:
    """The user's files of all rounds."""
    rounds = range(1, jobs.config.experiment.rounds + 1)
    queries = [queries_file(jobs, number) for number in rounds]
    return to_options("", {"queries": queries, "answers": answers_file(jobs)})


def answers_state(jobs: "Jobs", number: int) -> str:
    """What tells of a change of the answers that the labels of a round hold."""
    from cbda.files.answers import AnswerFile
    from cbda.selection.answering import labelled_digest

    return labelled_digest(AnswerFile(Path(answers_file(jobs))), number)


def labels_files(jobs: "Jobs") -> list[str]:
    """The labels of every round."""
    return [row.labels for row in jobs.rows if row.labels != NONE]


def last_models(jobs: "Jobs") -> list[str]:
    """The model of every run after its last round."""
    last = (row for row in evaluated(jobs.rows) if row.labels != NONE)
    return [f"{os.path.dirname(row.labels)}/model.pt" for row in last]


def products(jobs: "Jobs") -> list[str]:
    """What an experiment is for."""
    tables = jobs.folders["tables"]
    sheet = f"{tables}/runs.csv"  # by which `cbda status` knows the jobs
    made = [sheet, f"{tables}/{COUNTS}", *last_models(jobs)] if asks_people(jobs) else []
    measured = ("table_mIoU.csv", "learning_curve.csv")
    made += [f"{tables}/{name}" for name in measured] if is_evaluated(jobs) else []
    return made + (predictions(jobs) if jobs.config.predict.images else [])


def predictions(jobs: "Jobs") -> list[str]:
    """What marks the masks by every run as complete."""
    runs = (os.path.dirname(row.evaluation) for row in evaluated(jobs.rows))
    return [f"{run}/{MARK}" for run in runs]


def prediction_folders(jobs: "Jobs") -> list[str]:
    """Every folder below which there are masks, or what goes with them."""
    marks = predictions(jobs) if jobs.config.predict.images else []
    return [os.path.dirname(mark) for mark in marks]


def left_over_predictions(jobs: "Jobs") -> list[str]:
    """What was predicted earlier, and is not among what is to be predicted."""
    from cbda.files.masks import find_left_over

    kinds = jobs.config.predict.predicted()
    folders = [folder for folder in prediction_folders(jobs) if os.path.isdir(folder)]
    with suppress(UserError, OSError):  # of which the job will tell
        ids = open_tree(Path(jobs.config.predict.images))[0].image_ids if folders else ()
        return [
            str(path) for folder in folders for path in find_left_over(Path(folder), ids, kinds)
        ]
    return []


def lost_predictions(jobs: "Jobs", run: str) -> list[str]:
    """What marks the masks by a run, such as seed0/full, as complete, if some are lost."""
    mark = f"{jobs.folders['results']}/{run}/{MARK}"
    if not os.path.exists(mark) or all(map(os.path.exists, predicted_files(jobs, mark))):
        return []
    return [mark]


def predicted_files(jobs: "Jobs", mark: str) -> list[str]:
    """What is predicted beside a mark; nothing if the images can't be read."""
    with suppress(UserError, OSError):  # of which the job will tell
        settings, folder = jobs.config.predict, os.path.dirname(mark)
        ids = open_tree(Path(settings.images))[0].image_ids
        names = (predicted_file(what, name) for name in ids for what in settings.predicted())
        return [os.path.join(folder, name) for name in names]
    return []


def predict_arguments(jobs: "Jobs") -> list[str]:
    """How masks are predicted, wherever the images are."""
    return to_options("", jobs.config.predict.model_dump(exclude={"images"}))


def images_state(jobs: "Jobs") -> str:
    """What tells of a change of the images to predict; empty if there are none."""
    with suppress(UserError, OSError):  # of which the job will tell
        images, _ = open_tree(Path(jobs.config.predict.images))
        return describe_pictures(images.root, images.paths.values())
    return ""


def is_evaluated(jobs: "Jobs") -> bool:
    """Whether there are labels to measure by."""
    return bool(jobs.config.datasets.val.root)


def val_report(jobs: "Jobs") -> list[str]:
    """The report of what there is to measure by."""
    return ["<results>/data/val.json"] if is_evaluated(jobs) else []


def require_ready(jobs: "Jobs", words: Sequence[str]) -> None:
    """Raise a `UserError` before any rule is looked at, if answers can't be read.

    Or if a word of the command line is a file that can't be made from what there is.
    """
    if asks_people(jobs):
        answers_state(jobs, 1)
        _require_all_answers(jobs)
    for name, reason in _unreachable(jobs).items():
        if f"{jobs.folders['tables']}/{name}" in words:
            raise UserError(f"{name} {reason}; what can be made: {name_again(words, 'all')}")


def _require_all_answers(jobs: "Jobs") -> None:
    """Raise a `UserError` if labels hold answers that are lost: Snakemake would remove them too."""
    from cbda.files.answers import AnswerFile

    answers = AnswerFile(Path(answers_file(jobs)))
    for labels in labels_files(jobs):
        if num_lost := _num_lost(Path(labels), answers):
            raise UserError(
                f"{answers.path}: lacks {num_lost} answers that {labels} was made from: restore it,"
                f" or move {labels} away, which holds what was answered, to have it asked again"
            )


def _num_lost(path: Path, answers: "AnswerFile") -> int:
    """Queries of labels that people made, to which no answer is there."""
    from cbda.files.labels import LabelFile

    places = {place[:3] for place in answers.places}
    with suppress(UserError):  # of damage the start tells
        record = read_record(path) if path.is_file() else None
        if record is not None and record.command == "ask":
            with LabelFile.open(path) as labels:
                rows = (row for block in labels.queries() for row in block.tolist())
                return sum((labels.image_ids[i], row, col) not in places for _, i, row, col in rows)
    return 0


def _unreachable(jobs: "Jobs") -> dict[str, str]:
    """Tables and the page that can't be made, and why."""
    found: dict[str, str] = {}
    if not is_evaluated(jobs):
        found |= dict.fromkeys(MEASURED, "needs labels to measure by: datasets.val.root is empty")
    if (kind := jobs.config.datasets.target.kind) == UNLABELLED:
        found["diagnosis.csv"] = f"needs labels of the pool: datasets.target.kind is {kind}"
    return found


def require_val(jobs: "Jobs") -> None:
    """Raise a `UserError` if there is nothing to measure by."""
    if not is_evaluated(jobs):
        raise UserError(
            "datasets.val.root is empty: nothing can be evaluated, and so no table made"
        )


def require_images(jobs: "Jobs") -> None:
    """Raise a `UserError` if there is nothing to predict."""
    if not jobs.config.predict.images:
        raise UserError("predict.images is empty: give the folder of the images to predict")
