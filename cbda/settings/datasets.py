"""Datasets on disk, and their check."""

import os
import re
from typing import Annotated

from pydantic import AfterValidator, NonNegativeInt, ValidationInfo

from cbda.settings.section import Count, Line, Section, one_of

KIND_NAMES = ("folder", "gtav", "synthia", "cityscapes", "camvid", "images")


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

    kind: Annotated[str, one_of(*KIND_NAMES)] = "folder"
    """Layout on disk; images is a pool without labels, for people to answer."""
    root: Annotated[Line, AfterValidator(_expand)]
    """Folder; in a configuration ~ is replaced, and ${NAME} by an environment variable."""
    split: str = ""
    """Part of the dataset, such as train: needed for cityscapes and camvid, a subfolder or empty
    for folder and images, empty for gtav and synthia."""


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
