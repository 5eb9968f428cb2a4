"""What is compared and how queries are chosen, as keys of the configuration."""

from collections.abc import Mapping
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

from cbda.acquisition.catalogue import ALIASES, REFERENCES, compose, require_one_name
from cbda.acquisition.choice import Choice, Views
from cbda.acquisition.methods import ALLOCATIONS, BALANCES, BUDGET_UNITS, TARGETS, UNITS, Method
from cbda.errors import UserError
from cbda.results.sheet import ROUNDS
from cbda.settings.paths import Expanded
from cbda.settings.section import Distinct, Items, Name, Radius, Section, Seed, like, one_of
from cbda.workflow.people import PEOPLE

ORACLES = ("ground_truth", PEOPLE)
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
    """The same number of queries in every image, the best of the whole pool, of the pool as many
    for every class, or queries that differ: a core-set, or typical ones."""
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
        try:
            require_one_name(parts if isinstance(parts, Mapping) else ())
        except UserError as error:
            raise ValueError(str(error)) from None
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
