"""Mistakes of a configuration that no key shows alone."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from cbda.acquisition.catalogue import METHODS, SHOWN_AS, require_new_name
from cbda.datasets.catalogue import require_readable
from cbda.datasets.tree import require_no_labels
from cbda.errors import UserError
from cbda.settings.classes import NO_NAMES
from cbda.settings.mistakes import quote
from cbda.settings.model import has_batch_of_one, require_sound_model, traits_of
from cbda.settings.training import require_no_change
from cbda.workflow.experiment import CustomMethod, ExperimentSettings
from cbda.workflow.people import is_within, oracle_mistakes
from cbda.workflow.sets import misplaced_sets

if TYPE_CHECKING:
    from cbda.workflow.config import Config

VOID_NAME = "void"  # of tables


def inconsistencies(config: "Config") -> Iterator[str]:
    """Mistakes that no key shows alone."""
    yield from _unknown_names(config)
    yield from _badly_defined(config)
    yield from oracle_mistakes(config)
    yield from _unfit_budgets(config.experiment)
    if VOID_NAME in config.classes:
        yield f"classes: {VOID_NAME!r} is what belongs to no class: leave it out, and label it 255"
    elif unnamed := [name for name in config.classes if name in NO_NAMES]:
        yield f"classes: {quote(unnamed, ())} stands for no value where tables are read: rename it"
    else:
        for name, dataset in config.datasets:
            kind, split = dataset.kind, dataset.split
            ids, place = (dataset.label_ids, dataset.void_ids), f"datasets.{name}: "
            yield from _refused(place, require_readable, kind, split, config.classes, ids)
    yield from misplaced_sets(config)
    yield from _refused("", require_sound_model, config.model)
    yield from _unfit_replay(config)
    yield from _unfit_predictions(config)
    if config.plan.measured and not Path(config.plan.measured).is_file():
        yield f"plan.measured: no file {config.plan.measured}; give a metrics.json of a training"
    if (masks := config.datasets.target.never_ask) and not Path(masks).exists():
        yield f"datasets.target.never_ask: no file {masks}; give a PNG, or a folder of them"
    yield from _unfit_sizes(config)
    yield from _unfit_changes(config)
    yield from _batches_of_one(config)
    if config.experiment.starting_share and config.experiment.rounds == 1:
        allowed = "0, or two rounds or more"
        yield f"experiment.starting_share: all is spent in one round; allowed: {allowed}"
    needed = config.final_iteration(config.experiment.rounds - 1) + 1
    total = config.training.total_iterations
    if total < needed:
        yield (
            f"training.total_iterations: {total} leaves nothing for the last round; allowed:"
            f" {needed} or more (pretrain.iterations + (rounds - 1) * iterations_per_round + 1)"
        )


def _unfit_replay(config: "Config") -> Iterator[str]:
    """Results to replay that are not there, or that the replay would overwrite."""
    replay, results = config.experiment.replay, config.pathvars.results
    if replay and not Path(replay).is_dir():
        yield f"experiment.replay: no folder {replay}; give the results of a finished experiment"
    elif replay and Path(replay).resolve() == Path(results).resolve():
        other = "give the replay a pathvars.results of its own"
        yield f"experiment.replay: {replay} is the folder of the results themselves; {other}"


def _unfit_predictions(config: "Config") -> Iterator[str]:
    """Images among which their masks would lie, and be images the next time."""
    images, results = config.predict.images, config.pathvars.results
    if images and is_within(results, images):
        advice = "give a folder that holds no results"
        yield f"predict.images: {images} holds {results}, where masks are written; {advice}"
    elif images:
        yield from _refused("predict.images: ", require_no_labels, Path(images))


def _refused(place: str, check: Callable[..., Any], *arguments: Any) -> Iterator[str]:
    """The mistake that a check finds, if any."""
    try:
        check(*arguments)
    except UserError as error:
        yield f"{place}{error}"


def _unknown_names(config: "Config") -> Iterator[str]:
    methods, tabulate = config.experiment.methods, config.tabulate
    known = (*METHODS, *config.experiment.custom_methods)
    is_measured = bool(config.datasets.val.root)  # without, no table is made that has a baseline
    baselines = (methods, "in experiment.methods") if is_measured else (known, "a method")
    for place, names, allowed, what in (
        ("experiment.methods", methods, known, "a method"),
        ("tabulate.comparators", tabulate.comparators, known, "a method"),
        ("tabulate.baseline", (tabulate.baseline,), *baselines),
        ("evaluate.subset", config.evaluate.subset, config.classes, "one of the classes"),
    ):
        if unknown := [name for name in names if name not in allowed]:
            yield f"{place}: {quote(unknown, allowed)} is not {what}; allowed: {', '.join(allowed)}"


def _badly_defined(config: "Config") -> Iterator[str]:
    """Methods of the user's own, and shares that are no distribution over the classes."""
    from cbda.selection.balance import target_shares

    def require_sound(name: str, method: CustomMethod) -> None:
        require_new_name(name)
        target_shares(method.resolve().target_distribution or (), len(config.classes))

    for name, method in config.experiment.custom_methods.items():
        yield from _refused(f"experiment.custom_methods.{name}: ", require_sound, name, method)
    yield from _names_in_common(config.experiment)
    shares, place = config.acquire.target_distribution, "acquire.target_distribution: "
    yield from _refused(place, target_shares, shares, len(config.classes))


