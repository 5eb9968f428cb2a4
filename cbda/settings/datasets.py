"""Datasets on disk, and their check."""

import os
import re
from typing import Annotated

from pydantic import AfterValidator, Field, NonNegativeInt, ValidationInfo

from cbda.settings.section import Count, Distinct, Line, Section, one_of_or_like
from cbda.settings.user_code import PATTERN, WORDS

KIND_NAMES = ("folder", "gtav", "synthia", "cityscapes", "camvid")

LabelId = Annotated[int, Field(ge=0, le=255)]


def _expand(root: str, info: ValidationInfo) -> str:
    """The shortest form of a root, by which generated data are known, with variables replaced."""
    if info.context is None:
        return root
    expanded = re.sub(r"^~(?=/|$)", "${HOME}", root)
    for variable in re.findall(r"\$\{(\w+)\}", expanded):
        if variable not in info.context:
            named = f"{root!r} names the environment variable {variable}"
            raise ValueError(f"{named}, which is not set; set it, or give the folder itself")
        expanded = expanded.replace(f"${{{variable}}}", info.context[variable])
    return os.path.normpath(expanded) if expanded else ""


class DatasetSettings(Section):
    """A dataset on disk."""

    kind: Annotated[str, one_of_or_like(KIND_NAMES, PATTERN, WORDS)] = "folder"
    """Layout on disk; FILE.py:NAME is one of your own, which may say what label ids mean."""
    root: Annotated[Line, AfterValidator(_expand)]
    """Folder; in a configuration ~ is replaced, and ${NAME} by an environment variable."""
    split: str = ""
    """Part of the dataset, such as train: needed for cityscapes and camvid, a subfolder or empty
    for folder, empty for gtav and synthia."""
    label_ids: Distinct[LabelId] = ()
    """Label id of each class, in the order of classes, of a folder whose labels hold other numbers
    than 0, 1, 2 and so on; empty for these."""
    void_ids: Distinct[LabelId] = ()
    """Label ids of a folder that belong to no class, beside 255."""


class CheckedDatasetSettings(DatasetSettings):
    """A dataset and what its check expects."""

    num_images: NonNegativeInt = 0
    """Number of images that there must be, skipped ones included; 0 for any."""


class DatasetsSettings(Section):
    """The labelled source, the pool (target) and the validation set of the target."""

    source: CheckedDatasetSettings = CheckedDatasetSettings(root="data/generated/source")
    target: CheckedDatasetSettings = CheckedDatasetSettings(root="data/generated/target_train")
    val: CheckedDatasetSettings = CheckedDatasetSettings(root="data/generated/target_val")


class DataCountSettings(Section):
    """Class statistics of the source, which class balanced sampling needs."""

    num_workers: Count = 1
    """Processes that read."""


class DataCheckSettings(DataCountSettings):
    """The check that every dataset must pass before a job uses it."""

    fast: bool = False
    """Look at headers only, not at every pixel."""
