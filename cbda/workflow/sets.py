"""Generated sets that stand where sets of the user's were meant."""

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING

from cbda.scenes.kinds import CLASSES
from cbda.settings.datasets import DatasetsSettings
from cbda.workflow.people import PEOPLE

if TYPE_CHECKING:
    from cbda.workflow.config import Config

WITH_IDS = "folder"  # the kind of generated sets; an id is a place in `classes`


def sets_of_other_classes(config: "Config") -> Iterator[str]:
    """Generated sets whose label ids would be given the names of other classes."""
    scenes, used = config.data_make.scenes, _generated_roots(config)
    if not used or config.classes == CLASSES[scenes]:
        return
    names = ", ".join(CLASSES[scenes])
    if config.classes in CLASSES.values():
        yield f"classes: those of other scenes than data_make.scenes, {scenes}; allowed: {names}"
        return
    advice = f"give {' and '.join(f'{name}.root' for name in used)}, images and labels of yours"
    if "datasets.val" in used and config.experiment.oracle == PEOPLE:
        advice += ' (datasets.val.root: "" if there are none: nothing is evaluated)'
    listed = f"or the label_ids of each of your classes; {scenes} have {names}"
    what = f"generated {scenes}, whose classes are others than yours"
    yield f"{' and '.join(used)}: {_default(used)}{what}: {advice}, {listed}"


def _default(used: Mapping[str, str]) -> str:
    """That roots are the default, if they are."""
    defaults = {f"datasets.{name}": dataset.root for name, dataset in DatasetsSettings()}
    is_default = all(root == defaults[name] for name, root in used.items())
    return "not given, and the default is " if is_default else ""


def _generated_roots(config: "Config") -> dict[str, str]:
    """Roots of generated sets, by place in the configuration, unless their label ids are listed."""
    made = {f"{config.data_make.root}/{name}" for name in config.data_make.sets}
    return {
        f"datasets.{name}": dataset.root
        for name, dataset in config.datasets
        if dataset.kind == WITH_IDS and not dataset.label_ids and dataset.root in made
    }
