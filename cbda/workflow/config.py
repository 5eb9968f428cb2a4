"""The whole configuration of an experiment, and its checks before any job starts.

Every mistake is reported at once, each with its place and what is allowed there.
"""

from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Annotated, Any

import pydantic
from pydantic import (
    AliasChoices,
    ConfigDict,
    Field,
    NonNegativeFloat,
    PositiveFloat,
    Tag,
    model_validator,
)

from cbda.acquisition.catalogue import (
    ALIASES,
    METHODS,
    REFERENCES,
    compose,
    require_new_name,
    require_one_name,
)
from cbda.acquisition.choice import Choice, Views
from cbda.acquisition.methods import ALLOCATIONS, BALANCES, BUDGET_UNITS, TARGETS, UNITS, Method
from cbda.datasets.catalogue import require_readable
from cbda.errors import UserError
from cbda.results.sheet import ROUNDS
from cbda.settings import defaults
from cbda.settings.classes import NO_NAMES, ClassName
from cbda.settings.compute import ResumableComputeSettings
from cbda.settings.datasets import DataCheckSettings, DataCountSettings, DatasetsSettings
from cbda.settings.encoding import EncodeSettings
from cbda.settings.evaluation import EvaluateSettings
from cbda.settings.generation import DataMakeSettings
from cbda.settings.mistakes import complaint, quote, require_valid
from cbda.settings.model import (
    ModelSettings,
    has_batch_of_one,
    require_sound_model,
    traits_of,
)
from cbda.settings.paths import Expanded, PathSettings
from cbda.settings.prediction import PredictSettings
from cbda.settings.section import Distinct, Items, Name, Radius, Section, Seed, like, one_of
from cbda.settings.tables import AnalyseSettings, PlanSettings, ReportSettings, TabulateSettings
from cbda.settings.training import (
    FinetuneSettings,
    PretrainSettings,
    TrainingSettings,
    require_no_change,
)
from cbda.workflow.people import PEOPLE, oracle_mistakes

ORACLES = ("ground_truth", PEOPLE)
VOID_NAME = "void"  # of tables
TARGET = like(
    f"^({'|'.join(TARGETS)})$", f"a number per class, or one of {', '.join(TARGETS)}", TARGETS
)
# The text of a budget is the name of a folder: 1 must not become 1.0.
Budget = Annotated[
    float, Field(gt=0), pydantic.WrapValidator(lambda value, check: check(value) and value)
]
TargetDistribution = Annotated[
    Annotated[str, TARGET, Tag("<target>")] | Annotated[Items[NonNegativeFloat], Tag("<shares>")],
    pydantic.Discriminator(lambda value: "<target>" if isinstance(value, str) else "<shares>"),
]


def _name_alias(schema: dict[str, Any]) -> None:
    properties = schema["properties"]
    for old, new in ALIASES.items():
        properties[old] = {**properties[new], "deprecated": True}


class CustomMethod(Choice, Views):
    """A method of your own by composition; a part left out is that of ra."""

    model_config = ConfigDict(json_schema_extra=_name_alias)

    score: Annotated[str, Expanded, like(".", "a name, or FILE.py:NAME")] = "ripu"
    """A built-in score, or a function of your own, as my_score.py:my_function or
    entry_point:NAME."""
    unit: Annotated[str, one_of(*UNITS)] = "region"
    """What one query labels."""
    allocation: Annotated[str, one_of(*ALLOCATIONS)] = "per_image"
    """The same number of queries in every image, the best of the whole pool, or of the pool as many
    for every class."""
    balance: Annotated[str, one_of(*BALANCES)] = "none"
    """How the classes acquired so far weigh on the choice."""
    max_weight: PositiveFloat | None = None
    """That of acquire unless given."""
    target_distribution: TargetDistribution | None = None
    """That of acquire unless given."""
    random_fraction: Annotated[
        float,
        Field(ge=0, lt=1, validation_alias=AliasChoices("random_fraction", *ALIASES)),
    ] = 0.0
    """Share of a round's queries that are chosen at random; explore is another name of it."""
    radius: Radius | None = None
    """That of the experiment unless given."""
    shown_as: Annotated[str, like(r"^[^\x00-\x1f]*$", "text on one line")] = ""
    """Name in figures, on the page and in tables of a paper; empty for that of the method."""

    @model_validator(mode="before")
    @classmethod
    def _require_one_name(cls, parts: Any) -> Any:
        for mistake in _refused("", require_one_name, parts if isinstance(parts, Mapping) else ()):
            raise ValueError(mistake)
        return parts

    def resolve(self) -> Method:
        """The method; a score of the user's own that is not where it should be is an error."""
        return compose(self.model_dump(exclude_unset=True, exclude={"shown_as"}))