def _names_in_common(experiment: ExperimentSettings) -> Iterator[str]:
    """Methods of the user's own that tables and figures would call as another row."""
    shown: dict[str, str] = {}
    own = experiment.custom_methods
    for name in dict.fromkeys((*experiment.references, *experiment.methods)):
        called = (own[name].shown_as if name in own else SHOWN_AS.get(name, "")).strip() or name
        if called in shown:
            what = f"{name} and {shown[called]} are both shown as {called!r}"
            place = f"experiment.custom_methods.{name if name in own else shown[called]}.shown_as"
            yield f"{place}: {what}; give one of them another name"
        shown.setdefault(called, name)


def _unfit_budgets(experiment: ExperimentSettings) -> Iterator[str]:
    """Budgets that are none in their unit."""
    is_share = experiment.budget_unit == "fraction"
    for index, budget in enumerate(experiment.budgets):
        if budget > 1 if is_share else budget != int(budget):
            allowed = f"whole numbers of {experiment.budget_unit}"
            if is_share:
                percent = budget if budget <= 100 else 20
                allowed = f"fractions of the pool, at most 1; {percent / 100:g} is {percent:g} %"
            yield f"experiment.budgets.{index}: {budget:g}; allowed: {allowed}"
    if experiment.starting_share and not is_share:
        yield "experiment.starting_share: allowed with experiment.budget_unit: fraction"


def _batches_of_one(config: "Config") -> Iterator[str]:
    """Trainings of which a network can't normalise what it sees."""
    training = config.training
    target = training.crop_size or training.image_size
    source = training.crop_size or training.source_size or target
    together = training.batch_size * (2 if tuple(source) == tuple(target) else 1)
    alone = "source_only" in config.experiment.references
    forwards = {"": (together, target), " of the source": (together, source)}
    if alone:
        forwards = {" of the source, on which source_only trains,": (training.batch_size, source)}
        forwards |= {"": (together, target)}
    for what, (num_images, (height, width)) in forwards.items():
        if has_batch_of_one(config.model, num_images, (height, width)):
            yield (
                f"training.batch_size: 1 image{what} of {height} x {width} px leaves a batch norm"
                f" of {config.model.architecture} one value per channel; allowed: 2 or more"
            )
            return


def _unfit_sizes(config: "Config") -> Iterator[str]:
    """Sizes that the network can't halve often enough, and crops of more than there is."""
    architecture, crop = config.model.architecture, list(config.training.crop_size)
    multiple = config.model.output_stride or traits_of(architecture).size_multiple
    for key in ("image_size", "source_size", "crop_size"):
        size = list(getattr(config.training, key))
        if any(side % multiple for side in size):
            allowed = f"multiples of {multiple}"
            yield f"training.{key}: {size} is not allowed for {architecture}: {allowed}"
        if any(most < side for side, most in zip(crop, size, strict=False)):
            yield f"training.crop_size: {crop} is larger than training.{key}, {size}"


def _unfit_changes(config: "Config") -> Iterator[str]:
    """What training would change of images that a frozen encoder has seen already."""
    if config.model.freeze_encoder:
        yield from _refused("", require_no_change, config.training)
