"""What a run goes on from: queries and answers of people, or the labels of another experiment.

They belong to a pool and to classes, and queries to a method. If these are others by now, a run
says so before any job, not after the training before the first round.
"""

from collections.abc import Iterator, Mapping
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

from cbda.datasets.agreement import require_same_pool
from cbda.datasets.images import Images, open_images
from cbda.datasets.listing import name_some
from cbda.errors import UserError
from cbda.files.records import read_record
from cbda.results.sheet import NONE, evaluated
from cbda.workflow.contents import read_contents
from cbda.workflow.people import answers_file, asks_people, queries_file

if TYPE_CHECKING:
    from cbda.workflow.jobs import Jobs

ROUND_LABELS = "seed*/*/budget*/round*/labels.h5"
NEEDED = (
    "give results of an experiment that acquired, with these seeds, methods, budgets and rounds"
)


def require_continued(jobs: "Jobs") -> None:
    """Raise a `UserError` if what a run goes on from is not there, or of another pool."""
    if jobs.config.experiment.replay:
        _require_replayable(jobs)
    elif asks_people(jobs):
        for what, known in _known_images(jobs):
            advice = "restore it, or give queries and answers a folder of their own"
            _require_images(what, known, _open_pool(jobs), f"{advice} (pathvars.answers)")


def _known_images(jobs: "Jobs") -> Iterator[tuple[str, Mapping[str, str]]]:
    """What people were asked about and have answered: a file, and SHA-256 of images by id.

    A `UserError` if answers contradict the queries of any round, or another method chose these.
    """
    from cbda.files.answered_images import require_answers_to
    from cbda.files.answers import AnswerFile
    from cbda.files.queries import load_queries
    from cbda.selection.answering import require_method

    answers = AnswerFile(Path(answers_file(jobs)))
    for number in range(1, jobs.config.experiment.rounds + 1):
        path = Path(queries_file(jobs, number))
        if path.is_file():
            queries = load_queries(path)
            require_answers_to(answers, queries)
            for method in jobs.methods.values():
                require_method(path, queries, method)
            yield f"{path}: asks about", queries.known_images
    given = (item.answer for item in answers.latest.values())
    known = {answer.image: answer.image_sha256 for answer in given if answer.image_sha256}
    yield f"{answers.path}: holds answers to", known


def _require_replayable(jobs: "Jobs") -> None:
    """Raise a `UserError` unless there are labels of every run, of this pool and its classes."""
    paths = [Path(row.labels) for row in evaluated(jobs.rows) if row.labels != NONE]
    _require_acquired(Path(jobs.config.experiment.replay), paths)
    pool = _open_pool(jobs)
    for path in paths:
        _require_classes(path, list(jobs.config.classes))
        _require_pool(path, pool)


def _require_acquired(root: Path, paths: list[Path]) -> None:
    """Raise a `UserError` unless there are labels of every run in the results of another one."""
    missing = [path for path in paths if not path.is_file()]
    if missing:
        found = name_some([str(path) for path in sorted(root.glob(ROUND_LABELS))])
        lacking = f"lacks labels of {len(missing)} of {len(paths)} runs, such as {missing[0]}"
        what = f"{lacking}: {NEEDED}; its labels are {found or 'none'}"
        raise UserError(f"experiment.replay: {root} {what}")


def _require_classes(path: Path, classes: list[str]) -> None:
    """Raise a `UserError` if labels are known to be of other classes."""
    known = None
    with suppress(UserError):  # of damage the start tells
        record = read_record(path)
        known = record.configuration.get("classes") if record else None
    if known and known != classes:
        what = f"is of classes {', '.join(known)}; this run has {', '.join(classes)}"
        raise UserError(f"{path}: {what}: give those, in their order")


def _require_pool(path: Path, pool: Images) -> None:
    """Raise a `UserError` if labels are known to be of other images."""
    from cbda.files.labels import LabelFile

    try:
        with LabelFile.open(path) as labels:
            ids, sha256 = labels.image_ids, labels.image_sha256
    except UserError:  # of damage the start tells
        return
    if len(pool):
        require_same_pool(path, ids, pool.root, pool.image_ids)
    known = {name: digest for name, digest in zip(ids, sha256, strict=False) if digest}
    _require_images(f"{path}: is of", known, pool, "give the pool that it was acquired of")


def _open_pool(jobs: "Jobs") -> Images:
    """The images of the pool; none if they can't be read, or not yet, of which a job will tell."""
    place = jobs.config.datasets.target
    with suppress(UserError, OSError):
        return open_images(place.kind, place.root, place.split).thinned(place.every)
    return Images(Path(place.root), {})


def _require_images(what: str, known: Mapping[str, str], pool: Images, advice: str) -> None:
    """Raise a `UserError` if an image of the pool is not the one of an id that is known."""
    paths = {name: pool.paths[name] for name in known if name in pool.paths}
    with suppress(OSError):
        contents = read_contents(pool.root, list(paths.values()))
        others = (
            path for name, path in paths.items() if not known[name].startswith(contents[path])
        )
        if other := next(others, None):
            raise UserError(f"{what} another image than {other} is now: {advice}")
