"""Whether answers were given to some queries, and to the images of a pool: not to others."""

from collections.abc import Mapping
from dataclasses import fields
from pathlib import Path

from cbda.errors import UserError
from cbda.files.answer_lines import Asked
from cbda.files.answers import AnswerFile
from cbda.files.queries import QuerySet
from cbda.files.records import file_sha256

ADVICE = "restore it, or give a file of answers of its own"


def require_answers_to(answers: AnswerFile, queries: QuerySet) -> None:
    """Raise a `UserError` if answers that are said to be to queries are to others.

    Such as of a file that was edited: of other classes, at a place that is none, to other images.
    """
    asked, places = Asked.of(queries), {queries.place(index) for index in range(len(queries))}
    for given in answers.latest.values():
        if given.asked.queries != queries.digest:
            continue
        if facts := _differing(given.asked, asked):
            raise UserError(f"{answers.path}: says of queries that {facts}: {ADVICE}")
        if given.place not in places:
            where = f"{given.answer.image!r}, row {given.answer.row}, column {given.answer.column}"
            what = f"holds an answer at {where}, which is none of the queries that it is said to be"
            raise UserError(f"{answers.path}: {what}: {ADVICE}")
    require_answered_images(answers, queries.known_images)


def _differing(found: Asked, wanted: Asked) -> str:
    """In words, in what two descriptions of queries differ; empty if in nothing."""
    pairs = (
        (item.name, getattr(found, item.name), getattr(wanted, item.name)) for item in fields(Asked)
    )
    return ", ".join(f"{name} is {one}, not {other}" for name, one, other in pairs if one != other)


def require_answered_images(answers: AnswerFile, image_sha256: Mapping[str, str]) -> None:
    """Raise a `UserError` if an answer that holds was given to another image.

    `image_sha256` are of files of images by their ids; of others, and by answers of before, which
    don't know their images, nothing is told.
    """
    for given in answers.latest.values():
        image, known = given.answer.image, given.answer.image_sha256
        if known and image_sha256.get(image, known) != known:
            what = f"holds answers to another image {image!r} than there is now"
            raise UserError(f"{answers.path}: {what}: {ADVICE}")


def require_answered_pool(answers: AnswerFile, paths: Mapping[str, Path]) -> None:
    """The same of a pool, whose files are by image id."""
    known = {given.answer.image for given in answers.latest.values() if given.answer.image_sha256}
    found = {image: file_sha256(paths[image]) for image in sorted(known & paths.keys())}
    require_answered_images(answers, found)
