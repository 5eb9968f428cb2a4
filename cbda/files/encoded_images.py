"""Whether the images of a set are still those that a feature file was made of.

A feature file holds the SHA-256 of every image file. To read all of them again costs a fraction of
what decoding does, but much more than a job that reads features alone; so a file beside the record
holds a digest of number (inode), size and time of change (ctime) of all images when their bytes
were last compared. Nobody can set a time of change, and other images, copies among them, have other
numbers: they are read again, once.
"""

import hashlib
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

from cbda.compute.parallel import available_threads, ordered_map
from cbda.datasets.digest import describe_state
from cbda.errors import UserError
from cbda.files.features import FeatureFile
from cbda.files.records import file_sha256, record_path

SUFFIX = ".images"


def require_same_images(features: FeatureFile, paths: Sequence[Path]) -> None:
    """Raise a `UserError` that names the first image that features were not made of.

    Args:
        features: of the images, in their order.
        paths: of the images.
    """
    states = list(map(describe_state, paths))
    if is_noted(features, states):
        return
    found = ordered_map(file_sha256, paths, available_threads())
    for path, made_of, digest in zip(paths, features.image_sha256, found, strict=True):
        if digest != made_of:
            advice = "give features of these images, or delete the file to have it made again"
            raise UserError(f"{features.path}: was not made of {path} as it is now; {advice}")
    note(features, states)


def note(features: FeatureFile, states: Sequence[str]) -> None:
    """Note in which states the images of a feature file had the bytes that it was made of."""
    place = _place(features)
    with suppress(OSError):  # another user's: they will be read again
        place.parent.mkdir(exist_ok=True)
        place.write_text(_digest(features, states), encoding="ascii")


def is_noted(features: FeatureFile, states: Sequence[str]) -> bool:
    """Whether images were in these states when they were last compared."""
    with suppress(OSError, UnicodeDecodeError):
        return _place(features).read_text(encoding="ascii") == _digest(features, states)
    return False


def _digest(features: FeatureFile, states: Sequence[str]) -> str:
    return hashlib.sha256("\n".join([*features.image_sha256, *states]).encode()).hexdigest()


def _place(features: FeatureFile) -> Path:
    return record_path(features.path).with_suffix(SUFFIX)
