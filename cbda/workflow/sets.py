"""Generated sets that stand where sets of the user's were meant."""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from cbda.datasets.generated import MARK
from cbda.scenes.kinds import CLASSES
from cbda.settings.datasets import LABELLED_KINDS, DatasetSettings, DatasetsSettings
from cbda.workflow.people import PEOPLE

if TYPE_CHECKING:
    from cbda.workflow.config import Config

WITH_IDS = "folder"  # the kind of generated sets; an id is a place in `classes`
PLACE = ("kind", "root", "label_ids")  # keys of a dataset, one of which is given with one's own
NONE_NEEDED = ' (datasets.val.root: "" if there are none: nothing is evaluated)'


def misplaced_sets(config: "Config") -> Iterator[str]:
    """Generated sets that are no such data as the user's sets beside them, or as they are said."""
    yield from _sets_of_other_layouts(config)
    if config.classes == CLASSES[config.data_make.scenes]:
        yield from _sets_of_another_domain(config)
    elif used := _generated_roots(config):
        yield _sets_of_other_classes(config, used)


def _sets_of_other_layouts(config: "Config") -> Iterator[str]:
    """Generated sets that are to be read in the layout of a public dataset."""
    made = _made_roots(config)
    for name, dataset in config.datasets:
        if dataset.root in made and dataset.kind in LABELLED_KINDS and dataset.kind != WITH_IDS:
            given = _default({f"datasets.{name}": dataset.root})
            what = f"{given}a generated set, {dataset.root}, of kind {WITH_IDS}"
            yield f"datasets.{name}.root: {what}: give the folder of the {dataset.kind} data set"


def _sets_of_another_domain(config: "Config") -> Iterator[str]:
    """The pool or the validation set that was forgotten, as the other is of the user's."""
    target, val = config.datasets.target, config.datasets.val
    if not val.root:
        return
    advice = {"val": "give labelled images like those", "target": "give the pool of such images"}
    more = {"val": NONE_NEEDED if config.experiment.oracle == PEOPLE else "", "target": ""}
    for name, other, given in (("val", "target", target), ("target", "val", val)):
        if _is_rendered_default(config, name) and not _is_generated(config, given):
            default = f"not given, and the default is generated {config.data_make.scenes}"
            unlike = f"whereas datasets.{other} is {given.root}, of kind {given.kind}"
            how = f"{advice[name]} by datasets.{name}.kind, root and split{more[name]}"
            yield f"datasets.{name}: {default}, {unlike}: {how}"


def _is_rendered_default(config: "Config", name: str) -> bool:
    """Whether a set is the one of the default, which the workflow renders."""
    dataset, default = getattr(config.datasets, name), getattr(DatasetsSettings(), name)
    is_default = all(getattr(dataset, key) == getattr(default, key) for key in PLACE)
    return is_default and dataset.root in _made_roots(config)


def _is_generated(config: "Config", dataset: DatasetSettings) -> bool:
    """Whether a set is rendered, by the workflow or by hand; a pool is its folder of images."""
    folders = [Path(dataset.root), Path(dataset.root.removesuffix("/images"))]
    is_plain = dataset.kind not in LABELLED_KINDS or dataset.kind == WITH_IDS
    made = _made_roots(config)
    return is_plain and any(str(f) in made or (f / MARK).exists() for f in folders)


def _sets_of_other_classes(config: "Config", used: Mapping[str, str]) -> str:
    """That label ids of generated sets would be given the names of other classes."""
    scenes = config.data_make.scenes
    names = ", ".join(CLASSES[scenes])
    if config.classes in CLASSES.values():
        return f"classes: those of other scenes than data_make.scenes, {scenes}; allowed: {names}"
    advice = f"give {' and '.join(f'{name}.root' for name in used)}, images and labels of yours"
    if "datasets.val" in used and config.experiment.oracle == PEOPLE:
        advice += NONE_NEEDED
    listed = f"or the label_ids of each of your classes; {scenes} have {names}"
    what = f"generated {scenes}, whose classes are others than yours"
    return f"{' and '.join(used)}: {_default(used)}{what}: {advice}, {listed}"


def _default(used: Mapping[str, str]) -> str:
    """That roots are the default, if they are."""
    defaults = {f"datasets.{name}": dataset.root for name, dataset in DatasetsSettings()}
    is_default = all(root == defaults[name] for name, root in used.items())
    return "not given, and the default is " if is_default else ""


def _generated_roots(config: "Config") -> dict[str, str]:
    """Roots of generated sets, by place in the configuration, unless their label ids are listed."""
    made = _made_roots(config)
    return {
        f"datasets.{name}": dataset.root
        for name, dataset in config.datasets
        if dataset.kind == WITH_IDS and not dataset.label_ids and dataset.root in made
    }


def _made_roots(config: "Config") -> set[str]:
    """Folders of the sets that the workflow renders if they are used."""
    return {f"{config.data_make.root}/{name}" for name in config.data_make.sets}
