"""Whether the images of a set are still those that features, scores or labels were made of.

Such a file holds the SHA-256 of every image file. To read all of them again costs a fraction of
what decoding does, but much more than a job that reads features alone; so a file beside the record
holds a digest of number (inode), size and time of change (ctime) of all images when their bytes
were last compared. Nobody can set a time of change, and other images, copies among them, have other
numbers: they are read again, once.
"""

import hashlib
from collections.abc import Iterator, Sequence
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple, Protocol

from cbda.compute.parallel import available_threads, ordered_map
from cbda.datasets.digest import describe_state
from cbda.errors import UserError
from cbda.files.records import file_sha256, record_path

if TYPE_CHECKING:
    from cbda.files.labels import LabelFile
    from cbda.files.scores import ScoreFile

SUFFIX = ".images"


class MadeOfImages(Protocol):
    """A file that knows which images it was made of."""

    @property
    def path(self) -> Path: ...  # noqa: D102

    @property
    def image_sha256(self) -> tuple[str, ...]:
        """Of their files; empty if it doesn't know them."""


class MadeOf(NamedTuple):
    """The same by hand, of files that need not be on disk."""

    path: Path
    image_sha256: tuple[str, ...]


def image_digests(paths: Sequence[Path]) -> Iterator[str]:
    """SHA-256 of the files of images."""
    return ordered_map(file_sha256, paths, available_threads())


def require_same_images(made: MadeOfImages, paths: Sequence[Path]) -> list[str]:
    """Raise a `UserError` that names the first image that a file was not made of, if it knows.

    Args:
        made: of the images, in their order.
        paths: of the images.

    Returns:
        States in which the images have these bytes, for `note`.
    """
    states = list(map(describe_state, paths))
    if not made.image_sha256 or is_noted(made, states):
        return states
    for path, made_of, digest in zip(paths, made.image_sha256, image_digests(paths), strict=True):
        if digest != made_of:
            advice = "restore the image, or give a file that is of these images"
            raise UserError(f"{made.path}: was not made of {path} as it is now; {advice}")
    note(made, states)
    return states


def require_images_of_round(
    scores: "ScoreFile", labels: "LabelFile", paths: Sequence[Path]
) -> list[str]:
    """The same of the scores of a round, and of labels, if they are in a file."""
    states = require_same_images(scores, paths)
    if labels.path is not None:
        require_same_images(MadeOf(labels.path, labels.image_sha256), paths)
    return states


def note(made: MadeOfImages, states: Sequence[str]) -> None:
    """Note in which states the images of a file had the bytes that it was made of."""
    if not made.image_sha256:
        return
    place = _place(made)
    with suppress(OSError):  # another user's: they will be read again
        place.parent.mkdir(exist_ok=True)
        place.write_text(_digest(made, states), encoding="ascii")


def is_noted(made: MadeOfImages, states: Sequence[str]) -> bool:
    """Whether images were in these states when they were last compared."""
    with suppress(OSError, UnicodeDecodeError):
        return _place(made).read_text(encoding="ascii") == _digest(made, states)
    return False


def _digest(made: MadeOfImages, states: Sequence[str]) -> str:
    return hashlib.sha256("\n".join([*made.image_sha256, *states]).encode()).hexdigest()


def _place(made: MadeOfImages) -> Path:
    return record_path(made.path).with_suffix(SUFFIX)
