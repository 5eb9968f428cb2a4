"""Datasets on disk, and their check."""

from typing import Annotated

from pydantic import NonNegativeInt

from cbda.settings.paths import Expanded
from cbda.settings.section import LINE, Count, Section, one_of

LABELLED_KINDS = ("folder", "gtav", "synthia", "cityscapes", "camvid")
KIND_NAMES = (*LABELLED_KINDS, "images")


class DatasetSettings(Section):
    """A dataset on disk."""

    kind: Annotated[str, one_of(*KIND_NAMES)] = "folder"
    """Layout on disk; images is a pool without labels, for people to answer."""
    root: Annotated[str, Expanded, LINE]
    """Folder, from that on in which Snakemake runs. As in all paths of a configuration, ~ is
    replaced, and $NAME or ${NAME} by an environment variable."""
    split: str = ""
    """Part of the dataset, such as train: needed for cityscapes and camvid, a subfolder or empty
    for folder and images, empty for gtav and synthia."""


class CheckedDatasetSettings(DatasetSettings):
    """A dataset and what its check expects."""

    num_images: NonNegativeInt = 0
    """Number of images that there must be, skipped ones included; 0 for any."""


class LabelledDatasetSettings(CheckedDatasetSettings):
    """A dataset whose labels lie in files."""

    kind: Annotated[str, one_of(*LABELLED_KINDS)] = "folder"
    """Layout on disk."""


class DatasetsSettings(Section):
    """The labelled source, the pool (target) and the validation set of the target."""

    source: LabelledDatasetSettings = LabelledDatasetSettings(root="data/generated/source")
    target: CheckedDatasetSettings = CheckedDatasetSettings(root="data/generated/target_train")
    val: LabelledDatasetSettings = LabelledDatasetSettings(root="data/generated/target_val")


class DataCountSettings(Section):
    """Class statistics of the source, which class balanced sampling needs."""

    num_workers: Count = 1
    """Processes that read."""


class DataCheckSettings(DataCountSettings):
    """The check that every dataset must pass before a job uses it."""

    fast: bool = False
    """Look at headers only, not at every pixel."""
