"""Datasets on disk, and their check."""

import re
from typing import Annotated

from pydantic import BeforeValidator, NonNegativeInt

from cbda.settings.paths import Expanded
from cbda.settings.section import LINE, Allowed, Count, Distinct, Section, like, one_of_or_like
from cbda.settings.user_code import PATTERN, WORDS

LABELLED_KINDS = ("folder", "gtav", "synthia", "cityscapes", "camvid")
KIND_NAMES = (*LABELLED_KINDS, "images")

ONE_ID = r"(25[0-5]|2[0-4]\d|1?\d?\d|#[0-9a-fA-F]{6})"
ID_WORDS = 'a number up to 255 or a colour like "#80ff00", or several joined by commas'
IDS = Allowed(
    lambda text: bool(re.fullmatch(rf"{ONE_ID}( *, *{ONE_ID})*", text)),
    ID_WORDS,
    {
        "type": ["integer", "string"],
        **{"minimum": 0, "maximum": 255, "pattern": rf"^{ONE_ID}( *, *{ONE_ID})*$"},
    },
)
LabelIds = Annotated[
    str, BeforeValidator(lambda value: value if value is None else str(value)), IDS
]


class DatasetSettings(Section):
    """A dataset on disk."""

    kind: Annotated[str, Expanded, one_of_or_like(KIND_NAMES, PATTERN, WORDS)] = "folder"
    """Layout on disk; images is a pool without labels, for people to answer; FILE.py:NAME is one of
    your own, which may say what label ids mean."""
    root: Annotated[str, Expanded, LINE]
    """Folder, from that on in which Snakemake runs. As in all paths of a configuration, ~ is
    replaced, and $NAME or ${NAME} by an environment variable."""
    split: str = ""
    """Part of the dataset, such as train: needed for cityscapes and camvid, a subfolder or empty
    for folder and images, empty for gtav and synthia."""
    label_ids: Distinct[LabelIds] = ()
    """Label ids of each class, in the order of classes, of a folder whose labels hold other numbers
    than 0, 1, 2 and so on, or colours; empty for these."""
    void_ids: Distinct[LabelIds] = ()
    """Label ids or colours of a folder that belong to no class, beside 255."""
    every: Count = 1
    """Take every n-th image alone, in the order of their ids: frames of a video are less alike."""


class CheckedDatasetSettings(DatasetSettings):
    """A dataset and what its check expects."""

    num_images: NonNegativeInt = 0
    """Number of images that there must be, skipped ones included; 0 for any."""


class PoolSettings(CheckedDatasetSettings):
    """The pool, and where in its images nobody is asked."""

    never_ask: Annotated[str, Expanded] = ""
    """PNG, or a folder with one per image called like it, IMAGE.png: where it is not black, such as
    on a car's bonnet, no method asks for a label; empty for none."""


class LabelledDatasetSettings(CheckedDatasetSettings):
    """A dataset whose labels lie in files."""

    kind: Annotated[str, Expanded, one_of_or_like(LABELLED_KINDS, PATTERN, WORDS)] = "folder"
    """Layout on disk; FILE.py:NAME is one of your own, which may say what label ids mean."""


class ValSettings(LabelledDatasetSettings):
    """The validation set, which need not exist where people answer."""

    root: Annotated[str, Expanded, like(r"^($|[^-\x00-\x1f][^\x00-\x1f]*$)", "a folder, or empty")]
    """Folder, as of the others; empty where people answer and there are no labels to measure by:
    then nothing is evaluated."""


class DatasetsSettings(Section):
    """The labelled source, the pool (target) and the validation set of the target."""

    source: LabelledDatasetSettings = LabelledDatasetSettings(root="data/generated/source")
    target: PoolSettings = PoolSettings(root="data/generated/target_train")
    val: ValSettings = ValSettings(root="data/generated/target_val")


class DataCountSettings(Section):
    """Class statistics of the source, which class balanced sampling needs."""

    num_workers: Count = 1
    """Processes that read."""


class DataCheckSettings(DataCountSettings):
    """The check that every dataset must pass before a job uses it."""

    fast: bool = False
    """Look at headers only, not at every pixel."""