class ExperimentSettings(Section):
    """What is compared."""

    seeds: Annotated[Distinct[Seed], Field(min_length=1)] = (0, 1, 2)
    """Seeds of the runs; differences between methods are paired by seed."""
    methods: Annotated[Distinct[str], Field(min_length=1)] = (
        *("random", "random_pixel", "ra", "cb", "da", "cbda"),
    )
    """Acquisition methods, built-in ones or those of custom_methods."""
    references: Distinct[Annotated[str, one_of(*REFERENCES)]] = REFERENCES
    """source_only trains on the source alone, full with all labels of the pool, both as long as
    every method."""
    budgets: Annotated[Distinct[Budget], Field(min_length=1)] = (0.002, 0.01, 0.05)
    """What a whole run may acquire, by default fractions of the pool's pixels; rounded up to whole
    queries per image and round, at least one."""
    budget_unit: Annotated[str, one_of(*BUDGET_UNITS)] = "fraction"
    """What budgets count: the fraction of the pool's pixels, queries in every image, or queries in
    all; queries are rounded up to as many in every round."""
    rounds: Annotated[int, Field(ge=1, le=255)] = 3
    """Rounds R; each spends budget / R, but for starting_share."""
    starting_share: Annotated[float, Field(ge=0, lt=1)] = 0.0
    """Share of the budget that the first round spends, on queries at random, as there is no model
    of the target yet; the others share the rest alike. 0 for a first round like any other."""
    evaluated_rounds: Annotated[str, one_of(*ROUNDS)] = "largest_budget"
    """Rounds whose models are evaluated, for learning curves: last, the last of each run, which the
    tables need; or all rounds, of the runs at the largest_budget or of all. An evaluation of V
    images costs about as much as V / (6 batch_size) iterations, which is much less than a round
    unless the validation set is large or the training short."""
    retrain: bool = False
    """Train another model on the last labels of every run, from the pretrained one to the end of
    the schedule in one go, so that order and length of training are those of full."""
    replay: Annotated[str, Expanded] = ""
    """Folder of the results of a finished experiment, whose last labels every run is trained on in
    place of acquiring its own: the same queries under another network or training. Empty for
    none."""
    radius: Radius = 2
    """Radius k in px of a region of (2k+1) x (2k+1) px at the labels' resolution."""
    custom_methods: Mapping[Name, CustomMethod] = {}
    """Methods of your own by name."""
    oracle: Annotated[str, one_of(*ORACLES)] = "ground_truth"
    """Who answers: the pool's labels, or people, for whom a run stops in every round and whose
    answers are in pathvars.answers; these answer one method at one budget with one seed."""


class AcquireSettings(Section):
    """Choice of the queries."""

    max_weight: PositiveFloat = 10.0
    """Cap of the class weights of the balance ratio, before they are scaled to 1."""
    target_distribution: TargetDistribution = ()
    """Class shares that the balance aims at. A number per class, in the order of the classes and of
    any sum; or uniform; or predicted or sqrt_predicted, the shares of the pool's predicted pixels
    or their square roots. Empty is uniform."""


class Config(Section):
    """Configuration of an experiment."""

    pathvars: PathSettings = PathSettings()
    experiment: ExperimentSettings = ExperimentSettings()
    classes: Annotated[Distinct[ClassName], Field(min_length=2, max_length=255)] = (
        *("sky", "building", "pole", "road", "pavement", "tree", "sign", "fence"),
        *("car", "pedestrian", "bicyclist"),
    )
    """Class names in the order of their train ids."""
    datasets: DatasetsSettings = DatasetsSettings()
    data_make: DataMakeSettings = DataMakeSettings()
    data_check: DataCheckSettings = DataCheckSettings()
    data_count: DataCountSettings = DataCountSettings()
    plan: PlanSettings = PlanSettings()
    model: ModelSettings = defaults.MODEL
    encode: EncodeSettings = EncodeSettings()
    training: TrainingSettings = defaults.TRAINING
    pretrain: PretrainSettings = PretrainSettings()
    acquire: AcquireSettings = AcquireSettings()
    finetune: FinetuneSettings = FinetuneSettings()
    evaluate: EvaluateSettings = EvaluateSettings()
    predict: PredictSettings = PredictSettings()
    tabulate: TabulateSettings = TabulateSettings()
    analyse: AnalyseSettings = AnalyseSettings()
    report: ReportSettings = ReportSettings()
    compute: ResumableComputeSettings = ResumableComputeSettings()


