"""Whether answers were given to the images of a pool, and not to others of the same names."""

from collections.abc import Mapping
from pathlib import Path

from cbda.errors import UserError
from cbda.files.answers import AnswerFile
from cbda.files.records import file_sha256

ADVICE = "restore it, or give a file of answers of its own"


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