def load_config(raw: Mapping[str, Any], environment: Mapping[str, str]) -> Config:
    """The configuration that plain values describe, or a `UserError` of one line of all mistakes.

    A key left out has its default; paths may name variables of the environment.
    """
    config = require_valid(Config, defaults.fill(raw), environment=environment)
    if mistakes := list(_inconsistencies(config)):
        raise complaint(mistakes)
    return config


def resolve_experiment(config: Config) -> dict[str, Method]:
    """The methods that the experiment compares, by name, in the order given."""
    custom = {name: parts.resolve() for name, parts in config.experiment.custom_methods.items()}
    return {name: {**METHODS, **custom}[name] for name in config.experiment.methods}


def final_iteration(config: Config, round_number: int) -> int:
    """Iteration of the whole run at which a round stops training; the last one uses up the rest."""
    if round_number == config.experiment.rounds:
        return config.training.total_iterations
    return config.pretrain.iterations + round_number * config.finetune.iterations_per_round


def _inconsistencies(config: Config) -> Iterator[str]:
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
    yield from _refused("", require_sound_model, config.model)
    yield from _unfit_replay(config)
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
    needed = final_iteration(config, config.experiment.rounds - 1) + 1
    total = config.training.total_iterations
    if total < needed:
        yield (
            f"training.total_iterations: {total} leaves nothing for the last round; allowed:"
            f" {needed} or more (pretrain.iterations + (rounds - 1) * iterations_per_round + 1)"
        )


def _unfit_replay(config: Config) -> Iterator[str]:
    """Results to replay that are not there, or that the replay would overwrite."""
    replay, results = config.experiment.replay, config.pathvars.results
    if replay and not Path(replay).is_dir():
        yield f"experiment.replay: no folder {replay}; give the results of a finished experiment"
    elif replay and Path(replay).resolve() == Path(results).resolve():
        other = "give the replay a pathvars.results of its own"
        yield f"experiment.replay: {replay} is the folder of the results themselves; {other}"


def _refused(place: str, check: Callable[..., Any], *arguments: Any) -> Iterator[str]:
    """The mistake that a check finds, if any."""
    try:
        check(*arguments)
    except UserError as error:
        yield f"{place}{error}"


def _unknown_names(config: Config) -> Iterator[str]:
    methods, tabulate = config.experiment.methods, config.tabulate
    known = (*METHODS, *config.experiment.custom_methods)
    for place, names, allowed, what in (
        ("experiment.methods", methods, known, "a method"),
        ("tabulate.comparators", tabulate.comparators, known, "a method"),
        ("tabulate.baseline", (tabulate.baseline,), methods, "in experiment.methods"),
        ("evaluate.subset", config.evaluate.subset, config.classes, "one of the classes"),
    ):
        if unknown := [name for name in names if name not in allowed]:
            yield f"{place}: {quote(unknown, allowed)} is not {what}; allowed: {', '.join(allowed)}"


def _badly_defined(config: Config) -> Iterator[str]:
    """Methods of the user's own, and shares that are no distribution over the classes."""
    from cbda.selection.balance import target_shares

    def require_sound(name: str, method: CustomMethod) -> None:
        require_new_name(name)
        target_shares(method.resolve().target_distribution or (), len(config.classes))

    for name, method in config.experiment.custom_methods.items():
        yield from _refused(f"experiment.custom_methods.{name}: ", require_sound, name, method)
    shares, place = config.acquire.target_distribution, "acquire.target_distribution: "
    yield from _refused(place, target_shares, shares, len(config.classes))


def _unfit_budgets(experiment: ExperimentSettings) -> Iterator[str]:
    """Budgets that are none in their unit."""
    is_share = experiment.budget_unit == "fraction"
    allowed = "at most 1" if is_share else f"whole numbers of {experiment.budget_unit}"
    for index, budget in enumerate(experiment.budgets):
        if budget > 1 if is_share else budget != int(budget):
            yield f"experiment.budgets.{index}: {budget:g}; allowed: {allowed}"
    if experiment.starting_share and not is_share:
        yield "experiment.starting_share: allowed with experiment.budget_unit: fraction"


def _batches_of_one(config: Config) -> Iterator[str]:
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


def _unfit_sizes(config: Config) -> Iterator[str]:
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


def _unfit_changes(config: Config) -> Iterator[str]:
    """What training would change of images that a frozen encoder has seen already."""
    if config.model.freeze_encoder:
        yield from _refused("", require_no_change, config.training)
